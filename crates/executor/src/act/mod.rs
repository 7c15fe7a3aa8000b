//! Orders on their way: ledger first, then the act as a small machine that the loop advances.

mod child;
mod clean;
mod command;
mod ending;
mod pause;
mod reboot;
mod silence;
mod strike;
mod unit;
mod unmanaged;

use ending::Then;

use crate::admit::{self, Facts};
use crate::executor::Executor;
use crate::manager::{JobId, ManagerEvent};
use defib_config::spec::Target;
use defib_engine::effect::{Order, Rung};
use defib_engine::event::{Exit, Failure, OrderRefusal, Outcome};
use defib_engine::id::{AppId, IntentId};
use defib_journal::order::{ActStep, Report};

pub(crate) use child::AtGate;
pub(crate) use clean::CleanAct;
pub(crate) use command::{CommandAct, command_log};
pub(crate) use ending::Ending;
pub(crate) use pause::Pause;
pub(crate) use reboot::RebootAct;
pub(crate) use silence::Mute;
pub(crate) use unit::{UnitAct, transient_name};

/// One order that is being carried out.
#[derive(Debug)]
pub(crate) struct Act {
    /// The order.
    pub(crate) order: Order,
    /// When it must have ended.
    pub(crate) end_at: u64,
    /// How far it is.
    pub(crate) stage: Stage,
}

/// How far an act is.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Processes are being ended.
    Ending(Ending),
    /// The app is to be started, after this pause.
    Spawning(Pause),
    /// The child waits at its gate, or is becoming the app.
    AtGate(AtGate),
    /// Jobs of the service manager.
    Unit(UnitAct),
    /// The user's command is to be started, after this pause.
    Calling(Pause),
    /// The user's command runs.
    Command(CommandAct),
    /// Files are being deleted.
    Cleaning(CleanAct),
    /// The ledger's disk copy is awaited, until then.
    DiskWait(u64),
    /// The machine is being rebooted, harder and harder.
    Rebooting(Box<RebootAct>),
}

/// How a job ended.
pub(crate) type JobResult = Result<(), (Failure, String)>;

/// What a look at a stage led to.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Nothing to do before an event or a deadline.
    Wait(Stage),
    /// Go on at once.
    Next(Stage),
    /// The order ended.
    End(Outcome, String),
}

impl Act {
    /// When it must be looked at even without an event.
    pub(crate) fn deadline_ms(&self) -> u64 {
        let stage = match &self.stage {
            Stage::Ending(ending) => ending.deadline_ms(),
            Stage::Spawning(pause) | Stage::Calling(pause) => Some(pause.until),
            Stage::Cleaning(clean) => Some(clean.deadline_ms()),
            Stage::DiskWait(at) => Some(*at),
            Stage::Unit(unit) => unit.deadline_ms(),
            Stage::Command(command) => command.deadline_ms(),
            Stage::Rebooting(reboot) => return reboot.deadline_ms(),
            Stage::AtGate(_) => None,
        };
        stage.unwrap_or(self.end_at)
    }
}

impl Executor {
    /// Takes an order from the guardian.
    pub(crate) fn take_order(&mut self, order: Order, now_ms: u64) {
        let fresh_until_ms = self.fresh_until_ms.take();
        if let Err(refusal) = admit::check_fresh(&order, fresh_until_ms, now_ms) {
            let (outcome, detail) = refusal;
            self.say_acted(&order, outcome, &detail);
            return;
        }
        if let Err((outcome, detail)) = self.check(&order, now_ms) {
            self.say_acted(&order, outcome, &detail);
            return;
        }
        if let Err((outcome, detail)) = self.check_port(&order, now_ms) {
            self.say_acted(&order, outcome, &detail);
            return;
        }
        let rules = &self.config.policy.apps[usize::from(order.app.0)];
        if let Err(detail) = self.keeper.begin(&order, rules, now_ms) {
            self.say_acted(&order, Outcome::Refused(OrderRefusal::LedgerUnwritable), &detail);
            return;
        }
        if order.rung == Rung::Reboot {
            self.forget_person();
        }
        self.say_step(&order, ActStep::Written);
        let end_at = now_ms + admit::deadline_ms(&order, &self.config.policy);
        match self.first_stage(&order, now_ms, end_at) {
            Turn::Wait(stage) | Turn::Next(stage) => {
                self.apps[usize::from(order.app.0)].act = Some(Act { order, end_at, stage });
                self.advance_act(order.app, now_ms);
            }
            Turn::End(outcome, detail) => self.end_order(&order, outcome, &detail, now_ms),
        }
    }

    fn check(&self, order: &Order, now_ms: u64) -> Result<(), admit::Refusal> {
        admit::check_number(order, self.keeper.ledger())?;
        let index = usize::from(order.app.0);
        let is_ending = self.stopping.is_some() || self.held_until.is_some();
        if self.is_config_pending || is_ending {
            let why = if self.is_config_pending {
                "a new config has been sent; this order was numbered by the old one"
            } else {
                "defib is ending"
            };
            return Err((Outcome::Refused(OrderRefusal::Busy), why.into()));
        }
        let Some(app) = self.config.apps.get(index) else {
            let outcome = Outcome::Refused(OrderRefusal::UnknownTarget);
            return Err((outcome, format!("there is no app number {index} in the config")));
        };
        self.check_observing(order.rung)?;
        let state = &self.apps[index];
        let facts = Facts {
            now: self.keeper.moment(now_ms),
            up_ms: now_ms,
            main: state.known().filter(|main| self.processes.is_alive(*main)),
            is_busy: state.act.is_some(),
            is_stopped: state.is_stopped,
            ledger: self.keeper.ledger(),
        };
        admit::admit(order, &self.config.policy, app, &facts)
    }

