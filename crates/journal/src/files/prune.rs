//! Forgetting: whole files, the oldest first, never the one that a restart would begin with.

use super::error::FileError;
use super::name::{FileName, list};
use super::storage::Storage;
use std::collections::VecDeque;

/// Removes files before `kept` until at most `days` days and `bytes` bytes are left in all.
///
/// Days are counted by the files that there are, not by the calendar: a clock that jumps to the
/// year 2099 must not empty the journal.
pub(super) fn prune(
    storage: &dyn Storage,
    kept: FileName,
    days: usize,
    bytes: u64,
) -> Result<(), FileError> {
    let names = list(storage).map_err(FileError::io("list", storage.place()))?;
    let size_of = |name: FileName| storage.bytes_of(&name.text()).unwrap_or(0);
    let mut left: VecDeque<(FileName, u64)> =
        names.into_iter().map(|name| (name, size_of(name))).collect();
    let mut total: u64 = left.iter().map(|(_, size)| size).sum();
    while let Some((oldest, size)) = left.front().copied() {
        if oldest >= kept || (total <= bytes && day_count(&left) <= days) {
            return Ok(());
        }
        let name = oldest.text();
        let path = storage.place().join(&name);
        storage.remove(&name).map_err(FileError::io("remove", &path))?;
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
