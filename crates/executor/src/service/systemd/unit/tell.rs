//! What of that is told, and when.

use super::{Foreign, Unit};
use crate::manager::{ManagerEvent, UnitState};
use crate::process::stat;
use defib_engine::id::Identity;

/// What a unit's own supervisor gets on top of RestartSec before somebody else starts the unit: its
/// start job has to be queued and run first.
const GRACE_MS: u32 = 2_000;

impl Unit {
    /// Tells what changed since it was told last. Waits for open questions, so that nothing is
    /// told that the next answer would take back.
    pub(in crate::service::systemd) fn settle(
        &mut self,
        now_ms: u64,
        is_ours: bool,
        events: &mut Vec<ManagerEvent>,
    ) {
        let is_held = self.held_until_ms.is_some_and(|until_ms| now_ms < until_ms);
        if self.open_questions > 0 || self.path.is_empty() || is_held {
            return;
        }
        let Some(state) = self.state() else { return };
        self.held_until_ms = None;
        self.tell_reload(events);
        if !is_ours {
            self.tell_stop(state, events);
        }
        let main = self.main();
        if main.is_none() && !self.told.has_main && self.is_yet_to_come(state) {
            return;
        }
        if let Some(identity) = self.told.main.filter(|told| Some(*told) != main)
            && let Some(exit) = self.exec_main.exit()
        {
            events.push(ManagerEvent::Ended { app: self.app, identity, exit });
        }
        if main.is_some() && state != UnitState::Deactivating {
            self.told.has_restart = false;
        } else if !is_ours && !self.told.is_stopped {
            self.tell_restart(state, main.is_some(), events);
        }
        if self.told.main != main || !self.told.has_main {
            self.told.main = main;
            self.told.has_main = true;
            events.push(ManagerEvent::MainPid { app: self.app, identity: main });
        }
        if self.told.state != Some(state) {
            self.told.state = Some(state);
            events.push(ManagerEvent::State { app: self.app, state });
        }
        if !is_ours {
            self.tell_back(state, main.is_some(), events);
        }
        if self.job == 0 {
            self.foreign = Foreign::None;
        }
    }

    fn tell_reload(&mut self, events: &mut Vec<ManagerEvent>) {
        if let Some(can) = self.can_reload.filter(|can| self.told.can_reload != Some(*can)) {
            self.told.can_reload = Some(can);
            events.push(ManagerEvent::CanReload { app: self.app, can });
        }
    }

    /// Whether it is on its way up. At boot its job may have to wait for others: no process is no death
    /// then.
    fn is_yet_to_come(&self, state: UnitState) -> bool {
        match state {
            UnitState::Activating => !self.sub_state.starts_with("auto-restart"),
            UnitState::Inactive | UnitState::Failed => {
                self.foreign == Foreign::Start && self.job != 0
            }
            _ => false,
        }
    }

    /// The main process. One that was told stays it until the manager names another: its death
    /// is told by the manager too, together with what becomes of the unit.
    fn main(&self) -> Option<Identity> {
        self.told.main.filter(|told| told.pid == self.main_pid).or_else(|| alive(self.main_pid))
    }

    fn tell_stop(&mut self, state: UnitState, events: &mut Vec<ManagerEvent>) {
        let is_down = matches!(state, UnitState::Inactive | UnitState::Failed);
        let is_masked = self.load_state == "masked";
        let is_off =
            is_masked && is_down || self.file_state == "disabled" && state == UnitState::Inactive;
        let is_stopped = match self.foreign {
            Foreign::Stop => true,
            // A transient unit is forgotten as soon as it is down.
            Foreign::Vanished => matches!(state, UnitState::Inactive | UnitState::NotFound),
            Foreign::Start => false,
            Foreign::None => is_off && !self.is_off_excused,
        };
        if is_stopped && !self.told.is_stopped {
            self.told.is_stopped = true;
            events.push(ManagerEvent::StoppedByPerson { app: self.app });
        }
        if self.is_up() {
            self.is_off_excused = false;
        }
    }

    /// A person's start ends a person's stop once it has come to something: before, the process is
    /// still known as gone, and would be started a second time.
    fn tell_back(&mut self, state: UnitState, lives: bool, events: &mut Vec<ManagerEvent>) {
        let is_wanted =
            self.foreign == Foreign::Start || self.is_up() && self.foreign != Foreign::Stop;
        let has_come = lives || self.job == 0 || state == UnitState::Active;
        if self.told.is_stopped && is_wanted && has_come {
            self.told.is_stopped = false;
            events.push(ManagerEvent::Resumed { app: self.app });
        }
    }

    fn tell_restart(&mut self, state: UnitState, lives: bool, events: &mut Vec<ManagerEvent>) {
        let in_ms = self.restart_in_ms(state, lives);
        if let Some(in_ms) = in_ms.filter(|_| !self.told.has_restart) {
            self.told.has_restart = true;
            let in_ms = in_ms.saturating_add(GRACE_MS);
            events.push(ManagerEvent::RestartIn { app: self.app, in_ms });
        }
    }

    fn restart_in_ms(&self, state: UnitState, lives: bool) -> Option<u32> {
        // 254 and later: auto-restart-queued.
        if self.sub_state.starts_with("auto-restart") {
            return Some(self.restart_ms);
        }
        let had_process = self.told.main.is_some();
        match state {
            _ if !had_process => None,
            // A person's restart. Its stop may take a while, and the kernel tells of the death before
            // PID 1 does: so this is told as soon as it is known.
            UnitState::Deactivating if self.foreign == Foreign::Start => Some(0),
            _ if lives => None,
            UnitState::Active | UnitState::Activating if self.foreign == Foreign::Start => Some(0),
            // Down, but the second half of that job is still to come.
            UnitState::Inactive | UnitState::Failed
                if self.foreign == Foreign::Start && self.job != 0 =>
            {
                Some(0)
            }
            // Other processes of the unit are still being ended: systemd has not said yet.
            UnitState::Active | UnitState::Deactivating if self.rule.covers(self.exec_main) => {
                Some(self.restart_ms)
            }
            _ => None,
        }
    }
}

/// The process under this number, if it lives.
fn alive(pid: u32) -> Option<Identity> {
    let stat = stat::read(pid).filter(|_| pid > 0)?;
    stat.is_alive().then_some(stat.identity)
}
