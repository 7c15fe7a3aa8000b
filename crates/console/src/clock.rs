//! Wall time for people. Nothing is decided by it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A wall clock's face: the zone in which times are shown.
#[derive(Debug, Clone)]
pub struct Clock {
    zone: TimeZone,
}

impl Clock {
    /// This machine's zone.
    pub fn local() -> Clock {
        Clock { zone: TimeZone::system() }
    }

    /// UTC, for machines and tests.
    pub fn utc() -> Clock {
        Clock { zone: TimeZone::UTC }
    }

    /// `12:03:07`
    pub fn time(&self, wall_ms: i64) -> String {
        self.show(wall_ms, "%H:%M:%S")
    }

    /// `12:03:07.123`
    pub fn exact_time(&self, wall_ms: i64) -> String {
        self.show(wall_ms, "%H:%M:%S.%3f")
    }

    /// `2026-11-22 12:03:07`
    pub fn date_time(&self, wall_ms: i64) -> String {
        self.show(wall_ms, "%Y-%m-%d %H:%M:%S")
    }

    /// `2026-11-22 12:03:07 +01:00`: what can be compared with a log of another machine.
    pub fn full(&self, wall_ms: i64) -> String {
        self.show(wall_ms, "%Y-%m-%d %H:%M:%S %:z")
    }

    fn show(&self, wall_ms: i64, format: &str) -> String {
        match Timestamp::from_millisecond(wall_ms) {
            Ok(at) => at.to_zoned(self.zone.clone()).strftime(format).to_string(),
            Err(_) => "(no time)".to_owned(),
        }
    }
}

/// RFC 3339 in UTC with milliseconds, for JSON.
pub fn rfc3339(wall_ms: i64) -> String {
    Clock::utc().show(wall_ms, "%Y-%m-%dT%H:%M:%S.%3fZ")
}

/// Milliseconds since the epoch of an RFC 3339 text.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// `+9.012 s`, `-0.100 s`: to the millisecond, because promises are about tenths of a second.
pub(crate) fn offset(ms: i64) -> String {
    let sign = if ms < 0 { '-' } else { '+' };
    let ms = ms.unsigned_abs();
    format!("{sign}{}.{:03} s", ms / 1000, ms % 1000)
}

/// Now, in milliseconds since the epoch.
pub fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_there_and_back() {
        let text = "2026-11-22T03:12:07.123Z";
        let wall_ms = parse_rfc3339(text).expect("a time");
        assert_eq!(rfc3339(wall_ms), text);
        assert_eq!(Clock::utc().time(wall_ms), "03:12:07");
        assert_eq!(Clock::utc().full(wall_ms), "2026-11-22 03:12:07 +00:00");
        assert_eq!(parse_rfc3339("yesterday"), None);
        assert_eq!(rfc3339(i64::MAX), "(no time)");
    }
}
