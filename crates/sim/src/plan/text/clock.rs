//! Times as h:mm:ss.mmm.

/// `never` stands for the end of time.
const NEVER: &str = "never";

/// A time since the world began, for people.
pub fn in_clock(ms: u64) -> String {
    if ms == u64::MAX {
        return NEVER.to_owned();
    }
    let (s, ms) = (ms / 1_000, ms % 1_000);
    format!("{}:{:02}:{:02}.{ms:03}", s / 3_600, s / 60 % 60, s % 60)
}

/// The time that a word means.
pub fn read_clock(word: &str) -> Option<u64> {
    if word == NEVER {
        return Some(u64::MAX);
    }
    let (whole, ms) = word.split_once('.')?;
    let mut parts = whole.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let is_whole = parts.next().is_none() && ms.len() == 3 && minutes < 60 && seconds < 60;
    let whole_s = hours.checked_mul(3_600)?.checked_add(minutes * 60 + seconds)?;
    whole_s.checked_mul(1_000)?.checked_add(ms.parse().ok()?).filter(|_| is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back_as_themselves() {
        for ms in [0, 1, 999, 59_999, 60_000, 3_599_999, 3_600_000, 31_536_000_123, u64::MAX] {
            assert_eq!(read_clock(&in_clock(ms)), Some(ms));
        }
        assert_eq!(in_clock(3_723_004), "1:02:03.004");
        for wrong in ["", "1", "1:2", "0:60:00.000", "0:00:00.1", "0:0:0:0.000"] {
            assert_eq!(read_clock(wrong), None, "{wrong}");
        }
    }
}
