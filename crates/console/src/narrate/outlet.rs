//! Where the narration goes: a descriptor that is written only when it takes bytes at once.
//!
//! The narrator lives in the guardian's loop. A terminal that somebody stopped with Ctrl-S, or a
//! pipe whose reader sleeps, must cost lines of narration, never a turn of that loop.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, OwnedFd};
use std::io::{self, Write};

/// What one write offers. A pipe that is writable takes at least a page (`pipe(7)`), a socket and a
/// terminal at least some hundred bytes.
const CHUNK_MAX: usize = 512;

/// Writes without ever waiting; what is not taken is an error of kind `WouldBlock`.
pub(crate) struct Outlet {
    descriptor: OwnedFd,
}

impl Outlet {
    pub(crate) fn new(descriptor: OwnedFd) -> Outlet {
        Outlet { descriptor }
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let descriptor = self.descriptor.as_fd();
        let mut waiting = [PollFd::new(&descriptor, PollFlags::OUT)];
        if poll(&mut waiting, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))? == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(rustix::io::write(descriptor, &bytes[..bytes.len().min(CHUNK_MAX)])?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
