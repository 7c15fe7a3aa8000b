//! The other process: typed messages over [`Datagrams`], and the handshake.

use crate::datagram::Datagrams;
use crate::mind::{Broken, Greeting, HANDSHAKE_MS, Handshake};
use defib_journal::order::{PROTOCOL, Report, Request};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};

/// A message and the descriptor that may come with it.
pub(crate) type Received = (Report, Option<OwnedFd>);

/// Our end.
#[derive(Debug)]
pub(crate) struct Link {
    datagrams: Datagrams,
    message: Vec<u8>,
}

impl Link {
    pub(crate) fn new(socket: OwnedFd) -> Result<Link, Broken> {
        let datagrams = Datagrams::new(socket).map_err(|_| Broken::Closed)?;
        Ok(Link { datagrams, message: Vec::new() })
    }

    pub(crate) fn send(&mut self, request: &Request) -> Result<(), Broken> {
        request.encode(&mut self.message);
        self.datagrams.send(&self.message).map_err(|_| Broken::Closed)
    }

    pub(crate) fn receive(&mut self) -> Result<Option<Received>, Broken> {
        let Some(datagram) = self.datagrams.receive().map_err(|_| Broken::Closed)? else {
            return Ok(None);
        };
        let report = Report::decode(&datagram.bytes)
            .map_err(|error| Broken::Protocol(format!("a message of the executor: {error:?}")))?;
        Ok(Some((report, datagram.descriptor)))
    }

    /// Sends what waits; whether more is waiting still.
    pub(crate) fn flush(&mut self) -> Result<bool, Broken> {
        self.datagrams.flush().map_err(|_| Broken::Closed)?;
        Ok(self.datagrams.wants_writing())
    }

    /// Whether more waits than the socket takes.
    pub(crate) fn wants_writing(&self) -> bool {
        self.datagrams.wants_writing()
    }

    /// Says hello and waits for ledger and config.
    pub(crate) fn greet(
        &mut self,
        clock_ms: impl Fn() -> u64,
    ) -> Result<(Greeting, OwnedFd), Broken> {
        self.send(&Request::Hello { protocol: PROTOCOL })?;
        let ends_ms = clock_ms() + HANDSHAKE_MS;
        let mut handshake = Handshake::default();
        loop {
            let Some((report, descriptor)) = self.receive()? else {
                self.wait(ends_ms.saturating_sub(clock_ms()))?;
                continue;
            };
            if let Some(greeting) = handshake.hear(report)? {
                return Ok((greeting, descriptor.ok_or_else(no_descriptor)?));
            }
        }
    }

    fn wait(&self, patience_ms: u64) -> Result<(), Broken> {
        if patience_ms == 0 {
            return Err(Broken::Protocol("the executor did not answer within 10 s".into()));
        }
        let timeout = Timespec {
            tv_sec: (patience_ms / 1000) as i64,
            tv_nsec: (patience_ms % 1000) as i64 * 1_000_000,
        };
        let mut descriptors = [PollFd::new(&self.datagrams, PollFlags::IN)];
        match poll(&mut descriptors, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(Broken::Protocol(format!("poll: {error}"))),
        }
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.datagrams.as_fd()
    }
}

fn no_descriptor() -> Broken {
    Broken::Protocol("a config came without its descriptor".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    fn pair() -> (Link, Datagrams) {
        let kind = SocketType::SEQPACKET;
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
        (Link::new(ours).unwrap(), Datagrams::new(theirs).unwrap())
    }

    #[test]
    fn silence_ends_the_handshake() {
        let (mut link, _executor) = pair();
        let asked = std::cell::Cell::new(0);
        let clock_ms = || {
            asked.set(asked.get() + 1);
            if asked.get() > 1 { HANDSHAKE_MS } else { 0 }
        };
        assert!(matches!(link.greet(clock_ms), Err(Broken::Protocol(_))));
    }
}
