//! The pause before something that could not be done is tried again.

/// The first pause. A process that was just ended gives its place back within milliseconds.
const FIRST_MS: u64 = 100;

/// The longest.
const LONGEST_MS: u64 = 60_000;

/// When it is tried, and how long the pause after that is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pause {
    /// Not before this time.
    pub(crate) until: u64,
    next_ms: u64,
}

impl Pause {
    /// None yet: it is tried at once.
    pub(crate) const fn none(now_ms: u64) -> Pause {
        Pause { until: now_ms, next_ms: FIRST_MS }
    }

    /// None, but it was tried before.
    pub(crate) const fn over(now_ms: u64) -> Pause {
        Pause { until: now_ms, next_ms: 2 * FIRST_MS }
    }

    /// Whether nothing was tried yet.
    pub(crate) const fn is_first(self) -> bool {
        self.next_ms == FIRST_MS
    }

    /// The next one, twice as long as the one before. `None`: there is no time left for it. The last
    /// try is at the very end.
    pub(crate) fn longer(self, now_ms: u64, end_at: u64) -> Option<Pause> {
        (now_ms < end_at).then(|| Pause {
            until: (now_ms + self.next_ms).min(end_at),
            next_ms: (self.next_ms * 2).min(LONGEST_MS),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Pause;

    #[test]
    fn pauses_double_up_to_a_minute_and_the_last_try_is_at_the_end() {
        let (mut pause, mut now_ms, mut waited) = (Pause::none(0), 0, Vec::new());
        while let Some(next) = pause.longer(now_ms, 200_000) {
            waited.push(next.until - now_ms);
            (now_ms, pause) = (next.until, next);
        }
        assert_eq!(waited[..4], [100, 200, 400, 800]);
        assert_eq!(waited.iter().max(), Some(&60_000));
        assert_eq!(now_ms, 200_000);
    }
}
