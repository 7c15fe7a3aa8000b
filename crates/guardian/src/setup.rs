//! What the guardian is given, and what it gives back.

use crate::sense::trigger::Trigger;
use crate::status::AppStatus;
use defib_engine::policy::Policy;
use defib_journal::line::Entry;
use rustix::fd::OwnedFd;
use std::ffi::OsString;
use std::path::PathBuf;

/// Everything that the guardian needs from whoever starts it.
pub struct Setup {
    /// Our end of the SOCK_SEQPACKET pair to the executor.
    pub socket: OwnedFd,
    /// Where `journal/` is.
    pub state_dir: PathBuf,
    /// Where `defib.sock` and `hold/` are.
    pub runtime_dir: PathBuf,
    /// Who tells people what happens.
    pub narrator: Box<dyn Narrate>,
    /// The program and arguments of our own role that becomes a check command.
    pub exec_child_argv: Vec<OsString>,
    /// Whether the executor is root: the config is read with its eyes, since it acts.
    pub executor_is_root: bool,
    /// Whether [`confine`](crate::confine()) was called: then ways to start programs are given up as well,
    /// while no probe is a command.
    pub is_confined: bool,
    /// What wakes it when memory is short, or why there is nothing that does: then the machine is read each 5 s.
    pub trigger: Result<Trigger, String>,
    /// What is wrong with how this guardian was started, for the journal.
    pub alarms: Vec<String>,
    /// The version of defib.
    pub version: &'static str,
    /// Gives back what of the program only the start needed, and brings in what must never be missing.
    /// Called once, after the start, before memory is locked.
    pub keep_program: fn(),
}

/// Somebody who tells people what happens: a terminal's living line, plain lines, JSON lines.
pub trait Narrate {
    /// A line of the journal, as it is written. `policy` and `checkpoint` lines are left out: they
    /// are for machines, and up to a megabyte long.
    fn entry(&mut self, policy: &Policy, entry: &Entry);

    /// How the apps are, after something has changed; at most 10 times a second.
    fn status(&mut self, apps: &[AppStatus]);

    /// Whether [`status`](Narrate::status) is of any use: it costs a look at every app.
    fn wants_status(&self) -> bool;
}

/// How the guardian ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Somebody asked it to: TERM, INT, or the executor.
    Stopped,
    /// The executor is gone, and a guardian without one guards nothing.
    ExecutorGone,
    /// It could not begin, or not go on. The text says what and where.
    Failed(String),
}

impl Ended {
    /// The process's exit code: 0 after an order to stop, else 1, so that the executor starts a new one.
    pub fn code(&self) -> u8 {
        match self {
            Ended::Stopped => 0,
            Ended::ExecutorGone | Ended::Failed(_) => 1,
        }
    }
}
