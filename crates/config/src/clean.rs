//! `[machine] clean`: what may be deleted when a disk is full. A closed set: files by name and age, in a folder
//! that is named. Nothing that a machine or defib needs can be named.

use crate::section::{Section, Value, Wrong};
use crate::spec::CleanRule;
use crate::units::duration;
use crate::value::{absolute_path, word};
use std::path::{Component, Path, PathBuf};

/// The most clean-ups of one config.
const RULES_MAX: usize = 16;

/// In none of these, and nowhere below them, is anything deleted: the system itself, what only looks like
/// files, and our own state.
const TREES: [&str; 18] = [
    "/bin",
    "/boot",
    "/dev",
    "/efi",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var/lib/apt",
    "/var/lib/defib",
    "/var/lib/dpkg",
    "/var/lib/systemd",
];

/// Nothing is deleted in these themselves; a folder below them may be named.
const FOLDERS: [&str; 12] = [
    "/",
    "/home",
    "/media",
    "/mnt",
    "/opt",
    "/root",
    "/srv",
    "/var",
    "/var/cache",
    "/var/lib",
    "/var/mail",
    "/var/spool",
];

/// Reads the key. A rule with a mistake is reported, and the whole text is then not used.
pub(crate) fn read(section: &Section<'_>) -> Vec<CleanRule> {
    let Some(value) = section.raw("clean") else { return Vec::new() };
    let example =
        "write clean = [{ folder = \"/var/log/shop\", match = \"*.log.*\", older = \"7d\" }]";
    let Some(items) = value.as_ref().as_array() else {
        let kind = value.as_ref().type_str();
        let message = format!("`clean` must be a list of tables, not {kind}");
        section.refuse(value.span(), &message, Some(example.to_owned()));
        return Vec::new();
    };
    if items.len() > RULES_MAX {
        let message = format!("`clean` has {} items; at most {RULES_MAX} are taken", items.len());
        section.refuse(value.span(), &message, None);
    }
    items.iter().filter_map(|item| read_rule(section, item, example)).collect()
}

fn read_rule(section: &Section<'_>, item: &Value<'_>, example: &str) -> Option<CleanRule> {
    let Some(table) = item.as_ref().as_table() else {
        let kind = item.as_ref().type_str();
        let message = format!("`clean` must be a list of tables: an item is {kind}");
        section.refuse(item.span(), &message, Some(example.to_owned()));
        return None;
    };
    let name = format!("{}.clean", section.name);
    let rule = Section::new(name, item.span(), table, section.problems);
    for key in ["folder", "match"] {
        if !rule.has(key) {
            rule.refuse(
                item.span(),
                &format!("a clean-up needs a `{key}`"),
                Some(example.to_owned()),
            );
        }
    }
    let folder = rule.get("folder", folder);
    let pattern = rule.get("match", pattern);
    let older_ms = if rule.has("older") {
        rule.get("older", duration(3_600_000..=31_536_000_000))
    } else {
        Some(86_400_000)
    };
    rule.finish();
    Some(CleanRule { folder: folder?, pattern: pattern?, older_ms: older_ms? })
}

/// An absolute path without detours, which nothing needs.
fn folder(value: &Value<'_>) -> Result<PathBuf, Wrong> {
    let path = absolute_path(value)?;
    let shown = path.display();
    let is_straight = path.components().all(|part| !matches!(part, Component::ParentDir));
    let clean: PathBuf = path.components().collect();
    if !is_straight || clean.as_os_str() != path.as_os_str() {
        return Err(Wrong::new(format!("is not a plain path: \"{shown}\""))
            .hint("write it without `.`, `..`, a double `/` and a `/` at its end"));
    }
    let tree = TREES.iter().find(|tree| path.starts_with(tree));
    if let Some(tree) = tree {
        return Err(Wrong::new(format!("is never cleaned: it lies in {tree}")));
    }
    if FOLDERS.iter().any(|folder| path == Path::new(folder)) {
        return Err(Wrong::new(format!("is never cleaned: \"{shown}\""))
            .hint("name the folder below it that holds the files"));
    }
    Ok(path)
}

/// A file's name with `*` and `?`, which says at least something of it.
fn pattern(value: &Value<'_>) -> Result<String, Wrong> {
    let text = word(value)?;
    if text.contains('/') || text == "." || text == ".." {
        return Err(Wrong::new(format!("is no name of a file: \"{text}\""))
            .hint("folders below the named one are never entered"));
    }
    if text.chars().all(|letter| matches!(letter, '*' | '?' | '.')) {
        return Err(Wrong::new(format!("would take every file: \"{text}\""))
            .hint("say what their names have in common: \"*.log.*\""));
    }
    Ok(text)
}

impl CleanRule {
    /// Whether a file of this name is meant. `*` stands for any bytes, `?` for one; neither stands for a dot
    /// at the beginning.
    pub fn matches(&self, name: &[u8]) -> bool {
        let pattern = self.pattern.as_bytes();
        let is_hidden = name.first() == Some(&b'.') && pattern.first() != Some(&b'.');
        !is_hidden && glob(pattern, name)
    }
}

/// In time that grows with the product of the lengths at worst: it only goes back to the last `*`.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while seen < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(&letter) if letter == b'?' || letter == name[seen] => {
                (at, seen) = (at + 1, seen + 1);
            }
            _ => {
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                (at, seen) = (star_at + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_whole_and_hidden_ones_only_by_name() {
        let matches = |pattern: &str, name: &str| {
            let rule = CleanRule { folder: "/x".into(), pattern: pattern.into(), older_ms: 0 };
            rule.matches(name.as_bytes())
        };
        for (pattern, name) in [
            ("*.log.*", "shop.log.1"),
            ("*.log.*", "a.log.b.log.2.gz"),
            ("core.?", "core.7"),
            (".*.tmp", ".a.tmp"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("*.log.*", "shop.log"),
            ("*.gz", "a.gz.part"),
            ("core.?", "core.17"),
            ("*.tmp", ".a.tmp"),
            ("a", ""),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
