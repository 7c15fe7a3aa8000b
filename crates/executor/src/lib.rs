//! Carries out closed orders on configured targets, and owns the ledger.
//!
//! The executor is heart and hand: parent of the guardian and of `start` apps, the only one that
//! ends processes. It believes nobody: an order names an app and a rung of the validated config,
//! and budgets are counted here, in a ledger that is written before anything is done.

mod act;
pub mod admit;
mod adoption;
mod app;
mod boot;
pub mod boundary;
mod capable;
mod control;
mod drill;
mod error;
mod exec_child;
mod executor;
mod freeze;
mod guardian;
mod hold_on;
mod host;
mod ledger;
pub mod machine;
pub mod manager;
pub mod notify;
mod process;
mod rehearse;
mod run;
pub mod separation;
pub mod service;
mod sys;
mod talk;
mod turn;
mod units;
mod watch;
mod watchdog;
mod words;

pub use error::Error;
pub use exec_child::exec_child;
pub use executor::Executor;
pub use run::run;
pub use watchdog::{hardware_watchdog, sight_in_words};

use machine::Machine;
use manager::ServiceManager;
use notify::Notify;
use std::ffi::OsString;
use std::path::PathBuf;

/// What the executor is started with on the real machine.
pub struct Setup {
    /// The config, as text: it is validated here and handed to the guardian as it is.
    pub config_text: String,
    /// The file that SIGHUP reads again, and whose last good text is kept in the state folder;
    /// without it a reload is refused.
    pub config_path: Option<PathBuf>,
    /// What is wrong with that file, if `config_text` is the last good one instead.
    pub config_fault: Option<String>,
    /// What must survive the machine: the ledger's disk copy, outputs.
    pub state_dir: PathBuf,
    /// What must survive only the agent: the ledger's fast copy.
    pub runtime_dir: PathBuf,
    /// The guardian's command. Its socket is descriptor 3, and `DEFIB_GUARDIAN_FD=3`.
    pub guardian_argv: Vec<OsString>,
    /// The user that the guardian becomes, without any privilege; `None`: ours.
    pub guardian_user: Option<separation::Ids>,
    /// The command of the role [`exec_child`].
    pub exec_child_argv: Vec<OsString>,
    /// What happens to `start` apps when we end.
    pub at_end: AtEnd,
    /// The service manager.
    pub manager: Box<dyn ServiceManager>,
    /// The machine.
    pub machine: Box<dyn Machine>,
    /// The hardware watchdog.
    pub watchdog: Box<dyn boundary::Watchdog>,
    /// The folder whose files are shown at login (`/run/motd.d`); `None`: nobody is told there.
    pub login_dir: Option<PathBuf>,
    /// Whoever started us.
    pub notify: Box<dyn Notify>,
    /// Gives back what of the program only the start needed, and brings in what must never be missing.
    /// Called once: after the start, before the acts are rehearsed and memory is locked.
    pub keep_program: fn(),
}

/// What the executor is to guard, whatever is behind its [`boundary`].
pub struct Assignment {
    /// As [`Setup::config_text`].
    pub config_text: String,
    /// As [`Setup::config_path`].
    pub config_path: Option<PathBuf>,
    /// As [`Setup::config_fault`].
    pub config_fault: Option<String>,
    /// As [`Setup::state_dir`]: told to commands of the user's.
    pub state_dir: PathBuf,
    /// What happens to `start` apps when we end.
    pub at_end: AtEnd,
}

/// What happens to `start` apps when the executor ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AtEnd {
    /// They are stopped: somebody pressed Ctrl-C on `defib guard`.
    StopApps,
    /// They live on, and the next executor adopts them.
    LeaveApps,
}

/// How [`run`] ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// By TERM or INT.
    Stopped,
}
