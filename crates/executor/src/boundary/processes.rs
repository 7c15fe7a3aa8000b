//! Processes by identity: a number that was given to another process is another process.

use super::Token;
use defib_config::spec::{App, ChildSpec, ProcessSource};
use defib_engine::id::Identity;
use std::fmt::Debug;
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
    /// Stand still: a drill, or what forks faster than it is found is stopped before it is ended.
    Stop,
    /// End.
    Kill,
}

/// A piece of evidence.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub name: &'static str,
    /// The bytes; at most 3 KiB.
    pub bytes: Vec<u8>,
}

/// Who listens where an app is to listen that is not known to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nobody, nobody who would be in the way of a start, or it cannot be seen now.
    Nobody,
    /// The app itself, started by somebody else: the topmost processes that run its command as its user, oldest
    /// first. At least one.
    Own(Vec<Identity>),
    /// Somebody else.
    Stranger {
        /// The process, if it can be seen.
        identity: Option<Identity>,
        /// Which port, who, and why it is not the app.
        who: String,
    },
}

/// Whose cgroup is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GroupOf<'a> {
    /// A unit's of this name.
    Unit(&'a str),
    /// Our own child's, an app of this name.
    Child(&'a str),
}

/// How everything in a cgroup was ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blow {
    /// By the kernel, at once: `cgroup.kill`.
    Killed,
    /// Frozen, then killed one by one, then thawed.
    Frozen,
    /// Killed one by one, because this kernel can do no better.
    OneByOne,
}

/// The app's own cgroup, held by descriptors that were opened before they are needed.
pub trait Group: Debug {
    /// The main process that it was opened for.
    fn main(&self) -> Identity;

    /// Whether it was made for this one life of the app, so that nobody else is ever in it. A unit's is
    /// used again by the unit's next life.
    fn is_ours(&self) -> bool;

    /// Sends KILL to all that is in it. Needs no process and no memory. Some of those that are being
    /// forked may escape a blow that is not [`Blow::Killed`]: it is repeated until it is empty.
    fn strike(&self) -> io::Result<Blow>;

    /// Whether nothing runs in it any more.
    fn is_empty(&self) -> bool;
}

/// What can be seen of processes, and sent to them.
pub trait Processes {
    /// Holds it if this very process is there, even as a zombie. Its end then wakes us with `token`.
    fn hold(&self, identity: Identity, token: Option<Token>) -> Option<Held>;

    /// Whether it has ended, reaped or not.
    fn is_gone(&self, held: &Held) -> bool;

    /// Sends a signal. Never to process 1, to us, to whoever started us, or to sshd.
    fn signal(&self, held: &Held, signal: Signal) -> io::Result<()>;

    /// Who has this number now, even as a zombie.
    fn identify(&self, pid: u32) -> Option<Identity>;

    /// Whether this very process runs; a zombie does not, and one that cannot be seen now does.
    fn is_alive(&self, identity: Identity) -> bool;

    /// All living members of the app whose main process is, or was, `main`. `Err`: they cannot be seen now.
    fn members(&self, main: Identity) -> io::Result<Vec<Identity>>;

    /// The app's own cgroup, whose main process is, or was, `main`; `None` if it has none, or shares it
    /// with somebody who is never ended.
    fn group(&self, main: Identity, of: GroupOf<'_>) -> Option<Box<dyn Group>>;

    /// Takes back the memory of a process that was sent KILL, without waiting for that.
    fn reclaim(&self, held: &Held);

    /// Looks for the living main process of an app that is neither our child nor a unit.
    fn look(&self, source: &ProcessSource) -> Option<Identity>;

    /// Who listens on this port of the machine.
    fn listener(&self, port: u16) -> Option<Identity>;

    /// Who listens where this app is to listen, and whether it is the app that its start command would make.
    /// Where nothing is known of that, nobody does; nor while anything is left of the life whose main process
    /// was `last`: that is ended before a start, and is no news.
    fn claim(&self, _app: &App, _child: &ChildSpec, _last: Option<Identity>) -> Claim {
        Claim::Nobody
    }

    /// Bounded copies of what the kernel says of the process and its members.
    fn evidence(&self, identity: Identity) -> Vec<Piece>;
}
