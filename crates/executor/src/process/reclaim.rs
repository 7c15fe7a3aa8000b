//! The helper thread that takes back the memory of processes that were killed. It may have to wait for
//! such a process's memory lock, and then it holds nobody up.

use crate::sys::mrelease::mrelease;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The thread's work is one system call and one close.
const STACK_BYTES: usize = 64 << 10;

/// The most processes that wait for it: one blow's. More are freed by the kernel in its own time.
const WAITING_MAX: usize = 64;

/// Our end of the helper; without a thread it takes nothing.
#[derive(Debug)]
pub(crate) struct Reclaim(Option<SyncSender<OwnedFd>>);

impl Reclaim {
    /// Starts the thread, which ends with us.
    pub(crate) fn start() -> Reclaim {
        let (dying, todo) = sync_channel(WAITING_MAX);
        let thread = std::thread::Builder::new().name("reclaim".into()).stack_size(STACK_BYTES);
        Reclaim(thread.spawn(move || work(&todo)).ok().map(|_| dying))
    }

    /// One without a thread.
    pub(crate) const fn nobody() -> Reclaim {
        Reclaim(None)
    }

    /// Gives it a process that has been sent KILL.
    pub(crate) fn offer(&self, pidfd: OwnedFd) {
        if let Some(dying) = &self.0 {
            let _ = dying.try_send(pidfd);
        }
    }
}

fn work(todo: &Receiver<OwnedFd>) {
    while let Ok(pidfd) = todo.recv() {
        mrelease(pidfd.as_fd());
    }
}
