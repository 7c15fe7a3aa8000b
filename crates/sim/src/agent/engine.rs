//! defib at the level of its engine: the real `step`, the real ledger value, and a plain hand. No
//! journal and no messages: what is lost between them is the whole agent's subject.

mod skip;
mod turn;
mod wrong;

pub use wrong::{Wrong, WrongHand};

use super::Agent;
use super::hand::{Answer, Hand};
use crate::fact::Fact;
use crate::plan::AgentFault;
use crate::reader::Reader;
use crate::world::World;
use crate::world::news::News;
use defib_config::spec::Config;
use defib_engine::effect::Effect;
use defib_engine::event::{Event, Exit};
use defib_engine::id::{AppId, ProbeId};
use defib_engine::state::State;
use defib_engine::time::Moment;
use defib_engine::{next_deadline, step};
use std::rc::Rc;

/// What is added to RestartSec before a supervisor counts as late, as in the executor.
const SUPERVISOR_GRACE_MS: u64 = 2_000;

/// How late a wake-up may be before the guardian doubts itself (as `sense` in the guardian: half of the
/// shortest pace, at least a second; every config of a plan has a fast pace of 2 s or less).
const LATE_MAX_MS: u64 = 1_000;

/// Who of the agent's processes runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Runs,
    /// The guardian is gone until then; the executor works on.
    GuardianGone(u64),
    /// Both are gone until then.
    AllGone(u64),
}

/// The agent.
#[derive(Clone, Debug)]
pub struct EngineAgent {
    config: Rc<Config>,
    state: State,
    hand: Hand,
    effects: Vec<Effect>,
    life: Life,
    /// It does not run until then, and knows nothing of that.
    stopped_until_ms: u64,
    /// It is the guardian that does not run, not the executor.
    is_guardian_stopped: bool,
    boot: u32,
    slept_ms: u64,
    wall_offset_ms: i64,
    /// What `next_deadline` said after the last event.
    due: Option<Moment>,
    runs: Vec<skip::Run>,
    /// What it reads of the machine, and when it did so last.
    reader: Reader,
    read_ms: u64,
    wrong: Wrong,
}

impl EngineAgent {
    /// An agent that has never run.
    pub fn new(world: &World) -> EngineAgent {
        let config = Rc::clone(world.config());
        EngineAgent {
            state: State::new(&config.policy, Moment(0)),
            hand: Hand::new(config.apps.len()),
            effects: Vec::new(),
            life: Life::Runs,
            stopped_until_ms: 0,
            is_guardian_stopped: false,
            boot: 0,
            slept_ms: 0,
            wall_offset_ms: 0,
            due: None,
            runs: Vec::new(),
            reader: Reader::default(),
            read_ms: 0,
            wrong: Wrong::default(),
            config,
        }
    }

    /// An agent that is wrong in this way.
    pub fn new_wrong(world: &World, wrong: Wrong) -> EngineAgent {
        let mut agent = EngineAgent::new(world);
        if let Some(change) = wrong.policy {
            change(&mut Rc::make_mut(&mut agent.config).policy);
        }
        agent.hand.wrong = wrong.hand;
        agent.wrong = wrong;
        agent
    }

    /// The engine's memory.
    pub fn state(&self) -> &State {
        &self.state
    }

    fn true_ms(&self, world: &World, at: Moment) -> u64 {
        world.machine().true_ms(at.since(Moment(self.hand.ledger.line_offset_ms)))
    }

    /// A new guardian: what the ledger knows, and what can be seen of the processes.
    fn begin_guardian(&mut self, world: &mut World) {
        self.life = Life::Runs;
        (self.reader, self.read_ms) = (Reader::default(), world.now_ms());
        world.tell(Fact::GuardianBegan);
        self.hand.keep_line_after(world, self.state.now);
        let new_boot = std::mem::replace(&mut self.boot, world.machine().boot()) != self.boot
            && world.machine().boot() > 1;
        self.remember_clocks(world);
        let started = self.hand.started(&self.config.policy, new_boot);
        self.feed(world, &Event::Started(started));
        for app in 0..world.apps_len() {
            let id = AppId(app as u16);
            let is_wanted = world.app(app).is_wanted;
            if !is_wanted {
                self.feed(world, &Event::Stopped { app: id });
            }
            if self.config.policy.apps[app].process_known {
                let (identity, exit) = (None, Exit::Unseen);
                let gone = Event::Died { app: id, identity, exit, restart_in_ms: None };
                let main = world.main(app);
                let event = main.map_or(gone, |identity| Event::Found { app: id, identity });
                self.feed(world, &event);
            }
            // Once more: one that a person is just stopping is still there.
            let stopped = Event::Stopped { app: id };
            self.feed(world, &if is_wanted { Event::Resumed { app: id } } else { stopped });
        }
    }

