//! The world: a machine with apps, in virtual time, one thread, every draw from seeded streams.
//!
//! It knows the truth. Agents see only what they look at and the news that they hear; checkers see the
//! facts. The order in which two things of the same millisecond happen is the order in which they were
//! said, so a plan gives the same world each time.

mod answer;
mod app;
mod happen;
mod lent;
mod load;
mod machine;
mod manager;
pub(crate) mod needs;
pub mod news;
mod noise;
mod people;
mod process;
mod queue;
mod reboot;
mod script;
mod sickness;

pub use app::{Active, App, Process, Signal};
pub use lent::Lent;
pub use load::Load;
pub use machine::{Machine, Power};
pub use manager::JobKind;
pub use script::{Life, Script, ScriptedLook};

use crate::chance::Chance;
use crate::fact::{By, Dated, Fact, Sickness};
use crate::plan::{AgentFault, AppFault, Plan};
use defib_config::spec::Config;
use defib_engine::event::Exit;
use defib_engine::id::Identity;
use manager::Manager;
use needs::Needs;
use news::News;
use noise::NoiseState;
use queue::Queue;
use std::collections::VecDeque;
use std::rc::Rc;

/// What is due in the world.
#[derive(Clone, Copy, Debug)]
enum Due {
    /// A look ends, if it is still under way.
    Looked { news: News, number: u64 },
    /// A process ends, if it still lives.
    Dies { app: usize, identity: Identity, exit: Exit, by: By },
    /// A fault ends a process, if it has not been mended.
    Succumbs { app: usize, identity: Identity, exit: Exit, fault: AppFault },
    /// The truth about an app may have changed: a warm-up or a fault ends.
    Turns { app: usize },
    /// A job of the service manager goes on.
    Job { job: u64 },
    /// The service manager starts a unit again.
    Respawns { app: usize, generation: u32 },
    /// The next thing of the plan.
    Planned { index: usize },
    /// Noise begins or ends.
    Noise(noise::Turn),
    /// The machine's power changes.
    Power(Power),
    /// The second half of a person's restart.
    PersonStarts { app: usize },
    /// A busy app's queue is reckoned.
    Load { app: usize },
    /// Whoever listens on an app's port can be found.
    Listens { app: usize, identity: Identity },
    /// The end of everything bad.
    Heals,
}

/// An entry of the queue: what belongs to a boot is dropped with it, and waits while the machine is
/// frozen; `boot` 0 comes from outside the machine.
#[derive(Clone, Copy, Debug)]
struct Entry {
    due: Due,
    boot: u32,
}

/// The world.
#[derive(Debug)]
pub struct World {
    plan: Rc<Plan>,
    config: Rc<Config>,
    now_ms: u64,
    machine: Machine,
    apps: Vec<App>,
    noise: NoiseState,
    manager: Manager,
    queue: Queue<Entry>,
    news: VecDeque<News>,
    agent_faults: VecDeque<AgentFault>,
    facts: Vec<Dated>,
    chance: Chance,
    flights: Vec<answer::Flight>,
    next_flight: u64,
    next_pid: u32,
    is_healed: bool,
    needs: Needs,
    /// What the machine is short of, and who has taken it, as it was last told.
    sick: Vec<(Option<usize>, Sickness)>,
    /// Whether a probe has been answered since the guardian began.
    answered: Vec<Vec<bool>>,
    /// What the apps' processes show, where that was recorded.
    script: Option<Rc<Script>>,
}

impl World {
    /// The world of a plan, at its beginning: every app that starts at boot runs and answers. `Err`: the
    /// plan's config is refused by the real loader.
    pub fn new(plan: Rc<Plan>) -> Result<World, String> {
        let host = defib_config::Host { root: true };
        let config = defib_config::load(&plan.config, &host)
            .map_err(|report| report.render("plan", &plan.config, false))?
            .config;
        if config.apps.len() != plan.apps.len() {
            let (config, plan) = (config.apps.len(), plan.apps.len());
            return Err(format!("the config has {config} apps, and the plan {plan}"));
        }
        let answered = config.apps.iter().map(|app| vec![false; app.probes.len()]).collect();
        let mut world = World {
            needs: Needs::of(&config),
            answered,
            script: None,
            config: Rc::new(config),
            now_ms: 0,
            machine: Machine::up_since(plan.machine.uptime_ms),
            apps: plan.apps.iter().map(App::new).collect(),
            noise: NoiseState::new(&plan),
            manager: Manager::default(),
            queue: Queue::default(),
            news: VecDeque::new(),
            agent_faults: VecDeque::new(),
            facts: Vec::new(),
            chance: Chance::new(plan.seed, "world"),
            flights: Vec::new(),
            next_flight: 0,
            next_pid: 300,
            is_healed: false,
            sick: Vec::new(),
            plan,
        };
        world.begin();
        Ok(world)
    }

