//! The executor's end of the link.

use super::{Link, Received};
use defib_executor::boundary::{Attachment, Guardians, Peer};
use std::io::{self, ErrorKind};
use std::os::fd::BorrowedFd;

/// Starts guardians.
pub(super) struct Starter(pub(super) Link);

impl Guardians for Starter {
    fn start(&mut self) -> io::Result<Box<dyn Peer>> {
        let mut wires = self.0.0.borrow_mut();
        let now_ms = wires.now_ms();
        if !wires.lent.world().machine().makes_processes(now_ms) {
            return Err(ErrorKind::OutOfMemory.into());
        }
        let pid = wires.start();
        drop(wires);
        Ok(Box::new(End { link: self.0.clone(), pid }))
    }

    fn attach(&self, text: &str) -> io::Result<Attachment> {
        Ok(Attachment::Text(text.to_owned()))
    }
}

/// One guardian, as its executor has it.
#[derive(Debug)]
struct End {
    link: Link,
    pid: u32,
}

impl Peer for End {
    fn pid(&self) -> u32 {
        self.pid
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let now_ms = self.link.0.borrow().now_ms();
        let received = match self.link.pair(self.pid) {
            Some(mut pair) => pair.receive_by_executor(now_ms),
            None => Received::Closed,
        };
        match received {
            Received::Message(bytes, _) => {
                let len = bytes.len().min(buffer.len());
                buffer[..len].copy_from_slice(&bytes[..len]);
                Ok(len)
            }
            Received::Silence => Err(ErrorKind::WouldBlock.into()),
            Received::Closed => Ok(0),
        }
    }

    fn send(&mut self, bytes: &[u8], attached: Option<&Attachment>) -> io::Result<()> {
        let mut wires = self.link.0.borrow_mut();
        let at_ms = wires.now_ms() + wires.latency_ms();
        drop(wires);
        let text = match attached {
            Some(Attachment::Text(text)) => Some(text.clone()),
            Some(Attachment::File(_)) | None => None,
        };
        let Some(mut pair) = self.link.pair(self.pid) else {
            return Err(ErrorKind::BrokenPipe.into());
        };
        match pair.send_by_executor(at_ms, bytes, text) {
            Some(true) => Ok(()),
            Some(false) => Err(ErrorKind::BrokenPipe.into()),
            None => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn kill(&self) {
        if let Some(mut pair) = self.link.pair(self.pid) {
            pair.is_killed = true;
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        // Dropped with the executor itself outside of the world's time, all ends are closed already.
        if let Some(mut pair) = self.link.pair(self.pid) {
            pair.drop_by_executor(0);
        }
    }
}
