//! Forgetting: whole files, the oldest first, never the one that is written.

use super::error::FileError;
use super::name::{FileName, list};
use std::collections::VecDeque;
use std::path::Path;

/// Removes files until at most `days` days and `bytes` bytes are left, `current` included.
///
/// Days are counted by the files that there are, not by the calendar: a clock that jumps to the
/// year 2099 must not empty the journal.
pub(super) fn prune(
    dir: &Path,
    current: FileName,
    days: usize,
    bytes: u64,
) -> Result<(), FileError> {
    let names = list(dir).map_err(FileError::io("list", dir))?;
    let size_of = |name: FileName| name.path(dir).metadata().map_or(0, |found| found.len());
    let mut left: VecDeque<(FileName, u64)> =
        names.into_iter().map(|name| (name, size_of(name))).collect();
    let mut total: u64 = left.iter().map(|(_, size)| size).sum();
    while let Some((oldest, size)) = left.front().copied() {
        if oldest >= current || (total <= bytes && day_count(&left) <= days) {
            return Ok(());
        }
        let path = oldest.path(dir);
        std::fs::remove_file(&path).map_err(FileError::io("remove", &path))?;
        left.pop_front();
        total -= size;
    }
    Ok(())
}

fn day_count(files: &VecDeque<(FileName, u64)>) -> usize {
    let mut days: Vec<_> = files.iter().map(|(name, _)| name.day).collect();
    days.dedup();
    days.len()
}
