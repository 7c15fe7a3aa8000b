//! All that the executor asks of the machine, as a few small traits.
//!
//! Before the boundary is what decides and remembers: admission, ledger, acts, the keeping of the
//! guardian, what is told and when. Behind it are clock, kernel, disks and other processes.
//! [`run`](crate::run()) puts the real machine behind it; the simulator puts another there, and calls
//! the same functions of [`Executor`](crate::Executor) that [`run`](crate::run()) calls.
//!
//! Nothing here blocks, with two exceptions that are the real executor's too: a record of the
//! ledger's fast copy, and the start of a process.

mod boots;
mod children;
mod cleaner;
mod files;
mod guardians;
mod ledger;
mod processes;
mod watchdog;

pub use boots::{Boots, NoBoots, Panic, Signs};
pub use children::{Children, Gate, GateNews};
pub use cleaner::{Cleaned, Cleaner, NoCleaner};
pub use files::Files;
pub use guardians::{Attachment, Guardians, Peer};
pub use ledger::{Copies, DiskJob, DiskWriter, NotTaken, Slots, Turns, newest};
pub use processes::{Blow, Claim, Group, GroupOf, Held, Piece, Processes, Signal};
pub use watchdog::{Device, NoWatchdog, Parting, Sight, Watchdog};

use crate::machine::Machine;
use crate::manager::ServiceManager;
use crate::notify::Notify;
use defib_engine::id::AppId;

/// The time.
pub trait Clock {
    /// Milliseconds of CLOCK_BOOTTIME.
    fn now_ms(&self) -> u64;
}

/// Why the executor was woken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Token {
    /// Somebody wants something.
    Called(Call),
    /// The guardian's socket has news, or room.
    Guardian,
    /// So has the service manager's.
    Manager,
    /// The ledger's helper has finished a write.
    Disk,
    /// An app's main process ended.
    Main(AppId),
    /// Something that an act waits for has happened.
    Act(AppId),
}

/// What a signal means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// A child ended.
    Reap,
    /// The config is to be read again.
    Reload,
    /// We are to end.
    Stop,
}

/// Everything that is not the executor.
pub struct Outside {
    /// The time.
    pub clock: Box<dyn Clock>,
    /// This boot.
    pub boot_id: [u8; 16],
    /// What a config must know of this process.
    pub host: defib_config::Host,
    /// Processes by identity.
    pub processes: Box<dyn Processes>,
    /// Our own children.
    pub children: Box<dyn Children>,
    /// The ledger's two copies.
    pub ledger: Copies,
    /// Files that nobody's life depends on.
    pub files: Box<dyn Files>,
    /// Deletes what the config names.
    pub cleaner: Box<dyn Cleaner>,
    /// Guardians to come.
    pub guardians: Box<dyn Guardians>,
    /// The service manager.
    pub manager: Box<dyn ServiceManager>,
    /// The machine.
    pub machine: Box<dyn Machine>,
    /// The hardware watchdog.
    pub watchdog: Box<dyn Watchdog>,
    /// What the machine tells of its last boot.
    pub boots: Box<dyn Boots>,
    /// Whoever started us.
    pub notify: Box<dyn Notify>,
}
