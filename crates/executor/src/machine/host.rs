//! The real machine. Only `daemon` and `guard` construct it, and only where it is theirs to end.

use super::awaited::others_are_awaited;
use super::container::container;
use super::ladder::LastDeed;
use super::last::{LastSteps, SystemCall, open_sysrq, reset_machine, sync_disks};
use super::panic::PanicTimeout;
use super::{Machine, NotDone, PoliteMachine};
use crate::manager::{JobId, ServiceManager};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// CAP_SYS_BOOT, as a bit of CapEff.
const SYS_BOOT: u64 = 1 << 22;

/// What PID 1 becomes when all units are stopped; comm holds 15 bytes.
const LAST_PHASE: &[u8] = b"systemd-shutdow\n";

/// What this process may do to the machine it runs on.
///
/// - Where `DBUS_SYSTEM_BUS_ADDRESS` names another manager than this machine's: what that manager does.
///   Whoever names it does not mean the machine beside it.
/// - In a container: nothing, and it is said why.
/// - Without root, and in a build for tests: what the service manager does.
/// - Else every step.
pub fn of_this_machine() -> Box<dyn Machine> {
    let is_other = std::env::var_os("DBUS_SYSTEM_BUS_ADDRESS").is_some_and(|name| !name.is_empty());
    if is_other {
        return Box::new(PoliteMachine);
    }
    if let Some(kind) = container(Path::new("/")) {
        return Box::new(Nowhere(kind));
    }
    if cfg!(debug_assertions) || !rustix::process::geteuid().is_root() {
        return Box::new(PoliteMachine);
    }
    Box::new(HostMachine::default())
}

/// A container.
struct Nowhere(&'static str);

impl Machine for Nowhere {
    fn why_not(&self, _manager: &dyn ServiceManager) -> Option<String> {
        Some(format!("this is {}, not a machine", self.0))
    }

    fn reboot(&mut self, manager: &mut dyn ServiceManager, deadline_ms: u64) -> JobId {
        manager.reboot(deadline_ms)
    }

    fn last(&mut self, _deed: LastDeed) -> Result<(), NotDone> {
        Err(NotDone::NotThere)
    }
}

/// The machine itself. Cannot be made outside of this file.
#[derive(Debug, Default)]
struct HostMachine {
    steps: Option<LastSteps>,
    panic: Option<PanicTimeout>,
}

impl Machine for HostMachine {
    fn why_not(&self, manager: &dyn ServiceManager) -> Option<String> {
        // Without a manager there is reboot(2).
        if may_reset() { None } else { manager.why_not() }
    }

    fn open(&mut self) {
        let sysrq = open_sysrq().ok();
        let reset = may_reset().then_some(reset_machine as SystemCall);
        match LastSteps::new(sysrq, sync_disks, reset) {
            Ok(steps) => self.steps = Some(steps),
            Err(error) => eprintln!("defib: the last steps of a reboot are not possible: {error}"),
        }
        // Missing it is one safety net less, and nothing is asked of a person.
        self.panic = PanicTimeout::open(Path::new("/proc/sys/kernel/panic")).ok();
    }

    fn reboot(&mut self, manager: &mut dyn ServiceManager, deadline_ms: u64) -> JobId {
        manager.reboot(deadline_ms)
    }

    fn last(&mut self, deed: LastDeed) -> Result<(), NotDone> {
        self.steps.as_ref().ok_or(NotDone::NotThere)?.begin(deed)
    }

    fn refusal(&mut self) -> Option<NotDone> {
        self.steps.as_ref()?.refusal()
    }

    fn reset_on_panic(&mut self) {
        if let Some(panic) = &mut self.panic {
            panic.shorten();
        }
    }

    fn leave_panic_as_found(&mut self) {
        if let Some(panic) = &mut self.panic {
            panic.restore();
        }
    }

    fn is_in_last_phase(&self) -> bool {
        let mut name = [0; 16];
        let read = File::open("/proc/1/comm").and_then(|mut file| file.read(&mut name));
        read.is_ok_and(|len| &name[..len] == LAST_PHASE)
    }

    fn awaits_others(&self) -> bool {
        others_are_awaited()
    }
}

/// Whether this process has CAP_SYS_BOOT.
fn may_reset() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    crate::host::has_capability(&status, SYS_BOOT)
}
