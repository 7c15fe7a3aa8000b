//! The config is written, then the old lines are commented out: if the first fails, the second is not
//! done, and the site keeps what guarded it.

use super::crontab::Entry;
use super::gather::Crontab;
use super::plan::{Fate, Plan};
use super::retire::{bring_back, comment_out};
use super::write::{create, replace};
use crate::page::put;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What became of the config.
#[derive(Debug, PartialEq, Eq)]
enum Written {
    /// It is there; what guarded nothing before was kept under this name.
    InForce(Option<PathBuf>),
    /// Another config is there: this one stands beside it.
    Beside(PathBuf),
}

/// What was done, for people, and whether all of it was.
pub(crate) fn apply(
    config: &Path,
    text: &str,
    plan: &Plan,
    entries: &[Entry],
    crontabs: &[Crontab],
    date: &str,
) -> (String, bool) {
    let shown = config.display();
    let mut out = String::new();
    match write_config(config, text) {
        Err(error) => {
            put!(out, "{shown} was not written: {error}\nno line was changed\n");
            return (out, false);
        }
        Ok(Written::Beside(beside)) => {
            let beside = beside.display();
            put!(
                out,
                "{shown} is there already and says something else: it was not touched\nthe config is in \
                 {beside}\nmerge: copy its [app.NAME] sections over, then `defib check` and reload defib\n\
                 no line was changed: run this again when they are in {shown}\n"
            );
            return (out, false);
        }
        Ok(Written::InForce(kept)) => {
            put!(out, "{shown} is written\n");
            if let Some(kept) = kept {
                put!(out, "the one before guarded nothing; it is kept as {}\n", kept.display());
            }
        }
    }
    let mut is_all = true;
    for crontab in crontabs {
        let lines = understood(plan, entries, &crontab.name);
        if lines.is_empty() {
            continue;
        }
        let after = comment_out(&crontab.content, &lines, date);
        match replace(&crontab.path, &crontab.content, &after) {
            Ok(()) => put!(out, "{}: commented out: {}\n", crontab.name, numbers(&lines)),
            Err(error) => {
                is_all = false;
                put!(out, "{}: not changed, do it by hand: {error}\n", crontab.name);
            }
        }
    }
    (out, is_all)
}

fn understood(plan: &Plan, entries: &[Entry], file: &str) -> Vec<usize> {
    let lines = entries.iter().zip(&plan.fates);
    lines
        .filter(|(entry, fate)| entry.place.file == file && matches!(fate, Fate::Understood(_)))
        .map(|(entry, _)| entry.place.line)
        .collect()
}

fn numbers(lines: &[usize]) -> String {
    let all: Vec<String> = lines.iter().map(ToString::to_string).collect();
    format!("line {}", all.join(", "))
}

fn write_config(config: &Path, text: &str) -> io::Result<Written> {
    let before = match fs::read(config) {
        Ok(before) => before,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create(config, text.as_bytes())?;
            return Ok(Written::InForce(None));
        }
        Err(error) => return Err(error),
    };
    if before == text.as_bytes() {
        return Ok(Written::InForce(None));
    }
    let kept = with_suffix(config, ".before-import");
    let guards_nothing =
        std::str::from_utf8(&before).is_ok_and(defib_config::guards_nothing) && !kept.exists();
    if !guards_nothing {
        let beside = with_suffix(config, ".imported");
        match fs::read(&beside) {
            Ok(known) => replace(&beside, &known, text.as_bytes())?,
            Err(_) => create(&beside, text.as_bytes())?,
        }
        return Ok(Written::Beside(beside));
    }
    // A second name first: at no moment is there no config.
    fs::hard_link(config, &kept)?;
    replace(config, &before, text.as_bytes())?;
    Ok(Written::InForce(Some(kept)))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Brings all commented lines back; what was done, for people, and whether all of it was.
pub(crate) fn undo(crontabs: &[Crontab], config: &Path) -> (String, bool) {
    let mut out = String::new();
    let mut is_all = true;
    let mut total = 0;
    for crontab in crontabs {
        let (after, count) = bring_back(&crontab.content);
        if count == 0 {
            continue;
        }
        total += count;
        match replace(&crontab.path, &crontab.content, &after) {
            Ok(()) => put!(out, "{}: {count} brought back\n", crontab.name),
            Err(error) => {
                is_all = false;
                put!(out, "{}: not changed: {error}\n", crontab.name);
            }
        }
    }
    if total == 0 {
        out += "no line was commented out by this\n";
    } else if config.exists() {
        put!(out, "{} is still there: stop defib, or both will act\n", config.display());
    }
    (out, is_all)
}
