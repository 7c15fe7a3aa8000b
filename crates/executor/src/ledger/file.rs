//! A file of two slots.

use defib_journal::ledger::{Damaged, Ledger, SLOT_BYTES, Slot};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// The file.
#[derive(Debug)]
pub(super) struct SlotFile(File);

impl SlotFile {
    /// Opens it, and takes its whole space now: a full disk then does not matter later.
    pub(super) fn open(path: &Path) -> io::Result<SlotFile> {
        let mut options = OpenOptions::new();
        let file =
            options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let space = 2 * SLOT_BYTES as u64;
        // Not every file system knows fallocate; the length alone is then the best there is.
        if rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, space).is_err()
            && file.metadata()?.len() < space
        {
            file.set_len(space)?;
        }
        Ok(SlotFile(file))
    }

    /// Reads one slot.
    pub(super) fn read(&self, slot: Slot) -> Result<Ledger, Damaged> {
        let mut bytes = vec![0; SLOT_BYTES];
        let mut len = 0;
        while let Ok(read @ 1..) = self.0.read_at(&mut bytes[len..], slot.offset() + len as u64) {
            len += read;
        }
        Ledger::decode_slot(&bytes[..len])
    }

    /// Writes one slot and waits until it is durable.
    pub(super) fn write(&self, slot: Slot, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, slot.offset())?;
        self.0.sync_data()
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