    fn feed(&mut self, world: &mut World, event: &Event) {
        let now = self.hand.moment(world);
        let mut effects = std::mem::take(&mut self.effects);
        if let Some(change) = self.wrong.state {
            change(&mut self.state);
        }
        let mut heard = true;
        if let Some(change) = self.wrong.event {
            let mut changed = event.clone();
            heard = change(&self.state, &mut changed);
            if heard {
                step(&mut self.state, &self.config.policy, now, &changed, &mut effects);
            }
        } else {
            step(&mut self.state, &self.config.policy, now, event, &mut effects);
        }
        if let Some(change) = self.wrong.effects.filter(|_| heard) {
            change(&self.state, &mut effects);
        }
        for effect in effects.drain(..) {
            self.carry_out(world, effect);
        }
        self.effects = effects;
        self.reckon();
    }

    /// Asked for at every turn of the loop, so worked out once a change.
    fn reckon(&mut self) {
        self.due = next_deadline(&self.state);
    }

    fn carry_out(&mut self, world: &mut World, effect: Effect) {
        match effect {
            Effect::Probe { probe, attempt } => {
                world.begin_look(usize::from(probe.app.0), usize::from(probe.index), attempt);
            }
            Effect::Note(note) => world.tell(Fact::Noted(note)),
            Effect::Gather { app, incident } => {
                world.tell(Fact::Bundled { app: usize::from(app.0), incident: incident.0 });
                self.feed(world, &Event::EvidenceClosed { app, incident, complete: true });
            }
            Effect::Recovered { app } => self.hand.recovered(&self.config.policy, app),
            Effect::Order(order) => {
                world.tell(Fact::Ordered(order));
                let config = Rc::clone(&self.config);
                if let Some(answer) = self.hand.take(world, &config.policy, order) {
                    self.answer(world, answer);
                }
            }
        }
    }

    fn answer(&mut self, world: &mut World, (app, intent, outcome): Answer) {
        if self.life != Life::Runs {
            return;
        }
        world.tell(Fact::Acted { app: usize::from(app.0), intent, outcome });
        self.feed(world, &Event::Acted { app, intent, outcome });
    }

    fn begin_executor(&mut self, world: &mut World) {
        self.hand.begin(world);
        if let Some(change) = self.wrong.ledger {
            change(&mut self.hand.ledger, world);
        }
        world.tell(Fact::ExecutorBegan);
        self.hand.repeat(world);
    }

    fn restart_if_due(&mut self, world: &mut World) {
        match self.life {
            Life::GuardianGone(at_ms) if world.now_ms() >= at_ms => self.begin_guardian(world),
            Life::AllGone(at_ms) if world.now_ms() >= at_ms => {
                self.begin_executor(world);
                self.begin_guardian(world);
            }
            _ => {}
        }
    }

    fn take_news(&mut self, world: &mut World, news: &News) {
        let id = |app: usize| AppId(app as u16);
        let event = match *news {
            News::Looked { app, probe, attempt, began_ms, ended_ms, seen } => {
                world.tell(Fact::Looked { app, probe, began_ms, seen });
                let line = |ms: u64| self.hand.ledger.now(world.machine().boot_ms(ms));
                let (started, ended) = (line(began_ms), line(ended_ms));
                let probe = ProbeId { app: id(app), index: probe as u8 };
                Event::Observed { probe, attempt, started, ended, seen }
            }
            News::Died { app, .. } | News::Born { app, .. }
                if !self.config.policy.apps[app].process_known =>
            {
                return;
            }
            News::Died { app, identity, exit, restart_ms } => {
                let restart_in_ms = restart_ms.map(|ms| (ms + SUPERVISOR_GRACE_MS) as u32);
                Event::Died { app: id(app), identity: Some(identity), exit, restart_in_ms }
            }
            News::Born { app, identity } => Event::Found { app: id(app), identity },
            News::Stopped { app } => Event::Stopped { app: id(app) },
            News::Resumed { app } => Event::Resumed { app: id(app) },
            News::Held { app, ms } => {
                Event::Held { app: id(app), until: self.hand.moment(world).plus(ms) }
            }
            News::Released { app } => Event::Released { app: id(app) },
            News::ShuttingDown => Event::ShuttingDown,
            News::Reload => {
                let policy = &self.config.policy;
                let mut effects = Vec::new();
                let now = self.hand.moment(world);
                self.state = self.state.clone().reload(policy, policy, now, &mut effects);
                self.reckon();
                return effects.into_iter().for_each(|effect| self.carry_out(world, effect));
            }
            News::JobDone { .. } => return,
        };
        self.feed(world, &event);
    }
}

