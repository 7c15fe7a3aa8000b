//! The gate: both ends of the socketpair that holds a child back until the ledger knows it.

use crate::boundary::GateNews;
use rustix::io::{Errno, dup2, fcntl_dupfd_cloexec};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair,
};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

/// The first byte of a message that says why the program could not be started.
const CANNOT_START: u8 = b'!';

/// The executor's end.
#[derive(Debug)]
pub(crate) struct GateSocket(OwnedFd);

impl GateSocket {
    /// Makes both ends; the second becomes the child's standard input.
    pub(crate) fn make() -> io::Result<(GateSocket, OwnedFd)> {
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        rustix::io::ioctl_fionbio(&ours, true)?;
        Ok((GateSocket(ours), theirs))
    }

    /// Lets the child become its program.
    pub(crate) fn open(&self) -> io::Result<()> {
        send(&self.0, b"g", SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// What the child said.
    pub(crate) fn news(&self) -> GateNews {
        let mut buffer = [0; 512];
        match recv(&self.0, &mut buffer, RecvFlags::empty()) {
            Err(Errno::AGAIN | Errno::INTR) => GateNews::Waiting,
            Ok((len, _)) if len > 0 && buffer[0] == CANNOT_START => {
                GateNews::Failed(String::from_utf8_lossy(&buffer[1..len]).into_owned())
            }
            _ => GateNews::Closed,
        }
    }
}

impl AsFd for GateSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The child's end.
#[derive(Debug)]
pub(super) struct Inner(OwnedFd);

impl Inner {
    /// Takes standard input as the gate and puts /dev/null in its place.
    pub(super) fn take() -> io::Result<Inner> {
        let gate = fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
        let null = File::open("/dev/null")?;
        rustix::stdio::dup2_stdin(&null)?;
        Ok(Inner(gate))
    }

    /// Waits for the byte; `false` if the gate closed instead.
    pub(super) fn wait(&self) -> bool {
        let mut byte = [0];
        loop {
            match recv(&self.0, &mut byte, RecvFlags::empty()) {
                Err(Errno::INTR) => {}
                Ok((1, _)) => return true,
                _ => return false,
            }
        }
    }

    /// Says why nothing was started.
    pub(super) fn report(&self, problem: &str) {
        let mut message = vec![CANNOT_START];
        message.extend(problem.bytes().take(500));
        let _ = send(&self.0, &message, SendFlags::NOSIGNAL);
    }
}

/// Moves standard input to descriptor 3 and puts /dev/null in its place.
#[expect(unsafe_code, reason = "descriptor 3 is ours to overwrite: this process is about to exec")]
pub(super) fn input_to_3() -> io::Result<()> {
    // SAFETY: nothing in this process owns descriptor 3 yet: it has opened no file so far. The
    // value is forgotten, not closed.
    let mut three = std::mem::ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(3) });
    dup2(rustix::stdio::stdin(), &mut three)?;
    let null = File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    Ok(())
}
