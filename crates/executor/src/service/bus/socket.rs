//! The connection: a non-blocking unix socket, the handshake, and both buffers.

use super::address::Address;
use super::auth::{Auth, Step};
use super::frame::{Inbox, Next};
use super::message::Message;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv,
    send, socket_with,
};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The most bytes that wait to be sent. A peer that lets so much pile up is stuck.
const OUTBOX_MAX: usize = 256 * 1024;

/// Why a connection is over, for people.
pub type Fault = String;

/// One connection.
#[derive(Debug)]
pub struct Socket {
    fd: OwnedFd,
    inbox: Inbox,
    outbox: Vec<u8>,
    sent: usize,
    auth: Option<Auth>,
    last_serial: u32,
}

impl Socket {
    /// Connects and begins the handshake. Never waits: a unix socket whose queue is full says so
    /// at once.
    pub fn connect(address: &Address) -> Result<Socket, Fault> {
        let name = match address {
            Address::Path(path) => SocketAddrUnix::new(path.as_path()),
            Address::Abstract(name) => SocketAddrUnix::new_abstract_name(name),
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let fd = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None);
        let connected = fd.and_then(|fd| connect(&fd, &name?).map(|()| fd));
        let fd = connected.map_err(|error| format!("{address}: {error}"))?;
        let mut socket = Socket {
            fd,
            inbox: Inbox::default(),
            outbox: Auth::greeting(rustix::process::geteuid().as_raw()),
            sent: 0,
            auth: Some(Auth::default()),
            last_serial: 0,
        };
        socket.flush()?;
        Ok(socket)
    }

    /// Whether the handshake is over, so that messages may be sent.
    pub fn is_open(&self) -> bool {
        self.auth.is_none()
    }

    /// Whether something waits to be sent.
    pub fn wants_write(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Sends a message under the next serial, and returns that.
    pub fn send(&mut self, message: &Message<'_>) -> Result<u32, Fault> {
        // 0 is no serial; after 2^32 messages numbers begin again, long after their calls.
        self.last_serial = self.last_serial.wrapping_add(1).max(1);
        let message = Message { serial: self.last_serial, ..*message };
        if self.outbox.len() - self.sent > OUTBOX_MAX {
            return Err("it does not read what we send".into());
        }
        message.write(&mut self.outbox).ok_or("a message of ours would be too long")?;
        self.flush()?;
        Ok(self.last_serial)
    }

    /// Writes as much as the kernel takes now.
    pub fn flush(&mut self) -> Result<(), Fault> {
        while self.sent < self.outbox.len() {
            let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
            match send(&self.fd, &self.outbox[self.sent..], flags) {
                Ok(len) => self.sent += len,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(format!("writing to it failed: {error}")),
            }
        }
        self.outbox.clear();
        self.sent = 0;
        Ok(())
    }

    /// Reads what the kernel has, up to the buffer's room. `Ok(false)`: nothing was there.
    pub fn fill(&mut self) -> Result<bool, Fault> {
        loop {
            match recv(&self.fd, self.inbox.space(), RecvFlags::DONTWAIT) {
                Ok((_, 0)) => return Err("it closed the connection".into()),
                Ok((_, len)) => self.inbox.filled(len),
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => return Ok(false),
                Err(error) => return Err(format!("reading from it failed: {error}")),
            }
            self.shake_hands()?;
            return Ok(true);
        }
    }

    fn shake_hands(&mut self) -> Result<(), Fault> {
        let Some(auth) = self.auth.as_mut() else { return Ok(()) };
        let (taken, step) = auth.feed(self.inbox.waiting());
        self.inbox.taken(taken);
        match step {
            Step::More => Ok(()),
            Step::Refused(words) => Err(words),
            Step::LetIn => {
                self.auth = None;
                Ok(())
            }
        }
    }

    /// The next whole message of the buffer; `None`: read more first. Oversize ones are dropped,
    /// a broken one ends the connection.
    pub fn next_message(&mut self) -> Result<Option<Message<'_>>, Fault> {
        if !self.is_open() {
            return Ok(None);
        }
        match self.inbox.next_message() {
            Next::More => Ok(None),
            Next::Whole(bytes) => Message::parse(bytes).map(Some).ok_or_else(|| GARBAGE.into()),
            Next::Garbage => Err(GARBAGE.into()),
        }
    }

    /// How many messages were too long and were dropped.
    pub fn oversize_count(&self) -> u32 {
        self.inbox.oversize_count
    }
}

const GARBAGE: &str = "what it sends is no D-Bus";

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
