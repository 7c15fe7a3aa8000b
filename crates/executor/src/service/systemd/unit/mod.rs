//! What is known about one watched unit, and what was told about it.

mod tell;

use super::property::{Owned, Property};
use super::restart_rule::{ExecMain, RestartRule};
use crate::manager::UnitState;
use defib_engine::id::{AppId, Identity};

/// PropertiesChanged of the service and of the unit are two signals, in this order, and systemd 252
/// says `failed` before it says `auto-restart`. So long the news of a death waits for the last of
/// them, which says whether the unit is to start again.
const HOLD_MS: u64 = 50;

/// A person's stop job, as far as it was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Foreign {
    /// None.
    #[default]
    None,
    /// A stop job.
    Stop,
    /// A job that will start the unit (again).
    Start,
    /// A job that was gone before its type could be read, on a unit that ran.
    Vanished,
}

/// What was told last.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    state: Option<UnitState>,
    main: Option<Identity>,
    has_main: bool,
    is_stopped: bool,
    has_restart: bool,
    can_reload: Option<bool>,
}

/// One watched unit.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) app: AppId,
    /// As the config names it.
    pub(super) name: String,
    /// As the manager names it; differs if `name` is an alias.
    pub(super) id: String,
    /// Its object; empty until LoadUnit has answered.
    pub(super) path: String,
    /// Questions without an answer.
    pub(super) open_questions: u16,
    /// The job that was looked at last.
    pub(super) examined_job: u32,
    foreign: Foreign,
    job: u32,
    load_state: String,
    active_state: String,
    sub_state: String,
    file_state: String,
    rule: RestartRule,
    restart_ms: u32,
    exec_main: ExecMain,
    main_pid: u32,
    can_reload: Option<bool>,
    held_until_ms: Option<u64>,
    /// It was down without a person's doing, so that being disabled says nothing.
    is_off_excused: bool,
    told: Told,
}

impl Unit {
    pub(super) fn new(app: AppId, name: &str) -> Unit {
        Unit {
            app,
            name: name.into(),
            id: name.into(),
            path: String::new(),
            open_questions: 0,
            examined_job: 0,
            foreign: Foreign::None,
            job: 0,
            load_state: String::new(),
            active_state: String::new(),
            sub_state: String::new(),
            file_state: String::new(),
            rule: RestartRule::default(),
            restart_ms: 0,
            exec_main: ExecMain::default(),
            main_pid: 0,
            can_reload: None,
            held_until_ms: None,
            is_off_excused: false,
            told: Told::default(),
        }
    }

    /// The connection was lost: what was known may be wrong, and all is told anew. A person's stop
    /// stays one until the unit runs.
    pub(super) fn forget(&mut self) {
        let told = Told { is_stopped: self.told.is_stopped, ..Told::default() };
        let is_off_excused = self.is_off_excused;
        *self = Unit { is_off_excused, told, ..Unit::new(self.app, &self.name) };
    }

    /// Whether this name means it.
    pub(super) fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.id == name
    }

    pub(super) fn deadline_ms(&self) -> Option<u64> {
        self.held_until_ms
    }

    /// Whether it runs, or did before the job that is being looked at.
    pub(super) fn is_up(&self) -> bool {
        matches!(self.state(), Some(UnitState::Active | UnitState::Activating))
    }

    /// We are about to stop or kill it ourselves.
    pub(super) fn excuse(&mut self) {
        self.is_off_excused = true;
    }

    /// Takes a value that the manager has sent.
    pub(super) fn apply(&mut self, property: Property, value: Owned) {
        match (property, value) {
            (Property::Id, Owned::Text(text)) => self.id = text,
            (Property::LoadState, Owned::Text(text)) => self.load_state = text,
            (Property::ActiveState, Owned::Text(text)) => self.become_active_state(text),
            (Property::SubState, Owned::Text(text)) => self.sub_state = text,
            (Property::UnitFileState, Owned::Text(text)) => self.become_file_state(text),
            (Property::Job, Owned::Job(id, _)) => self.job = id,
            (Property::CanReload, Owned::Number(can)) => self.can_reload = Some(can != 0),
            (Property::MainPid, Owned::Number(pid)) => self.main_pid = pid as u32,
            (Property::Restart, Owned::Text(text)) => self.rule.restart = text,
            (Property::RestartUsec, Owned::Number(usec)) => {
                self.restart_ms = u32::try_from(usec / 1000).unwrap_or(u32::MAX);
            }
            (Property::RestartPrevent, Owned::Exits(set)) => self.rule.prevent = set,
            (Property::RestartForce, Owned::Exits(set)) => self.rule.force = set,
            (Property::Success, Owned::Exits(set)) => self.rule.success = set,
            (Property::ExecMainCode, Owned::Signed(code)) => self.exec_main.code = code,
            (Property::ExecMainStatus, Owned::Signed(status)) => self.exec_main.status = status,
            // A value of another type than the documented one: as if it had not come.
            _ => {}
        }
    }

    fn become_active_state(&mut self, state: String) {
        let was_up = self.is_up();
        self.active_state = state;
        // Down by itself: only a stop job, or disabling it afterwards, is a person's word.
        self.is_off_excused |= was_up && !self.is_up() && self.foreign != Foreign::Stop;
    }

    fn become_file_state(&mut self, state: String) {
        if !self.file_state.is_empty() && self.file_state != state {
            self.is_off_excused = false;
        }
        self.file_state = state;
    }

    /// A signal has brought `changes`: a death waits for the unit's own signal.
    pub(super) fn hear(&mut self, of_unit: bool, changes: Vec<(Property, Owned)>, now_ms: u64) {
        for (property, value) in changes {
            self.apply(property, value);
        }
        let was_alive = self.told.main.is_some();
        if of_unit && !self.may_be_about_to_restart() {
            self.held_until_ms = None;
        } else if self.main_pid == 0 && was_alive {
            self.held_until_ms.get_or_insert(now_ms + HOLD_MS);
        }
    }

    /// Whether it is down by a death that its own Restart= covers, and not yet waiting for that.
    fn may_be_about_to_restart(&self) -> bool {
        let is_down = matches!(self.state(), Some(UnitState::Failed | UnitState::Inactive));
        is_down && self.foreign == Foreign::None && self.rule.covers(self.exec_main)
    }

    /// The answer to what a job is for; `was_up` from when it was asked.
    pub(super) fn learn_job(&mut self, kind: Option<&str>) {
        self.foreign = match kind {
            Some("stop") => Foreign::Stop,
            Some("start" | "restart" | "try-restart" | "reload-or-start") => Foreign::Start,
            Some(_) => self.foreign,
            None if self.told.state == Some(UnitState::Active) => Foreign::Vanished,
            None => Foreign::None,
        };
    }

    fn state(&self) -> Option<UnitState> {
        if self.load_state == "not-found" && self.active_state == "inactive" {
            return Some(UnitState::NotFound);
        }
        match self.active_state.as_str() {
            "active" | "reloading" | "refreshing" => Some(UnitState::Active),
            "activating" => Some(UnitState::Activating),
            "deactivating" => Some(UnitState::Deactivating),
            "inactive" | "maintenance" => Some(UnitState::Inactive),
            "failed" => Some(UnitState::Failed),
            _ => None,
        }
    }
}
