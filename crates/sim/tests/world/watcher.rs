//! An agent that only looks: each second at every probe, and writes down what it saw and heard.

use defib_engine::seen::Seen;
use defib_sim::agent::Agent;
use defib_sim::fact::{Fact, Witness};
use defib_sim::plan::{
    AgentFault, AppFault, AppPlan, Happening, MachinePlan, Noise, Person, Plan, Planned, Remedy,
};
use defib_sim::run::{Pace, run};
use defib_sim::world::World;
use defib_sim::world::news::News;
use std::rc::Rc;

/// From one look to the next.
const EVERY_MS: u64 = 1_000;

/// What came of a run.
#[derive(Default)]
pub(crate) struct Seens {
    /// When a look began, at which app and probe, and what it saw.
    pub(crate) looks: Vec<(u64, usize, usize, Seen)>,
    /// What was heard besides.
    pub(crate) news: Vec<News>,
    /// What truly happened.
    pub(crate) facts: Vec<(u64, Fact)>,
    next_ms: u64,
    attempt: u32,
}

impl Seens {
    /// What looks at this probe saw in this second, or none.
    pub(crate) fn at(&self, at_ms: u64, app: usize, probe: usize) -> Option<Seen> {
        let mut looks = self.looks.iter().rev();
        let is_it = |it: &&(u64, usize, usize, Seen)| it.0 <= at_ms && (it.1, it.2) == (app, probe);
        looks.find(is_it).map(|it| it.3)
    }

    /// The facts that `which` takes, with their times.
    pub(crate) fn facts<T>(&self, which: impl Fn(&Fact) -> Option<T>) -> Vec<(u64, T)> {
        let found = self.facts.iter().filter_map(|(at_ms, fact)| Some((*at_ms, which(fact)?)));
        found.collect()
    }
}

struct Watcher(Seens);

impl Agent for Watcher {
    fn boot(&mut self, world: &mut World) {
        self.0.next_ms = world.now_ms();
    }

    fn hear(&mut self, _world: &mut World, news: &News) {
        match *news {
            News::Looked { app, probe, began_ms, seen, .. } => {
                self.0.looks.push((began_ms, app, probe, seen));
            }
            other => self.0.news.push(other),
        }
    }

    fn deadline_ms(&self, _world: &World) -> Option<u64> {
        Some(self.0.next_ms)
    }

    fn wake(&mut self, world: &mut World, _asked_ms: u64) {
        for app in 0..world.apps_len() {
            for probe in 0..world.config().policy.apps[app].probes.len() {
                self.0.attempt += 1;
                let attempt = self.0.attempt;
                world.begin_look(app, probe, attempt);
            }
        }
        self.0.next_ms = world.now_ms() + EVERY_MS;
    }

    fn suffer(&mut self, _world: &mut World, _fault: AgentFault) {}

    fn lose_power(&mut self, _world: &mut World) {}
}

struct Facts(Vec<(u64, Fact)>);

impl Witness for Facts {
    fn take(&mut self, at_ms: u64, fact: &Fact) {
        self.0.push((at_ms, fact.clone()));
    }
}

/// Lives through the plan to its end.
pub(crate) fn watch(plan: Plan) -> Seens {
    let ends_at_ms = plan.ends_at_ms;
    let mut world = World::new(Rc::new(plan)).expect("the config is good");
    let mut watcher = Watcher(Seens::default());
    let mut facts = Facts(Vec::new());
    run(&mut world, &mut watcher, Pace::Every, ends_at_ms, &mut facts);
    watcher.0.facts = facts.0;
    watcher.0
}

/// One plain unit, an hour, nothing that happens.
pub(crate) fn quiet() -> Plan {
    Plan {
        seed: 1,
        config: "[app.shop]\nurl = \"http://127.0.0.1:8000/\"\nunit = \"shop\"\n".to_owned(),
        machine: MachinePlan::SMALL,
        apps: vec![AppPlan::plain_unit("shop")],
        noise: Noise::default(),
        happenings: Vec::new(),
        healed_at_ms: u64::MAX,
        ends_at_ms: 3_600_000,
    }
}

/// The first app has this fault from `at_ms` on.
pub(crate) fn fault(at_ms: u64, fault: AppFault, remedy: Remedy) -> Planned {
    Planned { at_ms, what: Happening::App { app: 0, fault, remedy } }
}

/// A person does this.
pub(crate) fn person(at_ms: u64, what: Person) -> Planned {
    Planned { at_ms, what: Happening::Person(what) }
}

/// The quiet hour with these happenings.
pub(crate) fn hour_of(happenings: Vec<Planned>) -> Plan {
    Plan { happenings, ..quiet() }
}
