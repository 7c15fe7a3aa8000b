//! Processes: born, signalled, ended.

use super::app::{Active, Process, Signal};
use super::{Due, World};
use crate::fact::{By, Fact};
use crate::plan::{AppFault, Keeper};
use crate::world::news::News;
use defib_engine::event::{Exit, Failure};
use defib_engine::id::Identity;

/// SIGKILL and SIGTERM, as exits.
const KILLED: Exit = Exit::Signal(9);
const TERMINATED: Exit = Exit::Signal(15);

/// From KILL until the process is gone.
const KILL_MS: u64 = 5;

/// How soon a process ends that finds its port taken.
const PORT_TAKEN_MS: u64 = 300;

impl World {
    /// The main process of an app.
    pub fn main(&self, app: usize) -> Option<Identity> {
        self.apps[app].process.map(|process| process.identity)
    }

    /// Whether this process lives.
    pub fn lives(&self, identity: Identity) -> bool {
        self.apps.iter().any(|app| app.process.is_some_and(|it| it.identity == identity))
    }

    /// Signals the process, if it is still the app's. `false`: there is no such process.
    pub fn signal(&mut self, app: usize, identity: Identity, signal: Signal, by: By) -> bool {
        if self.main(app) != Some(identity) {
            return false;
        }
        match signal {
            Signal::Kill if !self.apps[app].has(|it| *it == AppFault::Unkillable) => {
                self.end_soon(app, identity, KILL_MS, KILLED, by);
            }
            Signal::Term if self.heeds_term(app) => {
                let stop_ms = self.apps[app].plan.stop_ms;
                self.end_soon(app, identity, stop_ms, TERMINATED, by);
            }
            // Continued, a stopped process goes on; what it was to do it does, TERM too.
            Signal::Cont => self.end_faults(app, |active| active.fault == AppFault::Stopped),
            Signal::Kill | Signal::Term | Signal::Hup => {}
        }
        true
    }

    fn heeds_term(&self, app: usize) -> bool {
        let hangs = |fault: &AppFault| {
            matches!(
                fault,
                AppFault::Stopped | AppFault::Unkillable | AppFault::Spin | AppFault::Forks { .. }
            )
        };
        !self.apps[app].plan.deaf && !self.apps[app].has(hangs)
    }

    fn end_soon(&mut self, app: usize, identity: Identity, ms: u64, exit: Exit, by: By) {
        let Some(process) = &mut self.apps[app].process else { return };
        process.is_ending = true;
        self.inside(self.now_ms + ms, Due::Dies { app, identity, exit, by });
    }

    /// Starts a process of the app.
    pub fn spawn(&mut self, app: usize, by: By) -> Result<Identity, Failure> {
        if !self.makes_processes() {
            return Err(Failure::OurLimit);
        }
        if by == By::Agent && self.recover_is_broken(app) {
            // The command that hangs is as one for which there is never room: until the deadline.
            let hangs = self.apps[app].has(|fault| *fault == AppFault::RecoverHangs);
            return Err(if hangs { Failure::OurLimit } else { Failure::ExitCode(1) });
        }
        if self.apps[app].process.is_some() {
            return Err(Failure::Job);
        }
        Ok(self.bear(app, by))
    }

    /// The user's command that recovers the app does nothing.
    pub fn recover_is_broken(&self, app: usize) -> bool {
        let breaks =
            |fault: &AppFault| matches!(fault, AppFault::RecoverFails | AppFault::RecoverHangs);
        self.apps[app].plan.keeper == Keeper::Command && self.apps[app].has(breaks)
    }

    /// A process that is no app's main process, or not yet.
    pub fn new_identity(&mut self) -> Identity {
        self.next_pid += 1;
        let boot_ms = self.machine.boot_ms(self.now_ms);
        Identity { pid: self.next_pid, start_ticks: boot_ms / 10 }
    }

    /// Such a process becomes the app. `false`: another one has its place.
    pub fn become_app(&mut self, app: usize, identity: Identity, by: By) -> bool {
        let is_free = self.apps[app].process.is_none();
        if is_free {
            self.bear_as(app, identity, by);
        }
        is_free
    }

    pub(super) fn bear(&mut self, app: usize, by: By) -> Identity {
        let identity = self.new_identity();
        self.bear_as(app, identity, by);
        identity
    }

    fn bear_as(&mut self, app: usize, identity: Identity, by: By) {
        let now_ms = self.now_ms;
        let is_busy = |fault: AppFault| matches!(fault, AppFault::Busy { .. });
        self.end_faults(app, |active| active.remedy.new_process && !is_busy(active.fault));
        if let Some(load) = &mut self.apps[app].load {
            load.queue = 0;
        }
        let state = &mut self.apps[app];
        state.generation += 1;
        state.process = Some(Process { identity, born_ms: now_ms, is_ending: false });
        state.warm_at_ms = now_ms + state.plan.warm_up_ms;
        state.is_in_hand = false;
        self.begin_life(app, identity);
        let warm_at_ms = self.apps[app].warm_at_ms;
        self.inside(warm_at_ms, Due::Turns { app });
        self.tell(Fact::Born { app, identity, by });
        for active in self.apps[app].faults.clone() {
            self.burden(app, &active);
        }
        match self.apps[app].plan.keeper {
            // Known by its port: when it listens.
            Keeper::Command => self.inside(warm_at_ms, Due::Listens { app, identity }),
            Keeper::Unit { .. } | Keeper::Agent => {
                self.news.push_back(News::Born { app, identity });
            }
        }
    }

