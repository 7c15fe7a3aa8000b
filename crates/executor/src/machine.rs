//! The one boundary for operations that end the machine. Tests put a fake behind it.

use crate::manager::{JobId, ServiceManager};

/// What can end the machine.
pub trait Machine {
    /// Why a reboot is not possible here, for people; `None` if it is.
    fn why_not(&self, manager: &dyn ServiceManager) -> Option<String>;

    /// Asks for a polite reboot; the job's end is the manager's acceptance.
    fn reboot(&mut self, manager: &mut dyn ServiceManager, deadline_ms: u64) -> JobId;
}

/// The real one: the service manager's polite reboot.
#[derive(Debug, Default)]
pub struct PoliteMachine;

impl Machine for PoliteMachine {
    fn why_not(&self, manager: &dyn ServiceManager) -> Option<String> {
        manager.why_not()
    }

    fn reboot(&mut self, manager: &mut dyn ServiceManager, deadline_ms: u64) -> JobId {
        manager.reboot(deadline_ms)
    }
}
