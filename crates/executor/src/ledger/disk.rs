//! The helper thread that writes the disk copy: the only place where a sick disk may hold us up, and
//! there it holds nobody.

use super::file::SlotFile;
use defib_journal::ledger::Slot;
use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};

/// The thread's work is one pwrite and one fdatasync of a buffer on the heap.
const STACK_BYTES: usize = 64 << 10;

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

#[derive(Debug)]
struct Job {
    seq: u64,
    bytes: Vec<u8>,
}

/// Our end of the helper.
#[derive(Debug)]
pub(super) struct Disk {
    jobs: SyncSender<Job>,
    done: Receiver<(u64, bool)>,
    wake: Arc<OwnedFd>,
    /// What did not fit behind the job that is being written; only the newest counts.
    next: Option<Job>,
    last: Option<(u64, bool)>,
}

impl Disk {
    /// Starts the thread.
    pub(super) fn start(file: SlotFile) -> io::Result<Disk> {
        let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let (jobs, todo) = sync_channel(1);
        let (tell, done) = channel();
        let waker = Arc::clone(&wake);
        std::thread::Builder::new()
            .name("ledger".into())
            .stack_size(STACK_BYTES)
            .spawn(move || work(&file, &todo, &tell, &waker))?;
        Ok(Disk { jobs, done, wake, next: None, last: None })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Asks for a record to be written; an older one that still waits is not written any more.
    pub(super) fn request(&mut self, seq: u64, bytes: &[u8]) {
        self.next = Some(Job { seq, bytes: bytes.to_vec() });
        self.push();
    }

    fn push(&mut self) {
        let Some(job) = self.next.take() else { return };
        match self.jobs.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(job)) => self.next = Some(job),
            Err(TrySendError::Disconnected(job)) => self.last = Some((job.seq, false)),
        }
    }

    /// Takes what the thread has finished.
    pub(super) fn news(&mut self) {
        let mut count = [0; 8];
        let _ = rustix::io::read(&*self.wake, &mut count);
        while let Ok(done) = self.done.try_recv() {
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

/// Ends when the executor does. The slots take turns by themselves, whatever the record's number:
/// records are left out when the disk is slow, and the slot that is not written must stay whole.
fn work(file: &SlotFile, todo: &Receiver<Job>, tell: &Sender<(u64, bool)>, wake: &OwnedFd) {
    let mut slot = older_slot(file);
    while let Ok(job) = todo.recv() {
        let result = file.write(slot, &job.bytes);
        if let Err(error) = &result {
            eprintln!("defib: the ledger's disk copy cannot be written: {error}");
        } else {
            slot = other(slot);
        }
        let _ = tell.send((job.seq, result.is_ok()));
        let _ = rustix::io::write(wake, &1u64.to_ne_bytes());
    }
}

fn older_slot(file: &SlotFile) -> Slot {
    let seq = |slot| file.read(slot).map_or(0, |ledger| ledger.seq);
    if seq(Slot::A) <= seq(Slot::B) { Slot::A } else { Slot::B }
}

const fn other(slot: Slot) -> Slot {
    match slot {
        Slot::A => Slot::B,
        Slot::B => Slot::A,
    }
}
