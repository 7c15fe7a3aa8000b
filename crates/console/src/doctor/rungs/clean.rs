//! The clean-ups that the config names: whether their folders are where it says.

use super::{Case, OBSERVES, Rung, State};
use defib_config::duration_in_words;

/// Who these rungs are about.
pub(crate) const ABOUT: &str = "full disk";

pub(super) fn rungs(case: Case<'_>) -> Vec<Rung> {
    let Some(config) = case.config else { return Vec::new() };
    let judged = config.clean.iter().zip(&case.facts.no_clean);
    let rung = |state| Rung { about: ABOUT.to_owned(), name: "clean", state, is_promised: true };
    judged
        .map(|(rule, why_not)| {
            let folder = rule.folder.display();
            rung(match why_not {
                Some(why) => State::Cannot(format!("{folder}: {why}")),
                None if case.is_observing() => State::NotAllowed(OBSERVES.to_owned()),
                None => State::Can(format!(
                    "{} in {folder} older than {}, when its disk is full",
                    rule.pattern,
                    duration_in_words(rule.older_ms)
                )),
            })
        })
        .collect()
}
