//! The helper thread that writes the disk copy: the only place where a sick disk may hold us up, and
//! there it holds nobody.

use super::slot_file::SlotFile;
use crate::boundary::{DiskJob, DiskWriter, NotTaken, Turns};
use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// The thread's work is one pwrite and one fdatasync of a buffer on the heap.
const STACK_BYTES: usize = 64 << 10;

/// The most results that wait to be heard. Each turn of the loop takes them all.
const TOLD_MAX: usize = 64;

/// Our end of the helper.
#[derive(Debug)]
pub(super) struct DiskThread {
    jobs: SyncSender<DiskJob>,
    done: Receiver<(u64, bool)>,
    wake: Arc<OwnedFd>,
}

impl DiskThread {
    /// Starts the thread.
    pub(super) fn start(file: SlotFile) -> io::Result<DiskThread> {
        let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let (jobs, todo) = sync_channel(1);
        // Of fixed size, so that telling allocates nothing; should it ever fill, the helper waits, and nobody for it.
        let (tell, done) = sync_channel(TOLD_MAX);
        let waker = Arc::clone(&wake);
        std::thread::Builder::new()
            .name("ledger".into())
            .stack_size(STACK_BYTES)
            .spawn(move || work(&file, &todo, &tell, &waker))?;
        Ok(DiskThread { jobs, done, wake })
    }
}

impl DiskWriter for DiskThread {
    fn offer(&mut self, job: DiskJob) -> Result<(), NotTaken> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(job) => NotTaken::Full(job),
            TrySendError::Disconnected(job) => NotTaken::Gone(job),
        })
    }

    fn done(&mut self) -> Option<(u64, bool)> {
        // Emptied before the last look: what is done after that look wakes us again.
        let mut count = [0; 8];
        let _ = rustix::io::read(&*self.wake, &mut count);
        self.done.try_recv().ok()
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.wake.as_fd())
    }
}

/// Ends when the executor does.
fn work(file: &SlotFile, todo: &Receiver<DiskJob>, tell: &SyncSender<(u64, bool)>, wake: &OwnedFd) {
    let mut turns = Turns::of(file);
    while let Ok(job) = todo.recv() {
        let result = turns.write(file, &job.bytes);
        if let Err(error) = &result {
            eprintln!("defib: the ledger's disk copy cannot be written: {error}");
        }
        let _ = tell.send((job.seq, result.is_ok()));
        let _ = rustix::io::write(wake, &1u64.to_ne_bytes());
    }
}
