//! A disk that answers late, as people are told of it: once when it begins, once when it is over.

/// A sync in time ends nothing yet: on a slow disk every second one has nothing to write.
const OVER_MS: u64 = 60_000;

/// One spell of lateness, if there is one.
#[derive(Debug, Default)]
pub(super) struct Late {
    spell: Option<Spell>,
    /// The present one was told of.
    is_told: bool,
}

#[derive(Debug)]
struct Spell {
    began_ms: u64,
    last_ms: u64,
}

impl Late {
    /// The disk did not answer in time.
    pub(super) fn was_late(&mut self, now_ms: u64) {
        let spell = self.spell.get_or_insert(Spell { began_ms: now_ms, last_ms: now_ms });
        spell.last_ms = now_ms;
    }

    /// Once in each spell.
    pub(super) fn is_to_be_told(&mut self) -> bool {
        self.spell.is_some() && !std::mem::replace(&mut self.is_told, true)
    }

    /// What to say if it is over.
    pub(super) fn is_over(&mut self, now_ms: u64) -> Option<String> {
        let spell = self.spell.take_if(|spell| now_ms >= spell.last_ms + OVER_MS)?;
        self.is_told = false;
        let seconds = (spell.last_ms - spell.began_ms) / 1000 + 1;
        Some(format!("the journal's disk answers in time again: for {seconds} s it did not"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spell_is_told_once_and_ends_once() {
        let mut late = Late::default();
        assert!(!late.is_to_be_told());
        for now_ms in [5_000, 6_000, 32_500] {
            late.was_late(now_ms);
            assert_eq!(late.is_to_be_told(), now_ms == 5_000);
        }
        assert_eq!(late.is_over(92_499), None);
        assert!(late.is_over(92_500).unwrap().ends_with("for 28 s it did not"));
        assert_eq!(late.is_over(99_999), None);
        late.was_late(100_000);
        assert!(late.is_to_be_told());
    }
}
