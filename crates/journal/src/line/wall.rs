//! The wall clock as people write it: RFC 3339 in UTC, and the day that names a file.

/// 9999-12-31T23:59:59.999Z: the last instant that four digits of a year can name.
const LAST_MS: u64 = 253_402_300_799_999;
const DAY_MS: u64 = 86_400_000;

/// A UTC day as the number YYYYMMDD.
pub type DayNumber = u32;

/// The day of this wall time.
pub fn day_of(wall_ms: u64) -> DayNumber {
    let (year, month, day) = civil(wall_ms.min(LAST_MS) / DAY_MS);
    (year * 10_000 + month * 100 + day) as u32
}

/// `2026-11-22T03:12:07.123Z`, always 24 bytes; times past the year 9999 are written as its end.
pub fn format_wall(wall_ms: u64) -> [u8; 24] {
    let wall_ms = wall_ms.min(LAST_MS);
    let (year, month, day) = civil(wall_ms / DAY_MS);
    let of_day = wall_ms % DAY_MS;
    let mut text = *b"0000-00-00T00:00:00.000Z";
    digits(&mut text[0..4], year);
    digits(&mut text[5..7], month);
    digits(&mut text[8..10], day);
    digits(&mut text[11..13], of_day / 3_600_000);
    digits(&mut text[14..16], of_day / 60_000 % 60);
    digits(&mut text[17..19], of_day / 1000 % 60);
    digits(&mut text[20..23], of_day % 1000);
    text
}

/// The wall time that [`format_wall`] wrote; `None` for any other text.
pub fn parse_wall(text: &str) -> Option<u64> {
    let bytes: &[u8; 24] = text.as_bytes().try_into().ok()?;
    let year = number(&bytes[0..4])?;
    let month = number(&bytes[5..7])?;
    let day = number(&bytes[8..10])?;
    let of_day = number(&bytes[11..13])? * 3_600_000
        + number(&bytes[14..16])? * 60_000
        + number(&bytes[17..19])? * 1000
        + number(&bytes[20..23])?;
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let wall_ms = days_since_epoch(year, month, day) * DAY_MS + of_day;
    // Writing it again refuses the 31st of June, hour 24 and wrong punctuation at once.
    (format_wall(wall_ms) == *bytes).then_some(wall_ms)
}

fn digits(place: &mut [u8], mut value: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| {
        digit.is_ascii_digit().then(|| value * 10 + u64::from(digit - b'0'))
    })
}

/// Year, month and day of a day since 1970. The year begins in March here, so that the leap day is
/// its last day and months have a linear pattern (Hinnant, "chrono-compatible low-level date
/// algorithms").
const fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + (month <= 2) as u64, month, day)
}

/// The inverse of [`civil`].
const fn days_since_epoch(year: u64, month: u64, day: u64) -> u64 {
    let shifted_year = year - (month <= 2) as u64;
    let era = shifted_year / 400;
    let year_of_era = shifted_year % 400;
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}
