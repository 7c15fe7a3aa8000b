//! Bytes to and from the other side, in clear or through TLS.

use super::super::Micros;
use super::super::errno::Failure;
use super::super::poller::Interest;
use super::super::stopwatch::Stopwatch;
use super::super::tls::{self, Trust};
use defib_engine::seen::{Phase, Seen};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use rustls::ClientConnection;
use std::io::{self, Read, Write};

/// A connection.
pub(super) enum Channel {
    Plain(OwnedFd),
    Tls(Box<Secure>),
}

/// What came of a read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    Bytes(usize),
    End,
    Nothing,
}

/// TLS over a socket.
pub(super) struct Secure {
    socket: OwnedFd,
    session: ClientConnection,
    trust: Trust,
    /// Whether any byte has come since that was last asked.
    heard: bool,
    /// Decrypted bytes that have not been taken yet.
    held: usize,
    /// What a refused certificate said about its end.
    days_left: Option<i32>,
}

impl Channel {
    pub(super) fn tls(socket: OwnedFd, mut session: ClientConnection, trust: Trust) -> Channel {
        // What is written to it is one request, whose length the config bounds.
        session.set_buffer_limit(None);
        let held = 0;
        let days_left = None;
        Channel::Tls(Box::new(Secure { socket, session, trust, heard: false, held, days_left }))
    }

    pub(super) fn socket(&self) -> &OwnedFd {
        match self {
            Channel::Plain(socket) => socket,
            Channel::Tls(secure) => &secure.socket,
        }
    }

    /// Goes on with the TLS handshake; `None` when there is nothing (more) to do.
    pub(super) fn shake_hands(
        &mut self,
        watch: &mut Stopwatch,
        now: Micros,
    ) -> Result<Option<Interest>, Failure> {
        match self {
            Channel::Plain(_) => Ok(None),
            Channel::Tls(secure) => secure.shake_hands(watch, now),
        }
    }

    /// Whether anything has come through TLS since this was last asked.
    pub(super) fn has_just_heard(&mut self) -> bool {
        let Channel::Tls(secure) = self else { return false };
        std::mem::take(&mut secure.heard)
    }

    pub(super) fn certificate_days_left(&self) -> Option<i32> {
        let Channel::Tls(secure) = self else { return None };
        secure.days_left.or_else(|| secure.trust.days_left(&secure.session))
    }

    /// Writes what fits.
    pub(super) fn send(&mut self, bytes: &[u8], phase: Phase) -> Result<usize, Failure> {
        match self {
            Channel::Plain(socket) => match Socket(socket).write(bytes) {
                Ok(len) => Ok(len),
                Err(error) if is_blocked(&error) => Ok(0),
                Err(error) => Err(failed(&error, phase, "send")),
            },
            Channel::Tls(secure) => {
                secure.session.writer().write(bytes).map_err(|error| failed(&error, phase, "send"))
            }
        }
    }

    /// Puts on the wire what TLS still holds.
    pub(super) fn flush(&mut self, phase: Phase) -> Result<Option<Interest>, Failure> {
        match self {
            Channel::Plain(_) => Ok(None),
            Channel::Tls(secure) => secure.flush(phase),
        }
    }

    pub(super) fn receive(&mut self, into: &mut [u8], phase: Phase) -> Result<Received, Failure> {
        match self {
            Channel::Plain(socket) => received(Socket(socket).read(into), phase),
            Channel::Tls(secure) => secure.receive(into, phase),
        }
    }

    /// Whether a read of `len` into a buffer of `room` bytes left nothing behind that is known of.
    pub(super) fn is_drained_by(&self, len: usize, room: usize) -> bool {
        matches!(self, Channel::Plain(_)) && len < room
    }

    /// Whether decrypted bytes wait here, of which no poller knows.
    pub(super) fn holds_bytes(&self) -> bool {
        matches!(self, Channel::Tls(secure) if secure.held > 0)
    }
}

impl Secure {
    fn shake_hands(
        &mut self,
        watch: &mut Stopwatch,
        now: Micros,
    ) -> Result<Option<Interest>, Failure> {
        // The client's last message is left to be sent together with the request.
        while self.session.is_handshaking() {
            if let Some(interest) = self.flush(watch.phase())? {
                return Ok(Some(interest));
            }
            watch.enter(Phase::Tls, now);
            match self.read_more(watch.phase())? {
                Received::Bytes(_) => {}
                Received::Nothing => return Ok(Some(Interest::Read)),
                Received::End => {
                    let detail = format_args!("closed during the TLS handshake");
                    return Err(Failure::new(Seen::Reset, detail));
                }
            }
        }
        Ok(None)
    }

    fn flush(&mut self, phase: Phase) -> Result<Option<Interest>, Failure> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut Socket(&self.socket)) {
                Ok(_) => {}
                Err(error) if is_blocked(&error) => return Ok(Some(Interest::Write)),
                Err(error) => return Err(failed(&error, phase, "send")),
            }
        }
        Ok(None)
    }

    /// Reads from the socket once and decrypts.
    fn read_more(&mut self, phase: Phase) -> Result<Received, Failure> {
        let read = self.session.read_tls(&mut Socket(&self.socket));
        let received = received(read, phase)?;
        self.heard |= matches!(received, Received::Bytes(_));
        match self.session.process_new_packets() {
            Ok(state) => self.held = state.plaintext_bytes_to_read(),
            Err(error) => {
                // Tells the other side why; whether that can be sent changes nothing here.
                let _ = self.session.write_tls(&mut Socket(&self.socket));
                self.days_left = tls::days_left_of(&error);
                return Err(tls::failure_of(&error));
            }
        }
        Ok(received)
    }

    fn receive(&mut self, into: &mut [u8], phase: Phase) -> Result<Received, Failure> {
        loop {
            match self.session.reader().read(into) {
                Ok(0) => return Ok(Received::End),
                Ok(len) => {
                    self.held = self.held.saturating_sub(len);
                    return Ok(Received::Bytes(len));
                }
                // The end came without TLS' own goodbye. Many servers are so short, and an answer
                // that was cut is seen by its length.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(Received::End);
                }
                Err(_) => {}
            }
            if self.read_more(phase)? == Received::Nothing {
                return Ok(Received::Nothing);
            }
        }
    }
}

fn received(read: io::Result<usize>, phase: Phase) -> Result<Received, Failure> {
    match read {
        Ok(0) => Ok(Received::End),
        Ok(len) => Ok(Received::Bytes(len)),
        Err(error) if is_blocked(&error) => Ok(Received::Nothing),
        Err(error) => Err(failed(&error, phase, "receive")),
    }
}

fn is_blocked(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

fn failed(error: &io::Error, phase: Phase, what: &str) -> Failure {
    let errno = error.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error);
    Failure::of_errno(errno, phase, what)
}

/// The socket as rustls wants it.
struct Socket<'a>(&'a OwnedFd);

impl Read for Socket<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let recv = || rustix::net::recv(self.0, &mut *into, RecvFlags::empty());
        rustix::io::retry_on_intr(recv).map(|(len, _)| len).map_err(io::Error::from)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let send = || rustix::net::send(self.0, bytes, SendFlags::NOSIGNAL);
        rustix::io::retry_on_intr(send).map_err(io::Error::from)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
