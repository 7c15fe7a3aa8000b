//! Life and death of the apps' main processes, as the kernel and the service manager tell them.

use crate::act::Stage;
use crate::boundary::Token;
use crate::executor::Executor;
use crate::manager::{ManagerEvent, UnitState};
use defib_config::spec::Target;
use defib_engine::effect::Order;
use defib_engine::event::Exit;
use defib_engine::id::{AppId, Identity};
use defib_journal::order::Report;

/// How long the death of a unit's process waits for the manager's word on its own restart.
const MANAGER_WORD_MS: u64 = 50;

/// How long after an interrupted act a stop of its unit is taken for the rest of it. A stop job lasts
/// until the unit's processes are gone, and the act would have sent KILL after its grace (60 s at
/// most).
const ORPHANED_JOB_MS: u64 = 60_000;

impl Executor {
    /// Reaps everything that has ended: our children, and the orphans that came to us as subreaper.
    pub(crate) fn reap(&mut self, now_ms: u64) {
        while let Some((pid, exit)) = self.children.reap() {
            if self.guardian.pid() == Some(pid) {
                let news = self.guardian.reaped(now_ms);
                self.take_guardian_news(news, now_ms);
            }
            self.command_reaped(pid, exit);
            for state in &mut self.apps {
                if state.identity().is_some_and(|main| main.pid == pid) {
                    state.reaped = Some((pid, exit));
                }
            }
        }
    }

    /// Looks whether an app's main process has ended, and says so.
    pub(crate) fn check_main(&mut self, app: AppId, now_ms: u64) {
        let state = &self.apps[usize::from(app.0)];
        // What is at its gate has not been announced; the gate's own end tells first.
        if self.is_at_gate(app)
            || !state.main.as_ref().is_some_and(|main| self.processes.is_gone(main))
        {
            return;
        }
        self.reap(now_ms);
        let is_unit = self.is_unit(app);
        let state = &mut self.apps[usize::from(app.0)];
        let Some(main) = state.main.take() else { return };
        if is_unit && state.restart_in_ms.is_none() {
            state.unit_death = Some((now_ms + MANAGER_WORD_MS, main.identity));
            return;
        }
        self.say_ended(app, main.identity);
    }

    /// The death of a known process, with its exit if that was seen by us or by the manager.
    fn say_ended(&mut self, app: AppId, identity: Identity) {
        let exit = match self.apps[usize::from(app.0)].reaped.take() {
            Some((pid, exit)) if pid == identity.pid => exit,
            _ => Exit::Unseen,
        };
        self.say_died(app, Some(identity), exit);
    }

    /// Whether its main process is still to become the app.
    pub(crate) fn is_at_gate(&self, app: AppId) -> bool {
        let act = self.apps[usize::from(app.0)].act.as_ref();
        matches!(act.map(|act| &act.stage), Some(Stage::AtGate(_)))
    }

    fn say_died(&mut self, app: AppId, identity: Option<Identity>, exit: Exit) {
        let state = &mut self.apps[usize::from(app.0)];
        state.last_exit = identity.map(|_| exit).or(state.last_exit);
        let restart_in_ms = state.restart_in_ms.take();
        state.told_dead = true;
        state.unit_death = None;
        self.guardian.say(&Report::Died { app, identity, exit, restart_in_ms });
    }

    /// A unit's death is told when the manager has said whether it starts it again, or was silent. A
    /// question that is open (it fails after 10 s) may be about a person's stop: then its answer is
    /// waited for, or the app would be started against that person's will.
    pub(crate) fn tell_unit_deaths(&mut self, now_ms: u64) {
        for index in 0..self.apps.len() {
            let app = AppId(index as u16);
            let state = &mut self.apps[index];
            let has_word = state.restart_in_ms.is_some();
            let Some((due, _)) = &mut state.unit_death else { continue };
            if now_ms < *due && !has_word {
                continue;
            }
            if !has_word && self.manager.is_asking_about(app) {
                *due = now_ms + MANAGER_WORD_MS;
                continue;
            }
            self.tell_unit_death(app);
        }
    }

    /// Tells a unit's death now, if one waits.
    pub(crate) fn tell_unit_death(&mut self, app: AppId) {
        if let Some((_, identity)) = self.apps[usize::from(app.0)].unit_death {
            self.say_ended(app, identity);
        }
    }

    /// The death that an act on a unit was for, if it still waits for the manager's word: told after
    /// the act's end it would look like the new process's.
    pub(crate) fn tell_judged_death(&mut self, order: &Order, now_ms: u64) {
        let Some(judged) = order.identity.filter(|_| self.is_unit(order.app)) else { return };
        if self.apps[usize::from(order.app.0)].identity() == Some(judged) {
            self.check_main(order.app, now_ms);
        }
        let waiting = self.apps[usize::from(order.app.0)].unit_death;
        if waiting.is_some_and(|(_, dead)| dead == judged) {
            self.tell_unit_death(order.app);
        }
    }

    /// The app's main process is this one: it is held, written down and told.
    pub(crate) fn adopt(&mut self, app: AppId, identity: Identity, now_ms: u64) {
        if self.hold(app, identity, now_ms) {
            self.guardian.say(&Report::Found { app, identity });
        }
    }

    /// The same without a word to the guardian, which may still number the apps by another config.
    fn hold(&mut self, app: AppId, identity: Identity, now_ms: u64) -> bool {
        if self.apps[usize::from(app.0)].identity() == Some(identity) {
            return true;
        }
        let held = self.processes.hold(identity, Some(Token::Main(app)));
        let Some(held) = held.filter(|held| !self.processes.is_gone(held)) else { return false };
        let name = self.name(app).to_owned();
        if let Err(why) = self.keeper.started(&name, identity, now_ms) {
            let pid = identity.pid;
            self.notify.complain(&format!("{name}: process {pid} is not in the ledger: {why}"));
        }
        self.tell_unit_death(app);
        let state = &mut self.apps[usize::from(app.0)];
        state.main = Some(held);
        state.told_dead = false;
        // What was said about a restart was about this one.
        state.restart_in_ms = None;
        true
    }

