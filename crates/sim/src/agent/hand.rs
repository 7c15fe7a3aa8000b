//! A plain hand for the engine-level agent: it carries out what the engine orders, with the real ledger
//! and without the real executor's second opinion, so that the engine must be right on its own.

use super::engine::WrongHand;
use crate::fact::{By, Fact};
use crate::plan::Keeper;
use crate::world::{JobKind, Signal, World};
use defib_config::spec::Target;
use defib_engine::effect::{Order, Rung};
use defib_engine::event::{Failure, LedgerIntent, OrderRefusal, Outcome, StartCount, Started};
use defib_engine::freeze::Vain;
use defib_engine::id::{AppId, IntentId};
use defib_engine::policy::Policy;
use defib_engine::time::Moment;
use defib_journal::ledger::Ledger;

/// The longest grace of the rung *kill*, as in the executor.
const KILL_GRACE_MS: u64 = 2_000;

/// How often an act that waits for a process looks again.
const LOOK_MS: u64 = 25;

/// Charges older than this are forgotten, as in the executor.
const KEEP_MS: u64 = 7 * 86_400_000;

/// How far an act is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Ending { kill_at_ms: Option<u64> },
    Starting,
    Job { number: u64, kill_at_ms: Option<u64> },
    Reboot,
}

/// An order that is being carried out.
#[derive(Clone, Copy, Debug)]
struct Act {
    order: Order,
    stage: Stage,
    end_at_ms: u64,
    look_at_ms: u64,
}

/// An order that ended.
pub(super) type Answer = (AppId, IntentId, Outcome);

/// The hand.
#[derive(Clone, Debug)]
pub(super) struct Hand {
    pub(super) ledger: Ledger,
    acts: Vec<Option<Act>>,
    next_job: u64,
    pub(super) wrong: WrongHand,
    /// What a wrong hand is going to repeat.
    cut: Vec<Order>,
}

impl Hand {
    pub(super) fn new(apps_len: usize) -> Hand {
        Hand {
            ledger: Ledger::fresh([0; 16]),
            acts: vec![None; apps_len],
            next_job: 1,
            wrong: WrongHand::Right,
            cut: Vec::new(),
        }
    }

    /// A new executor: what ran is cut off, and the ledger says so.
    pub(super) fn begin(&mut self, world: &World) {
        let machine = world.machine();
        let is_new_boot = self.ledger.next_boot(machine.boot_id());
        let open = self.ledger.apps().iter().flat_map(|app| app.intents.iter());
        let open: Vec<(IntentId, Rung)> = open
            .filter(|record| record.outcome.is_none())
            .map(|record| (record.intent, record.rung))
            .collect();
        for (intent, rung) in open {
            let done = is_new_boot && rung == Rung::Reboot;
            self.ledger.finish(intent, if done { Outcome::Done } else { Outcome::Interrupted });
        }
        self.acts.fill(None);
        let now = self.moment(world);
        self.ledger.prune(now, KEEP_MS);
    }

    /// The up-time line never runs backwards: after a hard reset the guardian's memory may be younger
    /// than the ledger's stamp, and the later one counts, as in the guardian.
    pub(super) fn keep_line_after(&mut self, world: &World, at: Moment) {
        let behind_ms = at.since(self.moment(world));
        self.ledger.line_offset_ms += behind_ms;
    }

    /// A wrong hand does again what was cut off.
    pub(super) fn repeat(&mut self, world: &mut World) {
        for order in std::mem::take(&mut self.cut) {
            let _ = self.begin_act(world, order);
        }
    }

    /// The executor is gone: its acts go no further.
    pub(super) fn drop_acts(&mut self) {
        if self.wrong == WrongHand::Repeats {
            self.cut.extend(self.acts.iter().flatten().map(|act| act.order));
        }
        self.acts.fill(None);
    }

    /// Now, on the up-time line.
    pub(super) fn moment(&self, world: &World) -> Moment {
        self.ledger.now(world.machine().boot_ms(world.now_ms()))
    }

