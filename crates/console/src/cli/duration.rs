//! Durations that a person types on the command line.

use std::time::Duration;

/// `90s`, `10m`, `1h30m`: whole numbers with units; a bare number is refused, because its unit
/// would be a guess.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let mut total_ms: u64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("give a duration, such as 10m".to_owned());
    }
    while !rest.is_empty() {
        let (part_ms, after) = take_part(rest)?;
        total_ms = total_ms.checked_add(part_ms).ok_or("the duration is too long")?;
        rest = after;
    }
    if total_ms == 0 {
        return Err("the duration must be longer than nothing".to_owned());
    }
    Ok(Duration::from_millis(total_ms))
}

fn take_part(text: &str) -> Result<(u64, &str), String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let unit_len = text[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
    let (number, unit) = (&text[..digits], &text[digits..digits + unit_len]);
    let count: u64 =
        number.parse().map_err(|_| format!("'{text}' does not begin with a whole number"))?;
    let unit_ms = match unit {
        "ms" => 1,
        "s" | "sec" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "" => return Err(format!("'{text}' has no unit: did you mean {number}s or {number}m?")),
        other => return Err(format!("'{other}' is not a unit: use ms, s, m, h or d")),
    };
    let part_ms = count.checked_mul(unit_ms).ok_or("the duration is too long")?;
    Ok((part_ms, &text[digits + unit_len..]))
}

#[cfg(test)]
mod tests {
    use super::parse_duration;
    use std::time::Duration;

    #[test]
    fn durations_are_read_with_their_units() {
        assert_eq!(parse_duration("10m"), Ok(Duration::from_mins(10)));
        assert_eq!(parse_duration("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
    }

    #[test]
    fn what_is_not_a_duration_says_what_to_do() {
        assert_eq!(
            parse_duration("10"),
            Err("'10' has no unit: did you mean 10s or 10m?".to_owned())
        );
        assert!(parse_duration("ten").is_err_and(|e| e.contains("whole number")));
        assert!(parse_duration("5x").is_err_and(|e| e.contains("not a unit")));
        assert!(parse_duration("0s").is_err_and(|e| e.contains("longer than nothing")));
        assert!(parse_duration("999999999999999d").is_err_and(|e| e.contains("too long")));
        assert!(parse_duration("10é").is_err());
    }
}