impl Agent for EngineAgent {
    fn boot(&mut self, world: &mut World) {
        self.stopped_until_ms = 0;
        self.begin_executor(world);
        self.begin_guardian(world);
    }

    fn hear(&mut self, world: &mut World, news: &News) {
        if let News::JobDone { job, ok } = *news
            && !matches!(self.life, Life::AllGone(_))
        {
            if let Some(answer) = self.hand.job_done(world, job, ok) {
                self.answer(world, answer);
            }
            return;
        }
        if self.life == Life::Runs {
            let asked_ms = self.next_turn_ms(world).unwrap_or(u64::MAX);
            self.begin_turn(world, asked_ms);
            self.take_news(world, news);
        }
    }

    fn deadline_ms(&self, world: &World) -> Option<u64> {
        let due_ms = match self.life {
            Life::Runs => self.next_turn_ms(world),
            Life::GuardianGone(at_ms) | Life::AllGone(at_ms) => Some(at_ms),
        };
        let acts_ms = self.hand.deadline_ms();
        let first_ms = [due_ms, acts_ms].into_iter().flatten().min()?;
        Some(first_ms.max(self.stopped_until_ms))
    }

    fn wake(&mut self, world: &mut World, asked_ms: u64) {
        self.restart_if_due(world);
        if self.hand.deadline_ms().is_some_and(|at_ms| at_ms <= world.now_ms()) {
            let mut answers = Vec::new();
            self.hand.advance(world, &mut answers);
            for answer in answers {
                self.answer(world, answer);
            }
        }
        if self.life != Life::Runs {
            return;
        }
        self.begin_turn(world, asked_ms);
        if self.engine_deadline_ms(world).is_some_and(|at_ms| at_ms <= world.now_ms()) {
            self.feed(world, &Event::Woke);
        }
    }

    fn suffer(&mut self, world: &mut World, fault: AgentFault) {
        let back_ms = world.now_ms() + world.plan().machine.agent_restart_ms;
        match fault {
            AgentFault::KillGuardian if self.life == Life::Runs => {
                self.life = Life::GuardianGone(back_ms + self.wrong.back_late_ms);
                // Its own stop ends with it; the executor's would keep it from being started.
                if self.is_guardian_stopped {
                    self.stopped_until_ms = 0;
                }
                world.tell(Fact::GuardianEnded);
                world.drop_looks();
            }
            AgentFault::KillExecutor if !matches!(self.life, Life::AllGone(_)) => {
                self.life = Life::AllGone(back_ms);
                self.stopped_until_ms = 0;
                self.hand.drop_acts();
                world.tell(Fact::ExecutorEnded);
                world.drop_looks();
            }
            AgentFault::StopGuardian { ms } if self.life == Life::Runs => {
                self.is_guardian_stopped = true;
                self.stopped_until_ms = world.now_ms() + ms;
            }
            AgentFault::StopExecutor { ms } if !matches!(self.life, Life::AllGone(_)) => {
                self.is_guardian_stopped = false;
                self.stopped_until_ms = world.now_ms() + ms;
            }
            // Who is gone cannot be stopped. It has neither journal nor files: the whole agent is there for these.
            AgentFault::KillGuardian
            | AgentFault::KillExecutor
            | AgentFault::StopGuardian { .. }
            | AgentFault::StopExecutor { .. }
            | AgentFault::CrashAtWrite { .. }
            | AgentFault::RefuseCall { .. } => return,
        }
        world.tell(Fact::AgentFault(fault));
    }

    fn lose_power(&mut self, _world: &mut World) {
        self.hand.drop_acts();
    }

    fn skip_to(&mut self, world: &mut World, until_ms: u64) -> bool {
        self.skip(world, until_ms)
    }
}
