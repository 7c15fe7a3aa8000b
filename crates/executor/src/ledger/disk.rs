//! How far the disk copy is. Its helper takes one record while it writes another; of those that come
//! meanwhile only the newest counts.

use crate::boundary::{DiskJob, DiskWriter, NotTaken};
use defib_journal::ledger::SLOT_BYTES;
use std::os::fd::BorrowedFd;

/// How far the disk copy is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DiskState {
    /// Durable.
    Written,
    /// On its way.
    Waiting,
    /// It could not be written.
    Failed,
}

/// Our end of the helper.
pub(super) struct Disk {
    writer: Box<dyn DiskWriter>,
    /// What did not fit behind the record that is being written.
    next: Option<DiskJob>,
    last: Option<(u64, bool)>,
    /// Room for the records of a reboot's last steps, when no more can be had.
    spares: [Option<Vec<u8>>; SPARES],
}

/// One for each step that needs nothing but the kernel.
const SPARES: usize = 3;

impl Disk {
    pub(super) fn new(writer: Box<dyn DiskWriter>) -> Disk {
        let mut disk = Disk { writer, next: None, last: None, spares: [None, None, None] };
        disk.keep_room();
        disk
    }

    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.writer.fd()
    }

    /// Asks for a record to be written; an older one that still waits is not written any more.
    pub(super) fn request(&mut self, seq: u64, bytes: &[u8]) {
        self.next = Some(DiskJob { seq, bytes: bytes.to_vec() });
        self.push();
    }

    /// Sees to it that there is room for the last steps.
    pub(super) fn keep_room(&mut self) {
        for spare in &mut self.spares {
            spare.get_or_insert_with(|| Vec::with_capacity(SLOT_BYTES));
        }
    }

    /// As [`Disk::request`], without an allocation: in the room that was kept, or not at all.
    pub(super) fn request_last(&mut self, seq: u64, bytes: &[u8]) {
        let spare = self.spares.iter_mut().find_map(Option::take);
        let Some(mut room) = spare.filter(|room| room.capacity() >= bytes.len()) else { return };
        room.extend_from_slice(bytes);
        self.next = Some(DiskJob { seq, bytes: room });
        self.push();
    }

    fn push(&mut self) {
        let Some(job) = self.next.take() else { return };
        match self.writer.offer(job) {
            Ok(()) => {}
            Err(NotTaken::Full(job)) => self.next = Some(job),
            Err(NotTaken::Gone(job)) => self.last = Some((job.seq, false)),
        }
    }

    /// Takes what the helper has finished.
    pub(super) fn news(&mut self) {
        while let Some(done) = self.writer.done() {
            self.last = Some(done);
        }
        self.push();
    }

    pub(super) fn state(&self, seq: u64) -> DiskState {
        match self.last {
            Some((done, true)) if done >= seq => DiskState::Written,
            Some((done, false)) if done >= seq => DiskState::Failed,
            _ => DiskState::Waiting,
        }
    }
}
