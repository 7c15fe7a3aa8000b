//! How far the disk copy is. Its helper takes one record while it writes another; of those that come
//! meanwhile only the newest counts.

use crate::boundary::{DiskJob, DiskWriter, NotTaken};
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
}

impl Disk {
    pub(super) fn new(writer: Box<dyn DiskWriter>) -> Disk {
        Disk { writer, next: None, last: None }
    }

    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.writer.fd()
    }

    /// Asks for a record to be written; an older one that still waits is not written any more.
    pub(super) fn request(&mut self, seq: u64, bytes: &[u8]) {
        self.next = Some(DiskJob { seq, bytes: bytes.to_vec() });
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
