//! Lengths of time.

/// A length of time with the two units that matter: `0.4 s`, `17.2 s`, `4 min 3 s`, `2 h 5 min`.
pub fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        // Below a tenth of a second the promise is about milliseconds.
        0 if ms < 100 => format!("{ms} ms"),
        0..60 => tenths(ms),
        60..3_600 => two(seconds, 60, "min", 1, "s"),
        3_600..86_400 => two(seconds, 3_600, "h", 60, "min"),
        _ => two(seconds, 86_400, "d", 3_600, "h"),
    }
}

fn tenths(ms: u64) -> String {
    match (ms / 1000, ms % 1000 / 100) {
        (whole, 0) => format!("{whole} s"),
        (whole, tenth) => format!("{whole}.{tenth} s"),
    }
}

fn two(seconds: u64, big_s: u64, big: &str, small_s: u64, small: &str) -> String {
    match (seconds / big_s, seconds % big_s / small_s) {
        (count, 0) => format!("{count} {big}"),
        (count, rest) => format!("{count} {big} {rest} {small}"),
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans_keep_two_units() {
        let cases = [
            (0, "0 ms"),
            (99, "99 ms"),
            (450, "0.4 s"),
            (3_000, "3 s"),
            (17_250, "17.2 s"),
            (243_000, "4 min 3 s"),
            (3_600_000, "1 h"),
            (7_500_000, "2 h 5 min"),
            (190_000_000, "2 d 4 h"),
        ];
        for (ms, text) in cases {
            assert_eq!(span(ms), text);
        }
    }
}
