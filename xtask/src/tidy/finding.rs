//! What a rule reports.

use std::fmt;

/// Whether a finding fails the run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Weight {
    Warns,
    Fails,
}

/// One place where a rule is broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Finding {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) rule: &'static str,
    pub(crate) weight: Weight,
    /// What was found, so that an allowance can name it: a function, a crate, a word.
    pub(crate) item: String,
    /// How large it is, for the rules that measure.
    pub(crate) size: usize,
    pub(crate) reason: String,
    pub(crate) remedy: String,
}

impl Finding {
    /// A finding that fails the run.
    pub(crate) fn new(
        rule: &'static str,
        file: &str,
        line: usize,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Finding {
        Finding {
            file: file.to_owned(),
            line,
            rule,
            weight: Weight::Fails,
            item: String::new(),
            size: 0,
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }

    /// The same, about a named thing of this size.
    pub(crate) fn about(mut self, item: &str, size: usize) -> Finding {
        item.clone_into(&mut self.item);
        self.size = size;
        self
    }

    /// The same, as a warning.
    pub(crate) fn warning(mut self) -> Finding {
        self.weight = Weight::Warns;
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = match self.weight {
            Weight::Warns => "warning",
            Weight::Fails => "error",
        };
        write!(
            out,
            "{}:{}: {weight}[{}]: {}\n    do: {}",
            self.file, self.line, self.rule, self.reason, self.remedy
        )
    }
}
