//! The socketpair's bytes: one message a datagram, with at most one descriptor beside it.

use defib_journal::order::MESSAGE_MAX;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendFlags, recvmsg, send,
};
use std::collections::VecDeque;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;

/// An executor that has not read this many messages is itself in trouble. Beats are not queued, so
/// this is room for an order and an evidence request of a good hundred apps.
const BACKLOG_MAX: usize = 256;

/// One message as it came.
#[derive(Debug)]
pub(crate) struct Datagram {
    pub(crate) bytes: Vec<u8>,
    pub(crate) descriptor: Option<OwnedFd>,
}

/// The guardian's end of the socketpair. Never blocks.
#[derive(Debug)]
pub(crate) struct Datagrams {
    socket: OwnedFd,
    backlog: VecDeque<Vec<u8>>,
}

impl Datagrams {
    pub(crate) fn new(socket: OwnedFd) -> Result<Datagrams, Errno> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        Ok(Datagrams { socket, backlog: VecDeque::new() })
    }

    /// Sends now, or as soon as there is room again. An error means that the other end is gone.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), Errno> {
        if self.backlog.is_empty() && self.send_now(bytes)? {
            return Ok(());
        }
        if self.backlog.len() >= BACKLOG_MAX {
            return Err(Errno::NOBUFS);
        }
        self.backlog.push_back(bytes.to_vec());
        Ok(())
    }

    /// Sends what waits, as far as there is room.
    pub(crate) fn flush(&mut self) -> Result<(), Errno> {
        while let Some(bytes) = self.backlog.front() {
            if !self.send_now(bytes)? {
                break;
            }
            self.backlog.pop_front();
        }
        Ok(())
    }

    /// Whether there was room.
    fn send_now(&self, bytes: &[u8]) -> Result<bool, Errno> {
        loop {
            match send(&self.socket, bytes, SendFlags::NOSIGNAL) {
                Ok(_) => return Ok(true),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN | Errno::NOBUFS) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn wants_writing(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// The next message; `None` if none waits. An error means that the other end is gone.
    pub(crate) fn receive(&mut self) -> Result<Option<Datagram>, Errno> {
        let mut bytes = vec![0_u8; MESSAGE_MAX];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::CMSG_CLOEXEC;
        let received = loop {
            let mut parts = [IoSliceMut::new(&mut bytes)];
            match recvmsg(&self.socket, &mut parts, &mut ancillary, flags) {
                Ok(received) => break received,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(None),
                Err(error) => return Err(error),
            }
        };
        // A message of ours is never empty, so nothing is the end.
        if received.bytes == 0 {
            return Err(Errno::CONNRESET);
        }
        if received.flags.contains(ReturnFlags::TRUNC) {
            return Err(Errno::MSGSIZE);
        }
        bytes.truncate(received.bytes);
        let descriptor = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
            _ => None,
        });
        Ok(Some(Datagram { bytes, descriptor }))
    }
}

impl AsFd for Datagrams {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    fn pair() -> (Datagrams, Datagrams) {
        let kind = SocketType::SEQPACKET;
        let (left, right) =
            socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
        (Datagrams::new(left).unwrap(), Datagrams::new(right).unwrap())
    }

    #[test]
    fn what_does_not_fit_waits_in_order() {
        let (mut ours, mut theirs) = pair();
        let mut sent = 0_u16;
        while !ours.wants_writing() {
            ours.send(&[&sent.to_le_bytes()[..], &[7; 2000]].concat()).unwrap();
            sent += 1;
        }
        for expected in 0..sent {
            ours.flush().unwrap();
            let message = theirs.receive().unwrap().expect("a message");
            assert_eq!(message.bytes[..2], expected.to_le_bytes());
        }
        assert!(!ours.wants_writing());
        assert!(theirs.receive().unwrap().is_none());
    }

    #[test]
    fn the_end_is_an_error_in_both_directions() {
        let (mut ours, theirs) = pair();
        drop(theirs);
        assert!(ours.receive().is_err());
        assert!(ours.send(&[1]).is_err());
    }
}
