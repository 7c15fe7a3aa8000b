//! A file of two slots.

use crate::boundary::Slots;
use crate::error::Error;
use defib_journal::ledger::{SLOT_BYTES, Slot};
use rustix::fs::FlockOperation;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

/// How often, and how far apart, a taken lock is tried.
const LOCK_TRIES: u32 = 25;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The file.
#[derive(Debug)]
pub(super) struct SlotFile(File);

impl SlotFile {
    /// Opens it in its folder, which is made if need be.
    pub(super) fn open_in(folder: &Path, name: &str) -> Result<SlotFile, Error> {
        let path = folder.join(name);
        std::fs::create_dir_all(folder)
            .and_then(|()| SlotFile::open(&path))
            .map_err(Error::io(format!("cannot open the ledger {}", path.display())))
    }

    /// The same in a folder that others write in, too: what another user has put there in our file's
    /// place is taken away. It holds nothing of ours.
    pub(super) fn open_own_in(folder: &Path, name: &str) -> Result<SlotFile, Error> {
        let path = folder.join(name);
        let us = rustix::process::geteuid().as_raw();
        if path.symlink_metadata().is_ok_and(|found| !found.is_file() || found.uid() != us) {
            eprintln!("defib: {} was not ours and is made anew", path.display());
            let _ = std::fs::remove_file(&path);
        }
        SlotFile::open_in(folder, name)
    }

    /// Opens it, and takes its whole space now: a full disk then does not matter later.
    fn open(path: &Path) -> io::Result<SlotFile> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        // What lies in its place may have been put there by somebody else.
        let file = options.custom_flags(libc::O_NOFOLLOW).open(path)?;
        let space = 2 * SLOT_BYTES as u64;
        // Not every file system knows fallocate; the length alone is then the best there is.
        if rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, space).is_err()
            && file.metadata()?.len() < space
        {
            file.set_len(space)?;
        }
        Ok(SlotFile(file))
    }

    /// One agent per state folder. A child that an executor spawned in the instant of its kill -9 has
    /// a copy of the locked descriptor until its exec, some milliseconds later; a living executor
    /// holds the lock for ever. So a taken lock is tried again for a moment.
    #[expect(clippy::disallowed_methods, reason = "flock has no wait with a deadline")]
    pub(super) fn lock(&self) -> bool {
        (0..LOCK_TRIES).any(|attempt| {
            if attempt > 0 {
                std::thread::sleep(LOCK_PAUSE);
            }
            rustix::fs::flock(&self.0, FlockOperation::NonBlockingLockExclusive).is_ok()
        })
    }
}

impl Slots for SlotFile {
    fn read(&self, slot: Slot, bytes: &mut [u8]) -> usize {
        let mut len = 0;
        while let Ok(read @ 1..) = self.0.read_at(&mut bytes[len..], slot.offset() + len as u64) {
            len += read;
        }
        len
    }

    fn write(&self, slot: Slot, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, slot.offset())?;
        self.0.sync_data()
    }
}