    pub(super) fn listens(&mut self, app: usize, identity: Identity) {
        if self.main(app) == Some(identity) {
            self.news.push_back(News::Born { app, identity });
        }
    }

    /// What a fault does to a process: now, or when it is born.
    pub(super) fn burden(&mut self, app: usize, active: &Active) {
        let Some(identity) = self.main(app) else { return };
        let (after_ms, exit) = match active.fault {
            AppFault::Exit(exit) => (0, exit),
            AppFault::DiesAfter { after_ms } => (after_ms, Exit::Code(1)),
            AppFault::PortTaken => (PORT_TAKEN_MS, Exit::Code(98)),
            AppFault::Leak { lasts_ms } => (lasts_ms, KILLED),
            AppFault::Eats { lasts_ms, oom_ms } => {
                self.sickens_in(app, lasts_ms);
                if oom_ms == 0 {
                    return;
                }
                (lasts_ms + oom_ms, KILLED)
            }
            AppFault::Forks { lasts_ms } => return self.sickens_in(app, lasts_ms),
            _ => return,
        };
        let fault = active.fault;
        self.inside(self.now_ms + after_ms, Due::Succumbs { app, identity, exit, fault });
    }

    pub(super) fn die(&mut self, app: usize, identity: Identity, exit: Exit, by: By) {
        if self.main(app) != Some(identity) {
            return;
        }
        let state = &mut self.apps[app];
        state.process = None;
        let generation = state.generation;
        // A fault that was only this death is over.
        state.faults.retain(|active| !matches!(active.fault, AppFault::Exit(_)));
        let restarts = match state.plan.keeper {
            Keeper::Unit { restart_ms } if by == By::Itself || by == By::Agent => restart_ms,
            _ => None,
        };
        let restart_ms = restarts.filter(|_| !self.manager.is_stopping(app));
        self.tell(Fact::Died { app, identity, exit, by });
        self.tell_serving(app);
        self.news.push_back(News::Died { app, identity, exit, restart_ms });
        self.cut_looks(app);
        if let Some(ms) = restart_ms {
            self.inside(self.now_ms + ms, Due::Respawns { app, generation });
        }
    }

    /// It is gone with the machine: nobody is told.
    pub(super) fn vanish(&mut self, app: usize) {
        if let Some(process) = self.apps[app].process.take() {
            let (identity, exit) = (process.identity, KILLED);
            self.tell(Fact::Died { app, identity, exit, by: By::Machine });
        }
        self.apps[app].faults.retain(|active| !matches!(active.fault, AppFault::Exit(_)));
        self.tell_serving(app);
    }

    /// The truth about the app may have changed: warm-up, or a fault that ends by itself.
    pub(super) fn turn(&mut self, app: usize) {
        let now_ms = self.now_ms;
        let is_busy = |fault: AppFault| matches!(fault, AppFault::Busy { .. });
        self.end_faults(app, |active| active.until_ms <= now_ms && !is_busy(active.fault));
        self.tell_serving(app);
    }

    pub(super) fn end_faults(&mut self, app: usize, which: impl Fn(&Active) -> bool) {
        let before = self.apps[app].faults.len();
        self.apps[app].faults.retain(|active| !which(active));
        if !self.apps[app].has(|fault| matches!(fault, AppFault::Busy { .. })) {
            self.apps[app].load = None;
        }
        if self.apps[app].faults.len() < before && self.apps[app].faults.is_empty() {
            self.tell(Fact::Mended { app });
        }
        self.tell_serving(app);
    }

    /// What the users get has changed, perhaps for those of other apps too.
    pub(super) fn tell_serving(&mut self, app: usize) {
        if self.tell_sickness() {
            (0..self.apps.len()).filter(|other| *other != app).for_each(|it| self.tell_serving(it));
        }
        let own = self.apps[app].serves_permille(self.now_ms).min(self.served_by_machine(app));
        let needed = self.needs.of_app(app).map(|other| self.apps[other].permille);
        let permille = needed.fold(own, u16::min);
        if permille == self.apps[app].permille {
            return;
        }
        self.apps[app].permille = permille;
        self.tell(Fact::Serves { app, permille });
        // A circle of needs ends here: nothing of it can rise, and what falls does so once.
        for other in self.needs.needing(app).collect::<Vec<_>>() {
            self.tell_serving(other);
        }
    }
}