    fn first_stage(&mut self, order: &Order, now_ms: u64, end_at: u64) -> Turn {
        if order.rung == Rung::Reboot {
            return Turn::Next(Stage::DiskWait(now_ms + reboot::DISK_DEADLINE_MS));
        }
        if order.rung == Rung::Clean {
            return Turn::Next(Stage::Cleaning(CleanAct::Beginning(Pause::none(now_ms))));
        }
        match &self.config.apps[usize::from(order.app.0)].target {
            Target::Unit(unit) => {
                let act = UnitAct::of_unit(unit, order.rung);
                self.begin_unit(order, act, now_ms, end_at)
            }
            Target::Child(child) if self.manager.has_transient() => {
                let (act, grace_ms) = (UnitAct::of_transient(child, order.rung), child.grace_ms);
                if !self.lives_outside(order.app) {
                    return self.begin_unit(order, act, now_ms, end_at);
                }
                if order.rung == Rung::Reload {
                    return self.reload(order);
                }
                self.begin_ending(order, grace_ms, Then::Jobs(act), now_ms, end_at)
            }
            Target::Child(child) if order.rung == Rung::Reload => self.reload(order),
            Target::Child(child) => {
                let grace_ms = child.grace_ms;
                self.begin_ending(order, grace_ms, Then::Start, now_ms, end_at)
            }
            Target::Recover(_) => Turn::Next(Stage::Calling(Pause::none(now_ms))),
            Target::Nothing => {
                Turn::End(Outcome::Failed(Failure::NotPossible), "there is no target".into())
            }
        }
    }

    /// Whether this very intent is being carried out now.
    pub(crate) fn is_carried_out(&self, intent: IntentId) -> bool {
        let acts = self.apps.iter().filter_map(|app| app.act.as_ref());
        acts.map(|act| act.order.intent).any(|number| number == intent)
    }

    /// Looks at the app's act, as long as that leads on.
    pub(crate) fn advance_act(&mut self, app: AppId, now_ms: u64) {
        while let Some(Act { order, end_at, stage }) = self.apps[usize::from(app.0)].act.take() {
            let turn = match stage {
                Stage::Ending(ending) => self.turn_ending(&order, ending, now_ms, end_at),
                Stage::Spawning(pause) => self.turn_spawning(&order, pause, now_ms, end_at),
                Stage::AtGate(gate) => self.turn_at_gate(&order, gate, now_ms, end_at),
                Stage::Unit(unit) => self.turn_unit(&order, unit, now_ms, end_at),
                Stage::Calling(pause) => self.turn_calling(&order, pause, now_ms, end_at),
                Stage::Command(command) => self.turn_command(&order, command, now_ms, end_at),
                Stage::Cleaning(clean) => self.turn_cleaning(clean, now_ms, end_at),
                Stage::DiskWait(until) => self.turn_disk_wait(&order, until, now_ms),
                Stage::Rebooting(reboot) => self.turn_reboot(&order, reboot, now_ms),
            };
            let state = &mut self.apps[usize::from(app.0)];
            match turn {
                Turn::Wait(stage) => {
                    state.act = Some(Act { order, end_at, stage });
                    return;
                }
                Turn::Next(stage) => state.act = Some(Act { order, end_at, stage }),
                Turn::End(outcome, detail) => {
                    self.tell_judged_death(&order, now_ms);
                    self.end_order(&order, outcome, &detail, now_ms);
                    self.check_main(app, now_ms);
                }
            }
        }
    }

    /// The result goes to the ledger before anybody hears of it.
    fn end_order(&mut self, order: &Order, outcome: Outcome, detail: &str, now_ms: u64) {
        self.keeper.finish(order.intent, outcome, now_ms);
        self.say_acted(order, outcome, detail);
    }

    fn say_acted(&mut self, order: &Order, outcome: Outcome, detail: &str) {
        let detail = crate::words::cut(detail, 200);
        let Order { app, intent, rung, .. } = *order;
        self.guardian.say(&Report::Acted { app, intent, rung, outcome, detail });
    }

    pub(crate) fn say_step(&mut self, order: &Order, step: ActStep) {
        let at = self.keeper.moment(self.clock.now_ms());
        let Order { app, intent, .. } = *order;
        self.guardian.say(&Report::Step { app, intent, step, at });
    }

    /// A job of the manager ended: the act that waits for it is told.
    pub(crate) fn job_done(&mut self, done: JobId, outcome: JobResult) {
        for state in &mut self.apps {
            match state.act.as_mut().map(|act| &mut act.stage) {
                Some(Stage::Unit(unit)) if unit.awaits(done) => return unit.tell(outcome),
                Some(Stage::Rebooting(reboot)) if reboot.awaits(done) => {
                    return reboot.tell(outcome);
                }
                _ => {}
            }
        }
    }

    /// A child was reaped: the command that it may have been is told.
    pub(crate) fn command_reaped(&mut self, pid: u32, exit: Exit) {
        for state in &mut self.apps {
            if let Some(Stage::Command(command)) = state.act.as_mut().map(|act| &mut act.stage) {
                command.reaped(pid, exit);
            }
        }
    }

    /// Takes what the service manager said.
    pub(crate) fn take_manager_news(&mut self, now_ms: u64) {
        let mut events = Vec::new();
        self.manager.advance(now_ms, &mut events);
        for event in events {
            match event {
                ManagerEvent::JobDone { job, result } => self.job_done(job, result),
                ManagerEvent::Running { jobs } => self.take_running(jobs, now_ms),
                other => self.take_unit_news(&other, now_ms),
            }
        }
    }
}
