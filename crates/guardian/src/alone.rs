//! One guardian at a time on a state folder. When an executor is killed, its guardian notices and
//! writes its last lines while the next executor already starts another: two writers would number
//! their lines alike, and readers take the second of two equal numbers for a repetition.

use rustix::event::{Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::io::Errno;
use std::path::Path;

/// An orderly end takes milliseconds; one that takes longer than this hangs on its disk or is stopped,
/// and guarding must not wait for it. The executor ends a guardian that is silent for 5 s.
const PATIENCE_MS: u64 = 1_000;
const LOOK_EVERY_MS: u64 = 10;

/// Waits for the end of an earlier guardian. The lock lasts as long as its descriptor; `Err`: there is
/// still another, and we go on beside it.
pub(crate) fn wait_until_alone(state_dir: &Path) -> Result<Option<OwnedFd>, String> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    // A folder that cannot be opened is told by whoever writes to it.
    let Ok(folder) = open(state_dir, flags, Mode::empty()) else { return Ok(None) };
    for _ in 0..PATIENCE_MS / LOOK_EVERY_MS {
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Some(folder)),
            Err(Errno::WOULDBLOCK | Errno::INTR) => pause(),
            // A file system without locks.
            Err(_) => return Ok(None),
        }
    }
    let folder = state_dir.display();
    Err(format!(
        "an earlier guardian has not ended and may write to the journal, too; `fuser {folder}` shows it"
    ))
}

fn pause() {
    let nanoseconds = (LOOK_EVERY_MS * 1_000_000) as i64;
    let _ = poll(&mut [], Some(&Timespec { tv_sec: 0, tv_nsec: nanoseconds }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_waits_for_the_first_and_goes_on_when_that_never_ends() {
        let folder = tempfile::tempdir().unwrap();
        let first = wait_until_alone(folder.path()).unwrap();
        assert!(first.is_some());
        let second = wait_until_alone(folder.path());
        assert!(second.unwrap_err().contains("has not ended"));
        drop(first);
        assert!(wait_until_alone(folder.path()).unwrap().is_some());
    }

    #[test]
    fn a_folder_that_is_not_there_is_nobody_s() {
        let folder = tempfile::tempdir().unwrap();
        assert!(wait_until_alone(&folder.path().join("none")).unwrap().is_none());
    }
}
