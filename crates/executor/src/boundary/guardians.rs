//! The other end of the link: a guardian's process and its socket.

use std::fmt::Debug;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

/// A text that goes with a message.
#[derive(Debug)]
pub enum Attachment {
    /// A file in memory, for a guardian that is a process of its own.
    File(OwnedFd),
    /// The text itself, for a guardian that lives in this very process.
    Text(String),
}

/// One guardian. Dropping it closes the socket, and the guardian ends by that.
pub trait Peer: Debug {
    /// Its process.
    fn pid(&self) -> u32;

    /// What to wait on. A simulated one wakes us with [`Token::Guardian`](super::Token::Guardian).
    fn fd(&self) -> Option<BorrowedFd<'_>>;

    /// Reads one message: its length, or 0 if the other end is closed, or `WouldBlock`.
    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Sends one message, whole or (`WouldBlock`) not at all.
    fn send(&mut self, bytes: &[u8], attached: Option<&Attachment>) -> io::Result<()>;

    /// Kills it.
    fn kill(&self);
}

/// Starts guardians.
pub trait Guardians {
    /// Starts one.
    fn start(&mut self) -> io::Result<Box<dyn Peer>>;

    /// Makes a text ready to be sent.
    fn attach(&self, text: &str) -> io::Result<Attachment>;
}
