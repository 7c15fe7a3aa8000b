//! What the plan makes happen, as the scene knows it.

use super::{Active, Scene};
use crate::plan::{AppFault, DiskFault, DiskName, Happening, MachineFault, Person};

impl Scene {
    pub(super) fn happens(&mut self, at_ms: u64, what: Happening) {
        match what {
            Happening::App { app, fault, remedy } => {
                let it = &mut self.apps[app];
                if matches!(fault, AppFault::Exit(_)) && it.process.is_none() {
                    return;
                }
                let until_ms =
                    if remedy.after_ms == 0 { u64::MAX } else { at_ms + remedy.after_ms };
                it.faults.push(Active { fault, remedy, since_ms: at_ms, until_ms });
            }
            Happening::Machine(fault) => {
                let until_ms = at_ms + lasts_ms(fault);
                self.disturbed(until_ms);
                match fault {
                    MachineFault::Manager { .. } => self.manager_disturbed_ms = until_ms,
                    MachineFault::NoProcesses { .. } => self.no_processes_ms = until_ms,
                    MachineFault::Disk { disk: DiskName::State, fault, .. } => {
                        let is_so = fault == DiskFault::ReadOnly;
                        self.read_only_until_ms = if is_so { until_ms } else { 0 };
                        let is_kept = matches!(fault, DiskFault::Slow { .. });
                        self.keeps_nothing_until_ms = if is_kept { 0 } else { until_ms };
                    }
                    _ => {}
                }
            }
            Happening::Agent(_) => {}
            Happening::Person(what) => self.person(at_ms, what),
        }
    }

    fn person(&mut self, at_ms: u64, what: Person) {
        let hears = self.is_up && self.guardian_since_ms.is_some();
        let from_ms = at_ms.max(self.still_until_ms);
        match what {
            Person::Hold { app, ms } if hears => {
                let it = &mut self.apps[app];
                (it.held_since_ms, it.held_until_ms) = (from_ms, at_ms + ms);
                it.person_ms = at_ms;
            }
            Person::Release { app } if hears => {
                self.apps[app].held_until_ms = at_ms;
                self.apps[app].void_ms = from_ms;
            }
            Person::Restart { app } | Person::Mend { app } => self.apps[app].person_ms = at_ms,
            Person::Reboot => self.disturbed(at_ms),
            Person::Reload => {
                self.void(at_ms);
                self.disturbed(at_ms);
            }
            _ => {}
        }
    }
}

/// How long a fault of the machine disturbs.
fn lasts_ms(fault: MachineFault) -> u64 {
    match fault {
        MachineFault::Freeze { ms }
        | MachineFault::Suspend { ms }
        | MachineFault::Steal { ms, .. }
        | MachineFault::Disk { ms, .. }
        | MachineFault::Manager { ms, .. }
        | MachineFault::NoProcesses { ms }
        | MachineFault::MemoryTaken { ms }
        | MachineFault::RebootStuck { ms, .. }
        | MachineFault::RebootRefused { ms, .. } => ms,
        MachineFault::PowerCut { off_ms } => off_ms,
        MachineFault::WallStep { .. } => 0,
    }
}
