//! Opening the ledger: its lock, its files, and which of four slots is believed.

use super::file::SlotFile;
use crate::error::Error;
use defib_journal::ledger::{Damaged, Ledger, SLOT_BYTES, Slot};
use rustix::fs::FlockOperation;
use std::path::Path;
use std::time::Duration;

/// How often, and how far apart, a taken lock is tried.
const LOCK_TRIES: u32 = 25;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Made on the heap: a slot is more than a small stack holds.
pub(super) fn slot_buffer() -> Box<[u8; SLOT_BYTES]> {
    let Ok(buffer) = vec![0; SLOT_BYTES].into_boxed_slice().try_into() else {
        unreachable!("the length is the same constant")
    };
    buffer
}

/// One agent per state folder. A child that an executor spawned in the instant of its kill -9 has a
/// copy of the locked descriptor until its exec, some milliseconds later; a living executor holds
/// the lock for ever. So a taken lock is tried again for a moment.
#[expect(clippy::disallowed_methods, reason = "flock has no wait with a deadline")]
pub(super) fn lock(file: &SlotFile) -> bool {
    (0..LOCK_TRIES).any(|attempt| {
        if attempt > 0 {
            std::thread::sleep(LOCK_PAUSE);
        }
        rustix::fs::flock(file.as_fd(), FlockOperation::NonBlockingLockExclusive).is_ok()
    })
}

pub(super) fn open_file(folder: &Path, name: &str) -> Result<SlotFile, Error> {
    let path = folder.join(name);
    std::fs::create_dir_all(folder)
        .and_then(|()| SlotFile::open(&path))
        .map_err(Error::io(format!("cannot open the ledger {}", path.display())))
}

/// The newest ledger of both files; a fresh one if there never was any.
pub(super) fn load(
    run: &SlotFile,
    disk: &SlotFile,
    names: &[&str],
    boot_id: [u8; 16],
    now_ms: u64,
) -> Ledger {
    let of_file = |file: &SlotFile| Ledger::newest(file.read(Slot::A), file.read(Slot::B));
    match Ledger::newest(of_file(run), of_file(disk)) {
        Ok(ledger) => ledger,
        Err(Damaged::Empty) => Ledger::fresh(boot_id),
        Err(damaged) => {
            eprintln!(
                "defib: no copy of the ledger can be read ({damaged}); all budgets count as spent, \
                 and starting what is not running stays free"
            );
            Ledger::pessimistic(names, boot_id, now_ms)
        }
    }
}