    /// What a new guardian is told.
    pub(super) fn started(&self, policy: &Policy, new_boot: bool) -> Started {
        let id_of = |name: &str| {
            let place = policy.apps.iter().position(|app| app.name == name);
            place.map(|index| AppId(index as u16))
        };
        let mut started = Started {
            booted_at: self.ledger.booted_at(),
            new_boot,
            last_intent: self.ledger.last_intent,
            ..Started::default()
        };
        self.ledger.charges(id_of, &mut started.charges);
        started.vain = Vain(self.ledger.vain_reboots(id_of));
        for record in self.ledger.apps() {
            let Some(app) = id_of(record.name.as_str()) else { continue };
            started.intents.extend(record.intents.iter().map(|it| LedgerIntent {
                app,
                intent: it.intent,
                rung: it.rung,
                outcome: it.outcome.or_else(|| self.unless_carried_out(it.intent)),
            }));
            if record.start_count > 0 {
                let (count, last) = (record.start_count, record.last_start);
                started.starts.push(StartCount { app, count, last });
            }
        }
        started.intents.sort_by_key(|intent| intent.intent);
        started
    }

    /// The engine has seen an app well after its reboot; `None`: all of them at once.
    pub(super) fn recovered(&mut self, policy: &Policy, app: Option<AppId>) {
        let is_known = |name: &str| policy.apps.iter().any(|app| app.name == name);
        let app = app.map(|app| policy.apps[usize::from(app.0)].name.as_str());
        self.ledger.recovered(|name| match app {
            Some(app) => name == Some(app),
            None => !name.is_some_and(is_known),
        });
    }

    /// What became of an intent without an outcome: a predecessor of ours died in the middle of it, unless we
    /// are still at it.
    fn unless_carried_out(&self, intent: IntentId) -> Option<Outcome> {
        let is_carried_out = self.acts.iter().flatten().any(|act| act.order.intent == intent);
        (!is_carried_out).then_some(Outcome::Interrupted)
    }

    pub(super) fn deadline_ms(&self) -> Option<u64> {
        self.acts.iter().flatten().map(|act| act.look_at_ms.min(act.end_at_ms)).min()
    }

    /// Takes an order. `Some`: it ended at once.
    pub(super) fn take(
        &mut self,
        world: &mut World,
        policy: &Policy,
        order: Order,
    ) -> Option<Answer> {
        let answer = |outcome| Some((order.app, order.intent, outcome));
        let app = usize::from(order.app.0);
        if self.acts[app].is_some() && self.wrong != WrongHand::NeverBusy {
            return answer(Outcome::Refused(OrderRefusal::Busy));
        }
        if order.rung == Rung::Start && world.main(app).is_some() {
            return answer(Outcome::Refused(OrderRefusal::Busy));
        }
        if self.wrong == WrongHand::Unwritten {
            return self.begin_act(world, order);
        }
        let at = self.moment(world);
        let rules = &policy.apps[app];
        let settled = self.ledger.app(&rules.name).map(|it| at.since(it.last_start));
        if order.rung == Rung::Start && settled.is_some_and(|ms| ms >= rules.healthy_reset_ms) {
            self.ledger.settled(&rules.name);
        }
        let (rung, purse) = (order.rung, order.purse);
        if self.ledger.charge_and_intend(&rules.name, order.intent, rung, purse, at).is_err() {
            return answer(Outcome::Refused(OrderRefusal::Repeated));
        }
        world.tell(Fact::Intended { order, at });
        self.begin_act(world, order)
    }

    fn begin_act(&mut self, world: &mut World, order: Order) -> Option<Answer> {
        let app = usize::from(order.app.0);
        let now_ms = world.now_ms();
        let end_at_ms = now_ms + u64::from(order.deadline_ms);
        let ends =
            order.rung == Rung::Reboot || order.rung.is_disruptive() && world.main(app).is_some();
        if order.rung != Rung::Reload {
            let (intent, rung) = (order.intent, order.rung);
            world.tell(Fact::Began { intent, app, rung, ends });
        }
        if self.wrong == WrongHand::EndsAll && order.rung.is_disruptive() {
            for other in 0..world.apps_len() {
                if let Some(identity) = world.main(other) {
                    world.signal(other, identity, Signal::Kill, By::Agent);
                }
            }
        }
        let stage = match (order.rung, world.app(app).plan.keeper) {
            (Rung::Reload, _) => return Some(self.end(world, order, Outcome::Done)),
            // No disk of this world is full.
            (Rung::Clean, _) => {
                return Some(self.end(world, order, Outcome::Failed(Failure::StillFull)));
            }
            (Rung::Reboot, _) => {
                if !world.reboot(By::Agent) {
                    return Some(self.end(world, order, Outcome::Failed(Failure::NoManager)));
                }
                Stage::Reboot
            }
            (rung, Keeper::Unit { .. }) => match self.begin_job(world, app, rung) {
                Some(stage) => stage,
                None => {
                    return Some(self.end(world, order, Outcome::Failed(Failure::NoManager)));
                }
            },
            (Rung::Start, _) => Stage::Starting,
            (rung, _) => {
                let kill_at_ms = Some(now_ms + grace_ms(world, app, rung));
                if let Some(identity) = world.main(app) {
                    world.signal(app, identity, Signal::Term, By::Agent);
                    world.signal(app, identity, Signal::Cont, By::Agent);
                }
                Stage::Ending { kill_at_ms }
            }
        };
        let act = Act { order, stage, end_at_ms, look_at_ms: now_ms + 1 };
        self.acts[app] = Some(act);
        None
    }

