//! Life and death of units, as the service manager tells them.

use crate::executor::Executor;
use crate::manager::{ManagerEvent, UnitState};
use crate::watch::MANAGER_WORD_MS;
use defib_config::spec::Target;
use defib_engine::effect::Order;
use defib_engine::event::Exit;
use defib_engine::id::{AppId, Identity};
use defib_journal::order::Report;

/// How long after an interrupted act a stop of its unit is taken for the rest of it. A stop job lasts
/// until the unit's processes are gone, and the act would have sent KILL after its grace (60 s at
/// most).
const ORPHANED_JOB_MS: u64 = 60_000;

impl Executor {
    /// Whether the service manager keeps this app.
    pub(crate) fn is_unit(&self, app: AppId) -> bool {
        match self.config.apps[usize::from(app.0)].target {
            Target::Unit(_) => true,
            Target::Child(_) => self.manager.has_transient(),
            Target::Recover(_) | Target::Nothing => false,
        }
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

    /// News of a unit, or of the machine.
    pub(crate) fn take_unit_news(&mut self, event: &ManagerEvent, now_ms: u64) {
        match *event {
            ManagerEvent::ShuttingDown => {
                self.is_shutting_down = true;
                self.guardian.say(&Report::ShuttingDown);
            }
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
            ManagerEvent::CanReload { app, can } if self.has(app) => {
                let known = &mut self.apps[usize::from(app.0)];
                if std::mem::replace(&mut known.cannot_reload, !can) == can {
                    self.tell_capable_of(app);
                }
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
            None if state.unheld.is_some() => state.unheld = None,
            None if state.unit_death.is_some() => self.tell_unit_death(app),
            // It is looked at again by itself.
            None if state.told_dead || state.act.is_some() || state.stranger.is_some() => {}
            None if self.finds_adopted(app, now_ms) || self.finds_running(app, now_ms) => {}
            None => self.say_died(app, None, Exit::Unseen),
        }
    }
}
