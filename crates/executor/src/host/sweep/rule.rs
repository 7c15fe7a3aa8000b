//! The rules of the config, one after the other.

use super::folder::{Folder, Room};
use crate::boundary::Cleaned;
use defib_config::spec::CleanRule;
use rustix::io::{Errno, Result};
use std::os::fd::BorrowedFd;
use std::time::{SystemTime, UNIX_EPOCH};

/// How the room of a file system is looked up.
type Look<'a> = &'a dyn Fn(BorrowedFd<'_>) -> Result<Room>;

/// Deletes what the rules name on file systems that are full, oldest first, until there is ample room or
/// `is_stopped`.
pub(super) fn clean(rules: &[CleanRule], look: Look<'_>, is_stopped: &dyn Fn() -> bool) -> Cleaned {
    let mut cleaned = Cleaned::default();
    let mut swept = Vec::new();
    for rule in rules {
        if let Err(error) = clean_one(rule, look, is_stopped, &mut cleaned, &mut swept) {
            let why = if matches!(error, Errno::LOOP | Errno::NOTDIR) {
                "a symbolic link leads there, or it is no folder".to_owned()
            } else {
                std::io::Error::from(error).to_string()
            };
            cleaned.fault.get_or_insert_with(|| format!("{}: {why}", rule.folder.display()));
        }
    }
    // Asked when all is done: a later rule may have made room on the disk of an earlier one, and room on one
    // disk is none on another.
    cleaned.was_full = !swept.is_empty();
    cleaned.is_full = swept.iter().any(|folder| is_still_full(folder, look));
    cleaned
}

fn is_still_full(folder: &Folder, look: Look<'_>) -> bool {
    let is_full = || look(folder.fd()).is_ok_and(Room::is_full);
    is_full() && {
        folder.settle();
        is_full()
    }
}

fn clean_one(
    rule: &CleanRule,
    look: Look<'_>,
    is_stopped: &dyn Fn() -> bool,
    cleaned: &mut Cleaned,
    swept: &mut Vec<Folder>,
) -> Result<()> {
    let folder = Folder::open(&rule.folder)?;
    if look(folder.fd())?.is_full() {
        let result = sweep(&folder, rule, look, is_stopped, cleaned);
        swept.push(folder);
        return result;
    }
    Ok(())
}

fn sweep(
    folder: &Folder,
    rule: &CleanRule,
    look: Look<'_>,
    is_stopped: &dyn Fn() -> bool,
    cleaned: &mut Cleaned,
) -> Result<()> {
    let mut refused = Ok(());
    for old in folder.old(|name| rule.matches(name), written_before_s(rule), is_stopped)? {
        if is_stopped() || look(folder.fd())?.is_ample() {
            break;
        }
        match folder.delete(&old) {
            Ok(bytes) => {
                cleaned.files += 1;
                cleaned.bytes = cleaned.bytes.saturating_add(bytes);
            }
            // Somebody else was faster, or it is in use again.
            Err(Errno::NOENT) => {}
            Err(error) => refused = Err(error),
        }
    }
    refused
}

fn written_before_s(rule: &CleanRule) -> i64 {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(now_s.saturating_sub(rule.older_ms / 1000)).unwrap_or(0)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