    /// Opens what the ledger knows of `start` apps, and tells the manager which units matter.
    pub(crate) fn take_stock(&mut self, now_ms: u64) {
        self.manager.forget_units();
        for index in 0..self.config.apps.len() {
            let app = AppId(index as u16);
            let name = self.name(app).to_owned();
            match &self.config.apps[index].target {
                Target::Unit(unit) => self.manager.watch_unit(app, &unit.name),
                Target::Child(_) if self.manager.has_transient() => {
                    self.manager.watch_unit(app, &crate::act::transient_name(&name));
                }
                Target::Child(_) => {
                    if let Some(identity) = self.keeper.process(&name) {
                        self.hold(app, identity, now_ms);
                    }
                }
                Target::Recover(_) | Target::Nothing => {
                    if let Some(identity) = self.processes.look(&self.config.apps[index].process) {
                        self.hold(app, identity, now_ms);
                    }
                }
            }
        }
    }

    /// Looks for the process of an app that is neither our child nor a unit.
    pub(crate) fn look_for(&mut self, app: AppId, now_ms: u64) {
        if let Some(identity) = self.processes.look(&self.config.apps[usize::from(app.0)].process) {
            self.adopt(app, identity, now_ms);
        }
    }

    /// Whether the service manager keeps this app.
    pub(crate) fn is_unit(&self, app: AppId) -> bool {
        match self.config.apps[usize::from(app.0)].target {
            Target::Unit(_) => true,
            Target::Child(_) => self.manager.has_transient(),
            Target::Recover(_) | Target::Nothing => false,
        }
    }

    /// News of a unit, or of the machine.
    pub(crate) fn take_unit_news(&mut self, event: &ManagerEvent, now_ms: u64) {
        match *event {
            ManagerEvent::ShuttingDown => self.guardian.say(&Report::ShuttingDown),
            ManagerEvent::Lost | ManagerEvent::Reached => self.tell_capable(),
            ManagerEvent::MainPid { app, identity } if self.has(app) => {
                self.unit_main(app, identity, now_ms);
            }
            ManagerEvent::State { app, state } if self.has(app) => {
                let known = &mut self.apps[usize::from(app.0)];
                known.unit = Some(state);
                if state == UnitState::Active && known.main.is_some() {
                    // A restart that was announced, and given up while the process still ran.
                    known.restart_in_ms = None;
                }
                if matches!(state, UnitState::Failed | UnitState::Inactive | UnitState::NotFound) {
                    self.unit_main(app, None, now_ms);
                }
            }
            ManagerEvent::RestartIn { app, in_ms } if self.has(app) => {
                self.apps[usize::from(app.0)].restart_in_ms = Some(in_ms);
            }
            ManagerEvent::Ended { app, identity, exit } if self.has(app) => {
                self.apps[usize::from(app.0)].reaped = Some((identity.pid, exit));
            }
            ManagerEvent::StoppedByPerson { app } if self.has(app) => self.stopped(app, now_ms),
            ManagerEvent::Resumed { app } if self.has(app) => {
                self.apps[usize::from(app.0)].is_stopped = false;
                self.guardian.say(&Report::Resumed { app });
            }
            // A unit of the config before this one; ends of jobs are taken elsewhere.
            _ => {}
        }
    }

    /// A stop job that is not ours. One that an executor before us began and did not survive is
    /// not ours either, but no person's.
    fn stopped(&mut self, app: AppId, now_ms: u64) {
        let name = self.name(app);
        if self.keeper.was_interrupted(name, now_ms, ORPHANED_JOB_MS) {
            let what = format!("{name}: the stop is taken for what is left of an interrupted act");
            self.notify.complain(&what);
            return;
        }
        self.apps[usize::from(app.0)].is_stopped = true;
        self.guardian.say(&Report::Stopped { app });
    }

    fn has(&self, app: AppId) -> bool {
        usize::from(app.0) < self.apps.len()
    }

    fn unit_main(&mut self, app: AppId, identity: Option<Identity>, now_ms: u64) {
        let state = &mut self.apps[usize::from(app.0)];
        match identity {
            Some(identity) => self.adopt(app, identity, now_ms),
            None if state.main.is_some() => self.check_main(app, now_ms),
            None if state.unit_death.is_some() => self.tell_unit_death(app),
            None if !state.told_dead && state.act.is_none() => {
                self.say_died(app, None, Exit::Unseen);
            }
            None => {}
        }
    }

    /// A new guardian knows nothing: what lives and what does not.
    pub(crate) fn tell_lives(&mut self) {
        for index in 0..self.apps.len() {
            let app = AppId(index as u16);
            let state = &self.apps[index];
            let at_work = state.act.is_some();
            if state.is_stopped {
                self.guardian.say(&Report::Stopped { app });
            }
            match state.identity() {
                Some(identity) => self.guardian.say(&Report::Found { app, identity }),
                None if at_work => {}
                None if state.told_dead || self.is_own_child(app) => {
                    self.say_died(app, None, Exit::Unseen);
                }
                None => {}
            }
        }
    }

    fn is_own_child(&self, app: AppId) -> bool {
        matches!(self.config.apps[usize::from(app.0)].target, Target::Child(_))
            && !self.is_unit(app)
    }
}
