//! Processes by identity: a number that was given to another process is another process.

use super::Token;
use defib_config::spec::ProcessSource;
use defib_engine::id::Identity;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A process that is held: it cannot be mistaken for a later one with the same number.
#[derive(Debug)]
pub struct Held {
    /// Who it is.
    pub identity: Identity,
    /// What the kernel knows it by; a simulated process needs none.
    pidfd: Option<OwnedFd>,
}

impl Held {
    /// Held by a pidfd, or by its identity alone.
    pub fn new(identity: Identity, pidfd: Option<OwnedFd>) -> Held {
        Held { identity, pidfd }
    }

    /// The pidfd.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(AsFd::as_fd)
    }
}

/// The signals that the executor sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// Read your config again.
    Hup,
    /// End, please.
    Term,
    /// Run again, if you were stopped.
    Cont,
    /// End.
    Kill,
    /// Stand still: a drill.
    Stop,
}

/// A piece of evidence.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub name: &'static str,
    /// The bytes; at most 3 KiB.
    pub bytes: Vec<u8>,
}

/// What can be seen of processes, and sent to them.
pub trait Processes {
    /// Holds it if this very process is there, even as a zombie. Its end then wakes us with `token`.
    fn hold(&self, identity: Identity, token: Option<Token>) -> Option<Held>;

    /// Whether it has ended, reaped or not.
    fn is_gone(&self, held: &Held) -> bool;

    /// Sends a signal. Never to process 1, to us, or to whoever started us.
    fn signal(&self, held: &Held, signal: Signal) -> io::Result<()>;

    /// Who has this number now, even as a zombie.
    fn identify(&self, pid: u32) -> Option<Identity>;

    /// Whether this very process runs; a zombie does not.
    fn is_alive(&self, identity: Identity) -> bool;

    /// All living members of the app whose main process is, or was, `main`.
    fn members(&self, main: Identity) -> Vec<Identity>;

    /// Looks for the living main process of an app that is neither our child nor a unit.
    fn look(&self, source: &ProcessSource) -> Option<Identity>;

    /// Who listens on this port of the machine.
    fn listener(&self, port: u16) -> Option<Identity>;

    /// Bounded copies of what the kernel says of the process and its members.
    fn evidence(&self, identity: Identity) -> Vec<Piece>;
}