    fn begin_job(&mut self, world: &mut World, app: usize, rung: Rung) -> Option<Stage> {
        let number = self.next_job;
        self.next_job += 1;
        let kind = if rung == Rung::Start { JobKind::Start } else { JobKind::Restart };
        let kill_at_ms =
            (kind == JobKind::Restart).then(|| world.now_ms() + grace_ms(world, app, rung));
        world.begin_job(number, kind, app).then_some(Stage::Job { number, kill_at_ms })
    }

    /// A job of the manager ended.
    pub(super) fn job_done(&mut self, world: &mut World, job: u64, ok: bool) -> Option<Answer> {
        let is_mine = |act: &Act| matches!(act.stage, Stage::Job { number, .. } if number == job);
        let act = self.acts.iter_mut().find_map(|act| act.take_if(|act| is_mine(act)))?;
        let outcome = if ok { Outcome::Done } else { Outcome::Failed(Failure::Job) };
        Some(self.end(world, act.order, outcome))
    }

    /// Looks at every act that is due.
    pub(super) fn advance(&mut self, world: &mut World, answers: &mut Vec<Answer>) {
        for index in 0..self.acts.len() {
            let Some(act) = self.acts[index] else { continue };
            if world.now_ms() < act.look_at_ms.min(act.end_at_ms) {
                continue;
            }
            self.acts[index] = None;
            match self.turn(world, act) {
                Ok(next) => self.acts[index] = Some(next),
                Err(outcome) => answers.push(self.end(world, act.order, outcome)),
            }
        }
    }

    fn turn(&mut self, world: &mut World, mut act: Act) -> Result<Act, Outcome> {
        let app = usize::from(act.order.app.0);
        let now_ms = world.now_ms();
        act.look_at_ms = now_ms + LOOK_MS;
        match act.stage {
            _ if now_ms >= act.end_at_ms => return Err(Outcome::Failed(Failure::Deadline)),
            Stage::Ending { kill_at_ms } => match world.main(app) {
                None => act.stage = Stage::Starting,
                Some(identity) if kill_at_ms.is_some_and(|at| now_ms >= at) => {
                    world.signal(app, identity, Signal::Kill, By::Agent);
                    act.stage = Stage::Ending { kill_at_ms: None };
                }
                Some(_) => {}
            },
            Stage::Starting => match world.spawn(app, By::Agent) {
                Ok(_) => return Err(Outcome::Done),
                Err(Failure::OurLimit) => act.look_at_ms = now_ms + 200,
                Err(failure) => return Err(Outcome::Failed(failure)),
            },
            Stage::Job { number, kill_at_ms } => {
                let due = kill_at_ms.is_some_and(|at| now_ms >= at);
                if due && world.is_deactivating(app) && world.main(app).is_some() {
                    act.stage = Stage::Job { number, kill_at_ms: None };
                    let kill = self.next_job;
                    self.next_job += 1;
                    world.begin_job(kill, JobKind::Kill, app);
                }
            }
            Stage::Reboot => return Err(Outcome::Done),
        }
        Ok(act)
    }

    fn end(&mut self, world: &mut World, order: Order, outcome: Outcome) -> Answer {
        self.ledger.finish(order.intent, outcome);
        let (app, intent) = (usize::from(order.app.0), order.intent);
        world.tell(Fact::Finished { app, intent, outcome });
        let boot_ms = world.machine().boot_ms(world.now_ms());
        self.ledger.stamp(boot_ms);
        (order.app, order.intent, outcome)
    }
}

/// TERM to KILL: what the config says, at most 2 s for *kill*.
fn grace_ms(world: &World, app: usize, rung: Rung) -> u64 {
    let grace_ms = match &world.config().apps[app].target {
        Target::Unit(unit) => u64::from(unit.grace_ms),
        Target::Child(child) => u64::from(child.grace_ms),
        Target::Recover(_) | Target::Nothing => KILL_GRACE_MS,
    };
    if rung == Rung::Kill { grace_ms.min(KILL_GRACE_MS) } else { grace_ms }
}
