//! The sign of life that the executor waits for.

/// The executor kills a guardian that is silent for 5 s.
const BEAT_MS: u64 = 2000;

/// A beat waits for a wake-up that comes anyway if that is at most this much later: at the default
/// interval of 5 s this saves every second wake-up of an idle guardian, and 2 s are left to the kill.
const BEAT_SLACK_MS: u64 = 1000;

/// Before a wait for the disk one is sent unless the last is younger than this: a sync of 4 s, which a
/// worn SD card is good for, must not look like a guardian that is stuck.
const BEAT_BEFORE_WAIT_MS: u64 = 500;

/// When the last one was sent.
#[derive(Debug, Default)]
pub(super) struct Beat {
    last_ms: u64,
}

impl Beat {
    pub(super) fn is_due(&self, now_ms: u64) -> bool {
        now_ms >= self.last_ms + BEAT_MS
    }

    pub(super) fn is_due_before_a_wait(&self, now_ms: u64) -> bool {
        now_ms >= self.last_ms + BEAT_BEFORE_WAIT_MS
    }

    pub(super) fn sent(&mut self, now_ms: u64) {
        self.last_ms = now_ms;
    }

    /// When to wake for it, given when we are going to wake for something else.
    pub(super) fn deadline_ms(&self, other_ms: Option<u64>) -> u64 {
        let due = self.last_ms + BEAT_MS;
        match other_ms {
            Some(other) if other >= due && other <= due + BEAT_SLACK_MS => other,
            _ => due,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beats_ride_on_other_wake_ups() {
        let mut beat = Beat::default();
        assert!(beat.is_due(10_000));
        beat.sent(10_000);
        assert!(!beat.is_due(11_999));
        assert!(beat.is_due(12_000));
        assert!(!beat.is_due_before_a_wait(10_499));
        assert!(beat.is_due_before_a_wait(10_500));
        assert_eq!(beat.deadline_ms(None), 12_000);
        assert_eq!(beat.deadline_ms(Some(11_000)), 12_000, "then there is one at 12 s");
        assert_eq!(beat.deadline_ms(Some(13_000)), 13_000);
        assert_eq!(beat.deadline_ms(Some(13_001)), 12_000);
    }
}
