//! How long a disk is waited for.

use std::time::Duration;

/// A second of waiting, earned back while nothing is waited for: so a turn in which ten lines are to
/// be made durable waits no longer than one with a single line.
///
/// Times are read on any clock that does not run backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    left: Duration,
    /// When `left` was reckoned last.
    at: Duration,
}

impl Patience {
    /// At most this long in a row. A disk that is well syncs in 1 to 100 ms, a worn SD card in up to
    /// some seconds; a guardian that is silent for 5 s is killed, and one that stands still for more
    /// than a second cannot keep the pace of its looks.
    pub const MOST: Duration = Duration::from_secs(1);

    /// What there is at first, for reading what is remembered and for the first sync together: the
    /// executor hears nothing in the meantime, waits 5 s, and a second of that may have gone into
    /// waiting for an earlier guardian's end.
    pub const AT_FIRST: Duration = Duration::from_millis(2500);

    /// With less than this nothing is begun: it would be given up at once.
    const LEAST: Duration = Duration::from_millis(1);

    /// For a process that begins at `now`.
    pub const fn at_first(now: Duration) -> Patience {
        Patience { left: Patience::AT_FIRST, at: now }
    }

    /// How long something may be waited for that begins `now`. `None`: not at all, so it had better
    /// not begin.
    pub fn left(&mut self, now: Duration) -> Option<Duration> {
        let earned = (self.left + now.saturating_sub(self.at)).min(Patience::MOST);
        self.left = self.left.max(earned);
        self.at = self.at.max(now);
        (self.left >= Patience::LEAST).then_some(self.left)
    }

    /// So long was waited, until `now`.
    pub fn waited(&mut self, time: Duration, now: Duration) {
        self.left = self.left.saturating_sub(time);
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn what_was_waited_is_earned_back_up_to_a_second() {
        let mut patience = Patience::at_first(ms(0));
        assert_eq!(patience.left(ms(10)), Some(ms(2500)), "the beginning is not cut down");
        patience.waited(ms(2000), ms(2010));
        assert_eq!(patience.left(ms(2010)), Some(ms(500)));
        patience.waited(ms(500), ms(2510));
        assert_eq!(patience.left(ms(2510)), None, "a second wait of the same turn");
        assert_eq!(patience.left(ms(2910)), Some(ms(400)));
        assert_eq!(patience.left(ms(9910)), Some(ms(1000)));
        assert_eq!(patience.left(ms(5)), Some(ms(1000)), "a clock that stands still");
    }
}
