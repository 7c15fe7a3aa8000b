//! The one boundary for operations that end the machine. Tests put a fake behind it.

mod awaited;
pub mod container;
pub mod host;
pub mod ladder;
pub mod last;
pub mod panic;

use crate::manager::{JobId, ServiceManager};
use ladder::LastDeed;

/// What can end the machine.
pub trait Machine {
    /// Why a reboot is not possible here, for people; `None` if it is.
    fn why_not(&self, manager: &dyn ServiceManager) -> Option<String>;

    /// Opens what the last steps need. Called once, after signals are blocked (threads that are started
    /// here inherit that) and before memory is locked.
    fn open(&mut self) {}

    /// Asks for a polite reboot; the job's end is the manager's acceptance.
    fn reboot(&mut self, manager: &mut dyn ServiceManager, deadline_ms: u64) -> JobId;

    /// Asks for a reboot without stop jobs; the job's end is the manager's acceptance.
    fn force(&mut self, manager: &mut dyn ServiceManager, deadline_ms: u64) -> JobId {
        manager.force_reboot(deadline_ms)
    }

    /// Begins a deed of the last steps, and waits for nothing. It allocates nothing and starts nothing.
    fn last(&mut self, deed: LastDeed) -> Result<(), NotDone>;

    /// The refusal of a deed that was begun, once. Allocates nothing.
    fn refusal(&mut self) -> Option<NotDone> {
        None
    }

    /// From now on a kernel that panics resets the machine instead of leaving it standing.
    fn reset_on_panic(&mut self) {}

    /// A panic does what it did before [`Machine::reset_on_panic`].
    fn leave_panic_as_found(&mut self) {}

    /// Whether the service manager has ended, and only the last phase of a shutdown is left: processes
    /// are ended and file systems unmounted.
    fn is_in_last_phase(&self) -> bool {
        false
    }

    /// Whether processes that are not ours are left, and waited for there.
    fn awaits_others(&self) -> bool {
        false
    }
}

/// Why a deed of the last steps was not done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotDone {
    /// This machine, or this process, has no such thing.
    NotThere,
    /// The kernel said no, with this error number.
    Refused(i32),
}

/// Where nothing but the service manager may end the machine: the last steps are not there.
#[derive(Debug, Default)]
pub struct PoliteMachine;

impl Machine for PoliteMachine {
    fn why_not(&self, manager: &dyn ServiceManager) -> Option<String> {
        manager.why_not()
    }

    fn reboot(&mut self, manager: &mut dyn ServiceManager, deadline_ms: u64) -> JobId {
        manager.reboot(deadline_ms)
    }

    fn last(&mut self, _deed: LastDeed) -> Result<(), NotDone> {
        Err(NotDone::NotThere)
    }
}
