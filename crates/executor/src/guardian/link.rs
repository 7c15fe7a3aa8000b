//! The executor's end of the socketpair: one message a datagram, never blocking.

use defib_journal::order::{MESSAGE_MAX, Report, Request};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
    SocketType, recv, sendmsg, socketpair,
};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Messages that wait because the guardian does not read. The kernel holds some 50 more; a guardian
/// this far behind is stuck, and a new one is told everything anew from the ledger.
const WAITING_MAX: usize = 256;

/// One message that waits.
#[derive(Debug)]
struct Waiting {
    bytes: Vec<u8>,
    fd: Option<OwnedFd>,
}

/// The link to one guardian.
#[derive(Debug)]
pub(super) struct Link {
    socket: OwnedFd,
    waiting: VecDeque<Waiting>,
}

/// What reading brought.
#[derive(Debug)]
pub(super) enum Heard {
    /// A message.
    Request(Request),
    /// Bytes that are no message.
    Nonsense(String),
    /// Nothing more for now.
    Silence,
    /// The other end is closed.
    Closed,
}

impl Link {
    /// Makes both ends; the second is the guardian's.
    pub(super) fn make() -> io::Result<(Link, OwnedFd)> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        Ok((Link { socket: ours, waiting: VecDeque::new() }, theirs))
    }

    /// Reads one message.
    pub(super) fn hear(&self) -> Heard {
        let mut buffer = [0; MESSAGE_MAX];
        match recv(&self.socket, &mut buffer, RecvFlags::empty()) {
            Ok((0, _)) => Heard::Closed,
            Ok((len, _)) => match Request::decode(&buffer[..len]) {
                Ok(request) => Heard::Request(request),
                Err(error) => Heard::Nonsense(format!("{error:?}")),
            },
            Err(Errno::AGAIN | Errno::INTR) => Heard::Silence,
            Err(_) => Heard::Closed,
        }
    }

    /// Sends a message, with a descriptor if there is one. `false`: the guardian is lost.
    pub(super) fn say(&mut self, report: &Report, fd: Option<OwnedFd>) -> bool {
        let mut bytes = Vec::new();
        report.encode(&mut bytes);
        self.waiting.push_back(Waiting { bytes, fd });
        self.flush()
    }

    /// Whether messages wait for the guardian to read.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Sends what waits. `false`: the guardian is lost.
    pub(super) fn flush(&mut self) -> bool {
        while let Some(next) = self.waiting.front() {
            match send_one(&self.socket, next) {
                Ok(()) => drop(self.waiting.pop_front()),
                Err(Errno::AGAIN) => return self.waiting.len() <= WAITING_MAX,
                Err(Errno::INTR) => {}
                Err(_) => return false,
            }
        }
        true
    }
}

fn send_one(socket: &OwnedFd, message: &Waiting) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let fds: Vec<BorrowedFd<'_>> = message.fd.iter().map(AsFd::as_fd).collect();
    if !fds.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(&fds));
    }
    let parts = [IoSlice::new(&message.bytes)];
    sendmsg(socket, &parts, &mut control, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?;
    Ok(())
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
