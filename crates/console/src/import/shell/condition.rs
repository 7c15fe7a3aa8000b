//! What has to be so for a command to be reached.

use super::test::Truth;

/// What has to be so for a command to be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// The look was good, or failed if `failed`.
    Look { look: usize, failed: bool },
    /// Something else.
    Other(String),
}

impl Condition {
    pub(super) fn when(truth: &Truth) -> Option<Condition> {
        match truth {
            Truth::Look(look, good) => Some(Condition::Look { look: *look, failed: !good }),
            Truth::Known(true) => None,
            Truth::Known(false) => Some(never()),
            Truth::Other(what) => Some(Condition::Other(what.clone())),
        }
    }
}

pub(super) fn never() -> Condition {
    Condition::Other("never".to_owned())
}

pub(super) fn when(truth: &Truth, is_success: bool) -> Vec<Condition> {
    let truth = if is_success { truth.clone() } else { truth.clone().not() };
    Condition::when(&truth).into_iter().collect()
}

/// What is so when not all of these are.
pub(super) fn opposite(conditions: &[Condition]) -> Vec<Condition> {
    match conditions {
        [] => Vec::new(),
        [Condition::Look { look, failed }] => {
            vec![Condition::Look { look: *look, failed: !failed }]
        }
        [Condition::Other(what)] => vec![Condition::Other(format!("not: {what}"))],
        _ => vec![Condition::Other("not all that stands before an exit".to_owned())],
    }
}

/// What success of `A && B` or `A || B` means: B's meaning where A says nothing, and A's where both say
/// the same or B only reports.
pub(super) fn joined(first: Truth, second: Truth, after_success: bool) -> Truth {
    match (first, second) {
        (Truth::Known(yes), second) if yes == after_success => second,
        (Truth::Other(a), Truth::Other(b)) => {
            Truth::Other(format!("{a} {} {b}", if after_success { "and" } else { "or" }))
        }
        (first, _) => first,
    }
}
