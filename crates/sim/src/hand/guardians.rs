//! The link between executor and guardian: messages as bytes, in order, some milliseconds on their way.

use super::agenda::Agenda;
use super::ground::Kind;
use super::seat::Seat;
use crate::fact::Fact;
use defib_engine::event::Exit;
use defib_engine::id::Identity;
use defib_executor::boundary::{Attachment, Guardians, Peer, Token};
use defib_journal::order::{Report, Request};
use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

/// How many messages the kernel holds for a reader that does not read.
const HELD_MAX: usize = 50;

/// A message is mostly there at once; one in a thousand finds the other side's CPU busy.
const SLOW_IN_A_MILLION: u64 = 1_000;
const SLOW_MS: (u64, u64) = (20, 400);

/// EPIPE.
const EPIPE: i32 = 32;

/// A message to a guardian, and the config text that goes with it.
pub type Message = (Vec<u8>, Option<String>);

/// One socketpair.
#[derive(Debug)]
pub(super) struct Link {
    identity: Identity,
    to_guardian: RefCell<Agenda<Message>>,
    to_executor: RefCell<Agenda<Vec<u8>>>,
    is_killed: Cell<bool>,
    /// The executor was refused, and waits for room.
    wants_room: Cell<bool>,
    has_executor: Cell<bool>,
    has_guardian: Cell<bool>,
}

/// The executor's end.
#[derive(Debug)]
struct ExecutorEnd {
    seat: Seat,
    link: Rc<Link>,
}

/// The guardian's end. It belongs to one guardian's life, which [`GuardianEnd::die`] ends.
#[derive(Clone, Debug)]
pub struct GuardianEnd {
    seat: Seat,
    link: Rc<Link>,
}

impl Guardians for Seat {
    fn start(&mut self) -> io::Result<Box<dyn Peer>> {
        self.may_spawn()?;
        let identity = self.new_stray(usize::MAX, Kind::Guardian);
        let link = Rc::new(Link {
            identity,
            to_guardian: RefCell::default(),
            to_executor: RefCell::default(),
            is_killed: Cell::new(false),
            wants_room: Cell::new(false),
            has_executor: Cell::new(true),
            has_guardian: Cell::new(true),
        });
        let newborn = GuardianEnd { seat: self.clone(), link: Rc::clone(&link) };
        self.newborns().push_back(newborn);
        *self.link() = Some(Rc::clone(&link));
        Ok(Box::new(ExecutorEnd { seat: self.clone(), link }))
    }

    fn attach(&self, text: &str) -> io::Result<Attachment> {
        self.may_call()?;
        Ok(Attachment::Text(text.to_owned()))
    }
}

impl Peer for ExecutorEnd {
    fn pid(&self) -> u32 {
        self.link.identity.pid
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.seat.is_dead() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let now_ms = self.seat.world_now_ms();
        let Some(bytes) = self.link.to_executor.borrow_mut().take_due(now_ms) else {
            let is_over = !self.link.has_guardian.get() && self.link.arrives_ms().is_none();
            return if is_over { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) };
        };
        if let Ok(Request::Order(order)) = Request::decode(&bytes) {
            self.seat.acting().hear(order);
        }
        let len = bytes.len().min(buffer.len());
        buffer[..len].copy_from_slice(&bytes[..len]);
        Ok(len)
    }

    fn send(&mut self, bytes: &[u8], attached: Option<&Attachment>) -> io::Result<()> {
        if self.seat.is_dead() || !self.link.has_guardian.get() {
            return Err(io::Error::from_raw_os_error(EPIPE));
        }
        let mut messages = self.link.to_guardian.borrow_mut();
        self.link.wants_room.set(messages.len() >= HELD_MAX);
        if self.link.wants_room.get() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let text = match attached {
            Some(Attachment::Text(text)) => Some(text.clone()),
            Some(Attachment::File(_)) | None => None,
        };
        let at_ms = self.seat.world_now_ms() + self.seat.latency_ms();
        messages.push_last(at_ms, (bytes.to_vec(), text));
        if let Ok(Report::ObserveOnly { .. }) = Report::decode(bytes) {
            self.seat.observes_only();
        }
        Ok(())
    }

    fn kill(&self) {
        if !self.seat.is_dead() {
            self.link.is_killed.set(true);
        }
    }
}

impl Drop for ExecutorEnd {
    fn drop(&mut self) {
        self.link.has_executor.set(false);
    }
}

impl GuardianEnd {
    /// The guardian's process.
    pub fn pid(&self) -> u32 {
        self.link.identity.pid
    }

    /// When the next message is there; `Some(0)` if the executor has closed its end.
    pub fn next_ms(&self) -> Option<u64> {
        let next_ms = self.link.to_guardian.borrow().next_ms();
        if self.is_closed() && next_ms.is_none() { Some(0) } else { next_ms }
    }

    /// The next message that is there by now.
    pub fn receive(&self, now_ms: u64) -> Option<Message> {
        let message = self.link.to_guardian.borrow_mut().take_due(now_ms);
        if message.is_some() && self.link.wants_room.take() {
            self.seat.wake(Token::Guardian);
        }
        message
    }

    /// Sends a message. `false`: the executor has closed its end.
    pub fn send(&self, bytes: &[u8], now_ms: u64) -> bool {
        if self.is_closed() {
            return false;
        }
        if let Ok(Request::Beat) = Request::decode(bytes) {
            self.seat.world().tell(Fact::Turned);
        }
        let at_ms = now_ms + self.seat.latency_ms();
        self.link.to_executor.borrow_mut().push_last(at_ms, bytes.to_vec());
        true
    }

    /// Whether so many messages wait for the executor that the kernel takes no more.
    pub fn is_full(&self) -> bool {
        self.link.to_executor.borrow().len() >= HELD_MAX
    }

    /// Whether the executor has closed its end: it is gone, or has given this guardian up.
    pub fn is_closed(&self) -> bool {
        !self.link.has_executor.get()
    }

    /// Whether the executor has killed it: nothing of it runs any more, and [`GuardianEnd::die`] is to be
    /// called.
    pub fn is_killed(&self) -> bool {
        self.link.is_killed.get()
    }

    /// The guardian ended. What it had sent still arrives, unless it left something unread (unix(7):
    /// ECONNRESET).
    pub fn die(&self, exit: Exit) {
        if self.link.has_guardian.replace(false) {
            if self.link.to_guardian.borrow().next_ms().is_some() {
                self.link.to_executor.borrow_mut().clear();
            }
            self.seat.end_stray(self.link.identity, exit);
            self.seat.wake(Token::Guardian);
        }
    }
}

impl Link {
    /// When the executor has something to read. Nothing that came after it closed its end, or that it left.
    pub(super) fn arrives_ms(&self) -> Option<u64> {
        self.to_executor.borrow().next_ms().filter(|_| self.has_executor.get())
    }
}

impl Seat {
    fn latency_ms(&self) -> u64 {
        if self.ground().happens(SLOW_IN_A_MILLION) {
            self.ground().between(SLOW_MS.0, SLOW_MS.1)
        } else {
            self.ground().between(0, 1)
        }
    }
}
