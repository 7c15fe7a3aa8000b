//! One table of the text, read key by key: what was never asked for is unknown, and an error.

use crate::diagnostic::Problems;
use std::cell::RefCell;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and its place.
pub(crate) type Value<'t> = Spanned<DeValue<'t>>;

/// Why a value cannot be taken.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// The part of the value that is wrong; `None` is all of it.
    pub(crate) span: Option<Range<usize>>,
}

impl Wrong {
    pub(crate) fn new(message: impl Into<String>) -> Wrong {
        Wrong { message: message.into(), hint: None, span: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Wrong {
        Wrong { hint: Some(hint.into()), ..self }
    }

    /// The same, at a part of the value; an inner part that is already named stays.
    pub(crate) fn at(self, span: Range<usize>) -> Wrong {
        Wrong { span: self.span.or(Some(span)), ..self }
    }

    /// The same, with words before its message.
    pub(crate) fn within(self, before: &str) -> Wrong {
        Wrong { message: format!("{before} {}", self.message), ..self }
    }
}

/// A table, its name, and what has been asked of it.
pub(crate) struct Section<'t> {
    pub(crate) name: String,
    pub(crate) span: Range<usize>,
    pub(crate) problems: &'t Problems,
    table: &'t DeTable<'t>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'t> Section<'t> {
    pub(crate) fn new(
        name: String,
        span: Range<usize>,
        table: &'t DeTable<'t>,
        problems: &'t Problems,
    ) -> Section<'t> {
        Section { name, span, problems, table, asked: RefCell::default() }
    }

    /// The raw value of `key`, which is known from now on.
    pub(crate) fn raw(&self, key: &'static str) -> Option<&'t Value<'t>> {
        self.asked.borrow_mut().push(key);
        self.table.get(key)
    }

    /// Whether the text has `key`.
    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.raw(key).is_some()
    }

    /// Where the value of `key` stands; the section's head if it is not there.
    pub(crate) fn span_of(&self, key: &'static str) -> Range<usize> {
        self.raw(key).map_or(self.span.clone(), Spanned::span)
    }

    /// The value of `key` as `read` understands it; a value that it refuses is reported.
    pub(crate) fn get<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&'t Value<'t>) -> Result<T, Wrong>,
    ) -> Option<T> {
        let value = self.raw(key)?;
        match read(value) {
            Ok(value) => Some(value),
            Err(wrong) => {
                let span = wrong.span.unwrap_or_else(|| value.span());
                self.refuse(span, &format!("`{key}` {}", wrong.message), wrong.hint);
                None
            }
        }
    }

    /// Reports an error at a place.
    pub(crate) fn refuse(&self, span: Range<usize>, message: &str, hint: Option<String>) {
        let error = self.problems.error(span, message);
        if let Some(hint) = hint {
            error.hint(hint);
        }
    }

    /// The entry of `key`, with the place of the key itself.
    pub(crate) fn entry(&self, key: &'static str) -> Option<Entry<'t>> {
        self.asked.borrow_mut().push(key);
        entries(self.table).into_iter().find(|entry| entry.name == key)
    }

    /// The entries of the table at `key`, in the order of the text.
    pub(crate) fn entries(&self, key: &'static str) -> Vec<Entry<'t>> {
        let Some(value) = self.raw(key) else {
            return Vec::new();
        };
        let Some(table) = value.as_ref().as_table() else {
            let kind = value.as_ref().type_str();
            let hint = Some(format!("write [{}.NAME]", self.path(key)));
            self.refuse(value.span(), &format!("`{key}` must be a table, not {kind}"), hint);
            return Vec::new();
        };
        entries(table)
    }

    /// The tables inside the table at `key`, as sections, with their names.
    pub(crate) fn sections(&self, key: &'static str) -> Vec<(Entry<'t>, Section<'t>)> {
        let mut found = Vec::new();
        for entry in self.entries(key) {
            let name = format!("{}.{}", self.path(key), entry.name);
            if let Some(table) = entry.value.as_ref().as_table() {
                let inner = Section::new(name, entry.span.clone(), table, self.problems);
                found.push((entry, inner));
            } else {
                let kind = entry.value.as_ref().type_str();
                let message = format!("`{name}` must be a table, not {kind}");
                self.refuse(entry.value.span(), &message, Some(format!("write [{name}]")));
            }
        }
        found
    }

    fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// Reports every key that nothing has asked for.
    pub(crate) fn finish(&self) {
        for entry in entries(self.table) {
            if !self.asked.borrow().contains(&entry.name) {
                self.refuse_unknown(&entry);
            }
        }
    }

    fn refuse_unknown(&self, entry: &Entry<'_>) {
        let place = if self.name.is_empty() {
            "at the top of the file".to_owned()
        } else {
            format!("in [{}]", self.name)
        };
        let message = format!("unknown key `{}` {place}", entry.name);
        let hint = elsewhere(entry.name, &self.name).or_else(|| {
            near(entry.name, &self.asked.borrow()).map(|name| format!("did you mean `{name}`?"))
        });
        self.refuse(entry.span.clone(), &message, hint);
    }
}

/// One entry of a table.
#[derive(Clone)]
pub(crate) struct Entry<'t> {
    pub(crate) name: &'t str,
    pub(crate) span: Range<usize>,
    pub(crate) value: &'t Value<'t>,
}

/// The entries of a table in the order of the text.
pub(crate) fn entries<'t>(table: &'t DeTable<'t>) -> Vec<Entry<'t>> {
    let mut found: Vec<Entry<'t>> = table
        .iter()
        .map(|(key, value)| Entry { name: key.as_ref(), span: key.span(), value })
        .collect();
    found.sort_by_key(|entry| entry.span.start);
    found
}

/// The known name that `name` was probably meant to be: alike from the beginning on (0.8 forgives
/// one letter in five), or one slip away.
pub(crate) fn near<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    let name = name.to_lowercase();
    known
        .iter()
        .map(|&other| (strsim::jaro_winkler(&name, other), other))
        .filter(|&(likeness, other)| {
            likeness >= 0.8 || (name.len() > 2 && strsim::osa_distance(&name, other) == 1)
        })
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, other)| other)
}

/// The keys of [machine] and, as a hint for those who look there, the most used ones of an app.
const MACHINE_KEYS: [&str; 7] =
    ["clean", "mode", "reboot", "min_uptime", "reboot_timeout", "journal_days", "journal_bytes"];
const APP_KEYS: [&str; 9] =
    ["url", "unit", "start", "recover", "interval", "timeout", "window", "user", "expect"];

fn elsewhere(name: &str, section: &str) -> Option<String> {
    if section != "machine" && MACHINE_KEYS.contains(&name) {
        return Some(format!("`{name}` belongs in [machine]"));
    }
    if !section.starts_with("app.") && APP_KEYS.contains(&name) {
        return Some(format!("`{name}` belongs in [app.NAME]"));
    }
    if section.is_empty() && name == "apps" {
        return Some("write each app as [app.NAME]".to_owned());
    }
    None
}
