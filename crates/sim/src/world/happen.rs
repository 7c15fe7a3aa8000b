//! What the plan says, done.

use super::app::Active;
use super::machine::Power;
use super::{Due, World};
use crate::fact::{By, Fact};
use crate::plan::{AppFault, Happening, MachineFault, Remedy};

impl World {
    pub(super) fn do_planned(&mut self, index: usize) {
        if let Some(next) = self.plan.happenings.get(index + 1) {
            self.outside(next.at_ms, Due::Planned { index: index + 1 });
        }
        if self.is_healed {
            return;
        }
        let what = self.plan.happenings[index].what;
        self.tell(Fact::Happened(what));
        match what {
            Happening::App { app, fault, remedy } => self.afflict(app, fault, remedy),
            Happening::Machine(fault) => self.strike(fault),
            Happening::Agent(fault) if self.machine.has_power() => {
                self.agent_faults.push_back(fault);
            }
            Happening::Person(what) if self.machine.has_power() => self.do_person(what),
            Happening::Agent(_) | Happening::Person(_) => {}
        }
    }

    fn afflict(&mut self, app: usize, fault: AppFault, remedy: Remedy) {
        let once = matches!(fault, AppFault::Exit(_));
        if once && self.main(app).is_none() {
            return;
        }
        let until_ms = if remedy.after_ms == 0 { u64::MAX } else { self.now_ms + remedy.after_ms };
        let active = Active { fault, remedy, since_ms: self.now_ms, until_ms };
        self.apps[app].faults.push(active);
        if let AppFault::Busy { load_percent, retries } = fault {
            // It is over when its queue is.
            self.begin_load(app, load_percent, retries, until_ms);
        } else if until_ms != u64::MAX {
            self.outside(until_ms, Due::Turns { app });
        }
        self.burden(app, &active);
        self.tell_serving(app);
    }

    fn strike(&mut self, fault: MachineFault) {
        let now_ms = self.now_ms;
        match fault {
            MachineFault::Freeze { ms } => self.freeze(ms, false),
            MachineFault::Suspend { ms } => self.freeze(ms, true),
            MachineFault::Steal { ms, percent } => self.machine.steal(now_ms + ms, percent),
            MachineFault::WallStep { by_ms } => self.machine.step_wall(by_ms),
            MachineFault::PowerCut { off_ms } => {
                self.turn_power(Power::Down { by: By::Itself, hard: true, off_ms });
            }
            MachineFault::Disk { disk, fault, ms } => {
                self.machine.hurt_disk(disk, fault, now_ms + ms);
            }
            MachineFault::Manager { fault, ms } => self.manager.hurt(fault, now_ms + ms),
            MachineFault::NoProcesses { ms } => self.machine.refuse_processes(now_ms + ms),
            MachineFault::MemoryTaken { ms } => self.rob_memory(now_ms + ms),
            MachineFault::RebootStuck { ms, steps } => self.machine.stuck = (now_ms + ms, steps),
            MachineFault::RebootRefused { ms, steps } => {
                self.machine.refused = (now_ms + ms, steps);
            }
        }
    }

    /// Somebody who is no app takes all memory.
    fn rob_memory(&mut self, until_ms: u64) {
        if !self.machine.has_power() {
            return;
        }
        self.machine.rob(until_ms);
        for app in 0..self.apps.len() {
            self.outside(until_ms, Due::Turns { app });
            self.tell_serving(app);
        }
    }
}
