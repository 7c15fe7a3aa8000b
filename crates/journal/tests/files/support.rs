//! What the tests of the files share.

use defib_engine::event::Event;
use defib_engine::policy::{Bars, Budget, Mode, Permission, Policy, Weights};
use defib_engine::state::State;
use defib_engine::time::Moment;
use defib_journal::files::{Reader, Writer};
use defib_journal::line::{Entry, Line};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// 2026-11-22T00:00:00Z.
pub(crate) const DAY_BEGIN_MS: u64 = 1_795_305_600_000;
pub(crate) const DAY_MS: u64 = 86_400_000;

pub(crate) fn woke() -> Line<'static> {
    Line::Event { event: Cow::Owned(Event::Woke) }
}

pub(crate) fn message(text: &str) -> Line<'_> {
    Line::Config { accepted: true, message: Cow::Borrowed(text) }
}

/// `min_uptime_ms` tells one policy of a test from another.
pub(crate) fn policy(min_uptime_ms: u64) -> Policy {
    Policy {
        mode: Mode::Act,
        reboot: Permission::Never,
        min_uptime_ms,
        reboot_budget: Budget::REBOOTS,
        apps: Vec::new(),
        weights: Weights::FIELD,
        bars: Bars::FIELD,
    }
}

pub(crate) fn policy_line(min_uptime_ms: u64) -> Line<'static> {
    Line::Policy { policy: Cow::Owned(policy(min_uptime_ms)) }
}

/// A checkpoint that `next_incident` tells from another.
pub(crate) fn checkpoint(next_incident: u32) -> Line<'static> {
    let mut state = State::new(&policy(0), Moment(0));
    state.next_incident = next_incident;
    Line::Checkpoint { state: Cow::Owned(state) }
}

pub(crate) fn append(writer: &mut Writer, wall_ms: u64, line: &Line<'_>) -> u64 {
    let seq = writer.next_seq();
    writer.append(wall_ms, Moment(seq * 10), line).expect("appended")
}

pub(crate) fn read_all(folder: &Path) -> (Vec<Entry>, u64) {
    let mut reader = Reader::open(folder).expect("a folder");
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry().expect("readable") {
        entries.push(entry);
    }
    (entries, reader.torn())
}

pub(crate) fn seqs(folder: &Path) -> Vec<u64> {
    read_all(folder).0.iter().map(|entry| entry.seq).collect()
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let found = std::fs::read_dir(folder).expect("a folder");
    let mut files: Vec<_> = found.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let name = |path: PathBuf| path.file_name().expect("named").to_string_lossy().into_owned();
    files(folder).into_iter().map(name).collect()
}
