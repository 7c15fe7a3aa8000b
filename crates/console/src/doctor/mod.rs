//! `doctor`: what this machine can do, rung by rung, and what would make recovery surer. It reads files,
//! asks running agents, and changes nothing: no device is opened, no process started, no file written.

mod advice;
mod draw;
mod facts;
mod json;
mod report;
mod rungs;
mod summary;
#[cfg(test)]
mod tests;
mod word;

use crate::agents::Asked;
use crate::answer::Answer;
use crate::check::DEFAULT_CONFIG;
use crate::cli::args::Global;
use crate::style::Style;
use defib_config::{Host, load};
use facts::Facts;
use facts::root::Root;
use report::{Read, Report};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// `doctor`
pub fn doctor(global: &Global, style: Style) -> Answer {
    let read = read_config(global.config.as_deref());
    let words = word::ask_all(&Asked::of(global, None));
    let guardians: Vec<u64> =
        words.iter().filter_map(|word| word.status.as_ref().ok()?.pid).collect();
    let facts = Facts::read(&Root::at(Path::new("/")), read.config.as_ref(), &guardians);
    let as_root = is_for_root(&facts, global.config.as_deref());
    let report = Report::of(facts, read, words, as_root);
    let out = match (global.json, global.plain) {
        (true, _) => format!("{}\n", json::draw(&report)),
        (false, true) => draw::plain(&report),
        (false, false) => draw::text(&report, global.quiet, style),
    };
    Answer::done(out).with_code(report.code())
}

/// Whose defib is judged: the one that runs; else the service, which is root's, unless a user has named
/// a config of its own.
fn is_for_root(facts: &Facts, named: Option<&Path>) -> bool {
    match &facts.executor {
        Some(executor) => executor.user == 0,
        None => facts.who.is_root || named.is_none_or(|path| path.starts_with("/etc")),
    }
}

fn read_config(named: Option<&Path>) -> Read {
    let path = named.unwrap_or(Path::new(DEFAULT_CONFIG));
    Read { path: path.display().to_string(), ..read_file(path, named.is_some()) }
}

fn read_file(path: &Path, is_named: bool) -> Read {
    let shown = path.display();
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let is_unseen = error.kind() == ErrorKind::PermissionDenied;
            let is_broken = is_named && !is_unseen;
            let said = match error.kind() {
                ErrorKind::NotFound if !is_broken => {
                    format!("none at {shown}: only the machine is looked at")
                }
                _ => format!("{shown}: {error}"),
            };
            return Read { said, is_broken, is_unseen, ..Read::default() };
        }
    };
    let root = rustix::process::geteuid().is_root() || path.starts_with("/etc");
    let text = String::from_utf8_lossy(&bytes);
    match load(&text, &Host { root }) {
        Ok(loaded) => {
            let said = shown.to_string();
            Read { said, config: Some(loaded.config), ..Read::default() }
        }
        Err(report) => {
            let said = format!("{shown}: {} error(s)", report.error_count());
            Read { said, is_broken: true, ..Read::default() }
        }
    }
}
