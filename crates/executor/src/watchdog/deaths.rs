//! Guardians that die one after another: then the fault is ours, and nobody's machine is to pay for it.

/// So many deaths ...
const DEATHS: usize = 3;

/// ... within this time, and only observing is left.
const WITHIN_MS: u64 = 300_000;

/// For so long, or until a person starts the executor again.
const OBSERVE_MS: u64 = 86_400_000;

/// What is remembered of guardians' deaths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deaths {
    /// The last ones.
    at_ms: [Option<u64>; DEATHS],
    observe_until_ms: Option<u64>,
}

impl Deaths {
    /// One died. `true`: from now on nothing is done but observing.
    pub(crate) fn died(&mut self, now_ms: u64) -> bool {
        self.at_ms.rotate_left(1);
        self.at_ms[DEATHS - 1] = Some(now_ms);
        let is_storm = self.at_ms[0].is_some_and(|first_ms| now_ms < first_ms + WITHIN_MS);
        if !is_storm || self.observe_until_ms.is_some() {
            return false;
        }
        self.observe_until_ms = Some(now_ms + OBSERVE_MS);
        true
    }

    /// Whether only observing is left.
    pub(crate) fn is_observing(&self) -> bool {
        self.observe_until_ms.is_some()
    }

    /// When that is over.
    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        self.observe_until_ms
    }

    /// Whether it is over now; true once.
    pub(crate) fn is_served(&mut self, now_ms: u64) -> bool {
        let is_served = self.observe_until_ms.is_some_and(|until_ms| until_ms <= now_ms);
        if is_served {
            *self = Deaths::default();
        }
        is_served
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_deaths_within_five_minutes_are_too_many_and_others_are_not() {
        let mut deaths = Deaths::default();
        // One every 150 s: the third comes exactly 300 s after the first.
        for at_ms in (0..20).map(|n| n * 150_000) {
            assert!(!deaths.died(at_ms) && !deaths.is_observing());
        }
        assert!(deaths.died(2_870_000));
        assert!(!deaths.died(2_871_000), "said once");
        assert!(!deaths.is_served(2_870_000 + OBSERVE_MS - 1));
        assert!(deaths.is_served(2_870_000 + OBSERVE_MS) && !deaths.is_observing());
        assert!(!deaths.died(2_870_000 + OBSERVE_MS), "it begins anew");
    }
}
