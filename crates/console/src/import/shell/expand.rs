//! Variables, and words with their variables put in.

use super::word::{Part, Word};
use std::collections::BTreeMap;

/// The longest value: a script that doubles a variable again and again must end.
const VALUE_MAX: usize = 4096;

/// Of which look a value tells, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// The HTTP status.
    Status(usize),
    /// The answer's text.
    Body(usize),
    /// The exit code of the program that looked.
    Exit(usize),
}

/// A word with its variables put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    /// The text; what is not known is left out.
    pub(crate) text: String,
    /// Whether all of it is known.
    pub(crate) is_known: bool,
    /// Which look it tells of.
    pub(crate) told: Option<Told>,
    /// How it stood in the script, for people.
    pub(crate) shown: String,
}

impl Value {
    /// A known text.
    pub(crate) fn known(text: impl Into<String>) -> Value {
        let text = text.into();
        Value { shown: text.clone(), text, is_known: true, told: None }
    }

    /// Not known.
    pub(crate) fn unknown(shown: impl Into<String>) -> Value {
        Value { text: String::new(), is_known: false, told: None, shown: shown.into() }
    }

    /// Not known, but it tells of a look.
    pub(crate) fn telling(told: Option<Told>, shown: impl Into<String>) -> Value {
        Value { told, ..Value::unknown(shown) }
    }

    /// Its text, if all of it is known.
    pub(crate) fn whole(&self) -> Option<&str> {
        self.is_known.then_some(self.text.as_str())
    }
}

/// The variables of a script.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables(BTreeMap<String, Value>);

impl Variables {
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

/// Puts values into a word. `command` says what a `$(...)` gives.
pub(crate) fn expand(
    word: &Word,
    variables: &Variables,
    mut command: impl FnMut(&str) -> Value,
) -> Value {
    let mut whole = Value::known("");
    for part in &word.parts {
        let piece = match part {
            Part::Text(text) => Value::known(text.clone()),
            Part::Command(text) => command(text),
            Part::Unread(text) => Value::unknown(text.clone()),
            Part::Variable(name, fallback) => match (variables.get(name), fallback) {
                (Some(value), _) => Value { shown: format!("${name}"), ..value.clone() },
                (None, Some(fallback)) => Value::known(fallback.clone()),
                (None, None) => Value::unknown(format!("${name}")),
            },
        };
        whole.text.push_str(&piece.text);
        whole.shown.push_str(&piece.shown);
        whole.is_known &= piece.is_known;
        whole.told = whole.told.or(piece.told);
    }
    if whole.text.len() > VALUE_MAX || whole.shown.len() > VALUE_MAX {
        return Value::unknown("a text that is too long");
    }
    whole
}

/// One word can be several: an unquoted variable with blanks in it (`OPTS="-s -f"`).
pub(crate) fn split(word: &Word, value: Value) -> Vec<Value> {
    let is_one_variable = !word.quoted && matches!(word.parts.as_slice(), [Part::Variable(..)]);
    match value.whole() {
        Some(text) if is_one_variable => text.split_whitespace().map(Value::known).collect(),
        _ => vec![value],
    }
}
