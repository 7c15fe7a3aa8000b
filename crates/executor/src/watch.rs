//! Life and death of the apps' main processes, as the kernel and the service manager tell them.

use crate::act::Stage;
use crate::boundary::Token;
use crate::executor::Executor;
use defib_config::spec::Target;
use defib_engine::event::Exit;
use defib_engine::id::{AppId, Identity};
use defib_journal::order::Report;

/// How long the death of a unit's process waits for the manager's word on its own restart.
pub(crate) const MANAGER_WORD_MS: u64 = 50;

/// How soon a process that could not be held is tried again.
const HOLD_AGAIN_MS: u64 = 500;

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
    pub(crate) fn say_ended(&mut self, app: AppId, identity: Identity) {
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

    pub(crate) fn say_died(&mut self, app: AppId, identity: Option<Identity>, exit: Exit) {
        let now_ms = self.now_ms();
        let state = &mut self.apps[usize::from(app.0)];
        state.last_exit = identity.map(|_| exit).or(state.last_exit);
        let restart_in_ms = state.restart_in_ms.take();
        state.died_ms = identity.map(|_| now_ms).or(state.died_ms);
        state.told_dead = true;
        state.unit_death = None;
        self.guardian.say(&Report::Died { app, identity, exit, restart_in_ms });
    }

    /// The app's main process is this one: it is held, written down and told.
    pub(crate) fn adopt(&mut self, app: AppId, identity: Identity, now_ms: u64) {
        if self.hold(app, identity, now_ms) {
            self.guardian.say(&Report::Found { app, identity });
            self.forget_stranger(app);
        }
    }

    /// The same without a word to the guardian, which may still number the apps by another config.
    fn hold(&mut self, app: AppId, identity: Identity, now_ms: u64) -> bool {
        if self.apps[usize::from(app.0)].identity() == Some(identity) {
            return true;
        }
        let held = self.processes.hold(identity, Some(Token::Main(app)));
        let is_unheld = held.is_none() && self.processes.is_alive(identity);
        self.apps[usize::from(app.0)].unheld =
            is_unheld.then_some((now_ms + HOLD_AGAIN_MS, identity));
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
        self.open_group(app, identity);
        true
    }

    /// Tries once more to hold processes that could not be held for want of a descriptor.
    pub(crate) fn hold_again(&mut self, now_ms: u64) {
        for index in 0..self.apps.len() {
            let is_due = |(due, _): &mut (u64, Identity)| *due <= now_ms;
            if let Some((_, identity)) = self.apps[index].unheld.take_if(is_due) {
                self.adopt(AppId(index as u16), identity, now_ms);
                let state = &self.apps[index];
                if state.identity().is_none() && state.unheld.is_none() && state.act.is_none() {
                    // It has ended meanwhile, and nobody has said so.
                    self.say_died(AppId(index as u16), Some(identity), Exit::Unseen);
                }
            }
        }
    }

    /// Opens what the ledger knows of `start` apps, and tells the manager which units matter.
    pub(crate) fn take_stock(&mut self, now_ms: u64) {
        self.manager.forget_units();
        for index in 0..self.config.apps.len() {
            let app = AppId(index as u16);
            let name = self.name(app).to_owned();
            // It may be another command or address now.
            self.apps[index].stranger = None;
            // It may be another unit now; the manager says it anew.
            self.apps[index].cannot_reload = false;
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

    /// A new guardian knows nothing: what lives and what does not.
    pub(crate) fn tell_lives(&mut self, now_ms: u64) {
        for index in 0..self.apps.len() {
            let app = AppId(index as u16);
            self.look_once_more(app, now_ms);
            let state = &self.apps[index];
            let at_work = state.act.is_some();
            if state.is_stopped {
                self.guardian.say(&Report::Stopped { app });
            }
            match state.identity() {
                Some(identity) => self.guardian.say(&Report::Found { app, identity }),
                // It is there, and will be told when it is held.
                None if at_work || state.unheld.is_some() => {}
                None if state.told_dead => self.say_died(app, None, Exit::Unseen),
                None if self.is_own_child(app) && !self.finds_running(app, now_ms) => {
                    self.say_died(app, None, Exit::Unseen);
                }
                None => {}
            }
        }
    }

    /// The next process of an app that is neither our child nor a unit is looked for after its first good
    /// look. Until then it may run and hang: told as dead, it would be "started" for free, and a recover
    /// command ends it for that.
    fn look_once_more(&mut self, app: AppId, now_ms: u64) {
        let state = &self.apps[usize::from(app.0)];
        if state.main.is_some() || state.act.is_some() {
            return;
        }
        if let Some(found) = self.processes.look(&self.config.apps[usize::from(app.0)].process) {
            self.hold(app, found, now_ms);
        }
    }

    /// Whether it is a `start` app that is our own child.
    pub(crate) fn is_own_child(&self, app: AppId) -> bool {
        matches!(self.config.apps[usize::from(app.0)].target, Target::Child(_))
            && !self.is_unit(app)
    }
}