    /// A world without anything, to stand where another was taken from.
    fn hollow(&self) -> World {
        let plan = Rc::clone(&self.plan);
        World {
            config: Rc::clone(&self.config),
            now_ms: 0,
            machine: Machine::up_since(0),
            apps: Vec::new(),
            noise: NoiseState::new(&plan),
            manager: Manager::default(),
            queue: Queue::default(),
            news: VecDeque::new(),
            agent_faults: VecDeque::new(),
            facts: Vec::new(),
            chance: Chance::new(0, "hollow"),
            flights: Vec::new(),
            next_flight: 0,
            next_pid: 0,
            is_healed: false,
            needs: Needs::default(),
            sick: Vec::new(),
            answered: Vec::new(),
            script: None,
            plan,
        }
    }

    fn begin(&mut self) {
        let boot = self.machine.boot();
        self.tell(Fact::Booted { boot });
        for app in 0..self.apps.len() {
            if self.apps[app].plan.starts_at_boot {
                self.bear(app, By::Manager);
                // It has run for long before the world begins.
                self.apps[app].warm_at_ms = 0;
                self.tell_serving(app);
            }
        }
        self.news.clear();
        if !self.plan.happenings.is_empty() {
            self.outside(self.plan.happenings[0].at_ms, Due::Planned { index: 0 });
        }
        self.begin_noise();
        self.outside(self.plan.healed_at_ms, Due::Heals);
    }

    /// The plan.
    pub fn plan(&self) -> &Rc<Plan> {
        &self.plan
    }

    /// The config, as the real loader read it.
    pub fn config(&self) -> &Rc<Config> {
        &self.config
    }

    /// True time, in milliseconds since the world began.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// The machine and its clocks.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// An app.
    pub fn app(&self, app: usize) -> &App {
        &self.apps[app]
    }

    /// Whether all that the plan broke is mended.
    pub fn is_healed(&self) -> bool {
        self.is_healed
    }

    /// How many apps there are.
    pub fn apps_len(&self) -> usize {
        self.apps.len()
    }

    /// Writes down a fact, dated now.
    pub fn tell(&mut self, fact: Fact) {
        self.facts.push(Dated { at_ms: self.now_ms, fact });
    }

    /// Takes the facts that nobody has taken.
    pub fn take_facts(&mut self, into: &mut Vec<Dated>) {
        into.append(&mut self.facts);
    }

    /// Takes the next news for the agent.
    pub(crate) fn next_news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    /// Takes the next thing that happens to the agent itself.
    pub(crate) fn next_agent_fault(&mut self) -> Option<AgentFault> {
        self.agent_faults.pop_front()
    }

    /// When the world goes on by itself.
    pub fn next_ms(&self) -> Option<u64> {
        self.queue.next_ms()
    }

    /// Lets time pass to a moment at which nothing of the world is due.
    pub(crate) fn pass_to(&mut self, at_ms: u64) {
        self.now_ms = self.now_ms.max(at_ms);
    }

    /// Something on the machine: dropped with the boot, delayed while it is frozen.
    fn inside(&mut self, at_ms: u64, due: Due) {
        self.queue.push(at_ms, Entry { due, boot: self.machine.boot() });
    }

    /// Something from outside the machine.
    fn outside(&mut self, at_ms: u64, due: Due) {
        self.queue.push(at_ms, Entry { due, boot: 0 });
    }

    /// Does what is due next. Nothing, if it belongs to a boot that is over or the machine is frozen.
    pub(crate) fn go_on(&mut self) {
        let Some((at_ms, entry)) = self.queue.pop() else { return };
        self.now_ms = self.now_ms.max(at_ms);
        if entry.boot != 0 {
            if entry.boot != self.machine.boot() || !self.machine.has_power() {
                return;
            }
            if let Some(until_ms) = self.machine.frozen_until(self.now_ms) {
                self.queue.push(until_ms, entry);
                return;
            }
        }
        self.happen(entry.due);
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Looked { news, number } => self.end_look(news, number),
            Due::Dies { app, identity, exit, by } => self.die(app, identity, exit, by),
            Due::Succumbs { app, identity, exit, fault } => {
                if self.apps[app].has(|it| *it == fault) {
                    self.die(app, identity, exit, By::Itself);
                }
            }
            Due::Turns { app } => self.turn(app),
            Due::Job { job } => self.go_on_with_job(job),
            Due::Respawns { app, generation } => self.respawn(app, generation),
            Due::Planned { index } => self.do_planned(index),
            Due::Noise(turn) => self.turn_noise(turn),
            Due::Power(power) => self.turn_power(power),
            Due::PersonStarts { app } => self.person_starts(app),
            Due::Load { app } => self.go_on_with_load(app),
            Due::Listens { app, identity } => self.listens(app, identity),
            Due::Heals => self.heal(),
        }
    }
}
