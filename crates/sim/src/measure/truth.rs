//! What was truly wrong with each app at each moment, kept from facts alone, and whether an act could
//! have ended it.

use crate::fact::{By, Fact};
use crate::plan::{AppFault, AppPlan, Happening, MachinePlan, Person, Plan, Remedy};
use defib_engine::effect::Rung;

/// A fault that is there now.
#[derive(Clone, Copy, Debug)]
struct Active {
    fault: AppFault,
    remedy: Remedy,
    until_ms: u64,
}

/// One app.
#[derive(Clone, Debug)]
pub(super) struct Truth {
    plan: AppPlan,
    machine: MachinePlan,
    faults: Vec<Active>,
    is_wanted: bool,
    /// A person is busy with it until then: a deploy, from the stop to the end of the warm-up.
    in_hand_until_ms: u64,
}

impl Truth {
    pub(super) fn new(plan: &Plan, app: usize) -> Truth {
        Truth {
            plan: plan.apps[app].clone(),
            machine: plan.machine,
            faults: Vec::new(),
            is_wanted: true,
            in_hand_until_ms: 0,
        }
    }

    /// Takes a fact of this app, or of the whole world.
    pub(super) fn take(&mut self, at_ms: u64, fact: &Fact) {
        match *fact {
            Fact::Happened(Happening::App { fault, remedy, .. }) => {
                let until_ms =
                    if remedy.after_ms == 0 { u64::MAX } else { at_ms + remedy.after_ms };
                self.faults.push(Active { fault, remedy, until_ms });
            }
            Fact::Happened(Happening::Person(Person::Mend { .. }))
            | Fact::Mended { .. }
            | Fact::Healed => self.faults.clear(),
            Fact::Booted { boot } if boot > 1 => self.faults.retain(|it| !it.remedy.reboot),
            Fact::Born { .. } => self.born(at_ms),
            Fact::Died { by, .. } => {
                self.faults.retain(|it| !matches!(it.fault, AppFault::Exit(_)));
                self.in_hand_until_ms = if by == By::Person { u64::MAX } else { 0 };
            }
            Fact::Wanted { runs, .. } => self.is_wanted = runs,
            _ => {}
        }
    }

    /// Whoever starts it after a person's stop, the person wanted its warm-up.
    fn born(&mut self, at_ms: u64) {
        self.faults.retain(|it| !it.remedy.new_process);
        let in_hand = self.in_hand_until_ms == u64::MAX;
        self.in_hand_until_ms = if in_hand { at_ms + self.plan.warm_up_ms } else { 0 };
    }

    /// Until when nobody expects it to answer; `u64::MAX` for as long as a person says.
    pub(super) fn excused_until_ms(&self) -> u64 {
        if self.is_wanted { self.in_hand_until_ms } else { u64::MAX }
    }

    /// The fault that came last of those that are there, by its name.
    pub(super) fn latest(&self, at_ms: u64) -> Option<&'static str> {
        self.faults.iter().rev().find(|it| at_ms < it.until_ms).map(|it| name_of(it.fault))
    }

    /// Whether this act, begun now, ends something that is wrong sooner than it would end by itself, its
    /// own cost counted.
    pub(super) fn needs(&self, at_ms: u64, rung: Rung) -> bool {
        if at_ms < self.excused_until_ms() {
            return false;
        }
        let stuck = self.faults.iter().any(|it| it.fault == AppFault::Unkillable);
        let warm_up_ms = self.plan.warm_up_ms;
        let cost_ms = match rung {
            Rung::Reboot => self.machine.down_ms + self.machine.boot_ms + warm_up_ms,
            _ => self.plan.stop_ms + warm_up_ms,
        };
        self.faults.iter().any(|it| {
            // What has taken the machine gives it back with its process, even if the next one begins anew.
            let is_taker = matches!(it.fault, AppFault::Eats { .. } | AppFault::Forks { .. });
            let by_process = it.remedy.new_process || is_taker;
            let cures = match rung {
                Rung::Reboot => it.remedy.reboot || by_process,
                _ => by_process && !stuck,
            };
            cures && it.until_ms.saturating_sub(at_ms) > cost_ms
        })
    }
}

/// The name of a fault, for tables.
fn name_of(fault: AppFault) -> &'static str {
    match fault {
        AppFault::Exit(_) => "exits",
        AppFault::DiesAfter { .. } => "crash loop",
        AppFault::Hang => "hangs",
        AppFault::Spin => "spins",
        AppFault::Stopped => "is stopped by a signal",
        AppFault::Status { code: 500.. } => "answers 5xx",
        AppFault::Status { .. } => "answers 3xx or 4xx",
        AppFault::Announces { .. } => "announces a pause",
        AppFault::WrongBody => "answers with a wrong body",
        AppFault::WorkersHang { .. } => "some workers hang",
        AppFault::Slow { .. } => "is slow",
        AppFault::Busy { .. } => "is busy",
        AppFault::Leak { .. } => "leaks memory",
        AppFault::Eats { .. } => "eats the machine's memory",
        AppFault::Forks { .. } => "forks without end",
        AppFault::DiskFull => "disk is full",
        AppFault::DiskReadOnly => "disk is read-only",
        AppFault::DependencyDown => "dependency is down",
        AppFault::DependencySlow => "dependency is slow",
        AppFault::CertificateExpired => "certificate has expired",
        AppFault::PathCut => "path outside is cut",
        AppFault::CachedOutside => "a cache outside answers",
        AppFault::PortTaken => "port is taken",
        AppFault::Unkillable => "cannot be killed",
        _ => "cannot be recovered",
    }
}
