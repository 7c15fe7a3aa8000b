//! Single values: words, numbers, commands, paths.

use crate::section::{Value, Wrong};
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use toml::de::DeValue;

/// A text.
pub(crate) fn text<'t>(value: &'t Value<'t>) -> Result<&'t str, Wrong> {
    value.as_ref().as_str().ok_or_else(|| {
        let kind = value.as_ref().type_str();
        let wrong = Wrong::new(format!("must be a string, not {kind}"));
        match scalar(value) {
            Some(shown) => wrong.hint(format!("put it in quotes: \"{shown}\"")),
            None => wrong,
        }
    })
}

fn scalar(value: &Value<'_>) -> Option<String> {
    match value.as_ref() {
        DeValue::Integer(number) => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(yes) => Some(yes.to_string()),
        _ => None,
    }
}

/// A text that can be an argument or a value of the environment: not empty, no NUL, no line break.
pub(crate) fn word(value: &Value<'_>) -> Result<String, Wrong> {
    let text = text(value)?;
    if text.is_empty() {
        return Err(Wrong::new("must not be empty"));
    }
    if text.len() > 4096 {
        return Err(Wrong::new(format!("is {} bytes long; at most 4096 are taken", text.len())));
    }
    if text.chars().any(char::is_control) {
        return Err(Wrong::new("must not contain control characters"));
    }
    Ok(text.to_owned())
}

/// Yes or no.
pub(crate) fn boolean(value: &Value<'_>) -> Result<bool, Wrong> {
    value.as_ref().as_bool().ok_or_else(|| {
        let kind = value.as_ref().type_str();
        Wrong::new(format!("must be true or false, not {kind}"))
    })
}

/// A whole number in a range.
pub(crate) fn number(range: RangeInclusive<u64>) -> impl Fn(&Value<'_>) -> Result<u64, Wrong> {
    move |value| {
        let Some(integer) = value.as_ref().as_integer() else {
            let kind = value.as_ref().type_str();
            return Err(Wrong::new(format!("must be a whole number, not {kind}")));
        };
        let digits = integer.as_str();
        match u64::from_str_radix(digits, integer.radix()) {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(Wrong::new(format!(
                "is {digits}; it must be from {} to {}",
                range.start(),
                range.end()
            ))),
        }
    }
}

/// A program and its arguments.
pub(crate) fn argv(value: &Value<'_>) -> Result<Vec<String>, Wrong> {
    if let Some(line) = value.as_ref().as_str() {
        return Err(argv_from_line(line));
    }
    let Some(items) = value.as_ref().as_array() else {
        let kind = value.as_ref().type_str();
        return Err(Wrong::new(format!("must be a list of strings, not {kind}"))
            .hint("write the program and each argument: [\"program\", \"argument\"]"));
    };
    if items.len() > 256 {
        return Err(Wrong::new(format!("has {} items; at most 256 are taken", items.len())));
    }
    let mut argv = Vec::new();
    for item in items {
        let text = text(item).map_err(|wrong| {
            wrong
                .within(&format!("must be a list of strings: item {}", argv.len() + 1))
                .at(item.span())
        })?;
        if text.contains('\0') || text.len() > 4096 {
            return Err(Wrong::new(format!(
                "has an item that no program can be given: item {} (a NUL, or over 4096 bytes)",
                argv.len() + 1
            )));
        }
        argv.push(text.to_owned());
    }
    match argv.first() {
        Some(program) if !program.is_empty() => Ok(argv),
        _ => Err(Wrong::new("names no program").hint("write [\"program\", \"argument\"]")),
    }
}

fn argv_from_line(line: &str) -> Wrong {
    let wrong = Wrong::new("is one string; no shell is run, so it must be a list");
    match shlex::split(line) {
        Some(words) if !words.is_empty() => wrong.hint(format!("write {}", toml_list(&words))),
        _ => wrong.hint("a quote is not closed; write [\"program\", \"argument\"]"),
    }
}

/// An absolute path: defib is started from anywhere, so a relative one would mean nothing.
pub(crate) fn absolute_path(value: &Value<'_>) -> Result<PathBuf, Wrong> {
    let text = word(value)?;
    if text.starts_with('/') {
        return Ok(PathBuf::from(text));
    }
    Err(Wrong::new(format!("is a relative path: \"{text}\""))
        .hint("write it from the root on, beginning with `/`"))
}

/// One word of a closed set.
pub(crate) fn choice<'c, T: Copy>(
    choices: &'c [(&'static str, T)],
) -> impl Fn(&Value<'_>) -> Result<T, Wrong> + use<'c, T> {
    move |value| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let listed = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let text = text(value)
            .map_err(|wrong| Wrong::new(wrong.message).hint(format!("one of {listed}")))?;
        if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == text) {
            return Ok(*choice);
        }
        let wrong = Wrong::new(format!("cannot be \"{text}\""));
        Err(match crate::section::near(text, &names) {
            Some(name) => wrong.hint(format!("did you mean \"{name}\"? It is one of {listed}")),
            None => wrong.hint(format!("one of {listed}")),
        })
    }
}

/// Several words of a closed set.
pub(crate) fn choices<'c, T: Copy>(
    choices: &'c [(&'static str, T)],
) -> impl Fn(&Value<'_>) -> Result<Vec<T>, Wrong> + use<'c, T> {
    move |value| {
        let Some(items) = value.as_ref().as_array() else {
            let kind = value.as_ref().type_str();
            return Err(Wrong::new(format!("must be a list of strings, not {kind}")));
        };
        let choice = choice(choices);
        items.iter().map(|item| choice(item).map_err(|wrong| wrong.at(item.span()))).collect()
    }
}

/// A text as TOML's basic string.
pub fn toml_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// Texts as a TOML list.
pub fn toml_list(texts: &[String]) -> String {
    let items: Vec<String> = texts.iter().map(|text| toml_string(text)).collect();
    format!("[{}]", items.join(", "))
}
