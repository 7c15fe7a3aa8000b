//! Checkers: the invariants of SPECIFICATION.md, judged by what truly happened.
//!
//! They share no code with the engine, and read neither its state nor its opinion: what they know are the
//! [`Fact`]s, the plan, and the config as its author wrote it. Each takes one fact at a time, in constant
//! time and bounded memory, so that they can sit through 10^5 server-years. Safety is judged after every
//! fact; liveness where its bound is absolute and nothing disturbs the agent, and after the world is
//! healed. `docs/mutants.md` says what each of them has caught.

mod acts;
mod blame;
mod budgets;
mod evidence;
mod freeze;
mod grace;
mod healed;
mod incidents;
mod operator;
mod permission;
mod promises;
mod reboots;
mod scene;
mod sickness;
mod spacing;
mod speed;
mod watchdog;
mod watching;

pub use promises::{PROMISES, Promise, Stand};

use crate::fact::{Fact, Witness};
use crate::run::Pace;
use crate::world::World;
use defib_engine::effect::Rung;
use scene::Scene;

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Its number in SPECIFICATION.md.
    pub number: &'static str,
    /// When, in milliseconds of true time.
    pub at_ms: u64,
    /// The two values that disagree.
    pub what: String,
}

/// What lasts is told by two readings of the machine: each comes up to 5 s after the one before it, and the
/// order that they convict on leaves within a look.
const TWO_READINGS_MS: u64 = 12_000;

/// So many breaches are kept: one is enough to know, and a wrong agent breaks thousands.
const KEPT_MAX: usize = 64;

/// Where checkers put what they find.
#[derive(Debug, Default)]
struct Found {
    breaches: Vec<Breach>,
    off: Vec<&'static str>,
}

impl Found {
    fn breach(&mut self, number: &'static str, at_ms: u64, what: impl FnOnce() -> String) {
        if self.breaches.len() < KEPT_MAX && !self.off.contains(&number) {
            self.breaches.push(Breach { number, at_ms, what: what() });
        }
    }
}

/// One subject.
trait Check {
    /// Takes one fact. The scene is what was true before it.
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found);

    /// The end of the world.
    fn finish(&mut self, _scene: &Scene, _at_ms: u64, _found: &mut Found) {}
}

/// All checkers.
pub struct Judge {
    scene: Scene,
    checks: Vec<Box<dyn Check>>,
    found: Found,
}

impl Judge {
    /// A judge of this world, from its beginning. `pace` says whether the looks of quiet stretches are
    /// among the facts.
    pub fn new(world: &World, pace: Pace) -> Judge {
        let scene = Scene::new(world);
        let apps = world.apps_len();
        let mut checks: Vec<Box<dyn Check>> = vec![
            Box::new(acts::Acts::default()),
            Box::new(blame::Blame),
            Box::new(budgets::Budgets::new(apps)),
            Box::new(evidence::Evidence::new(apps)),
            Box::new(freeze::Freezes::new(apps)),
            Box::new(grace::Grace),
            Box::new(healed::Healed::new(apps)),
            Box::new(incidents::Incidents::new(apps)),
            Box::new(operator::Operator),
            Box::new(permission::Permissions),
            Box::new(reboots::Reboots::new(apps)),
            Box::new(sickness::Sick::new(apps)),
            Box::new(spacing::Spacing),
            Box::new(speed::Speed::new(apps)),
            Box::new(watchdog::Watchdogs::default()),
        ];
        if pace == Pace::Every {
            checks.push(Box::new(watching::Watching));
        }
        Judge { scene, checks, found: Found::default() }
    }

    /// The same, deaf to one promise: to see whether another checker would have noticed.
    #[must_use]
    pub fn without(mut self, number: &'static str) -> Judge {
        self.found.off.push(number);
        self
    }

    /// The world has ended.
    pub fn finish(&mut self, at_ms: u64) {
        for check in &mut self.checks {
            check.finish(&self.scene, at_ms, &mut self.found);
        }
    }

    /// What was broken, in the order of time.
    pub fn breaches(&self) -> &[Breach] {
        &self.found.breaches
    }
}

impl Witness for Judge {
    fn take(&mut self, at_ms: u64, fact: &Fact) {
        self.scene.tick(at_ms);
        // A command that starts what is down may end what nobody could see, a process that does not listen
        // yet: that is what its author wants of it, and no act on something that runs.
        let mended = match *fact {
            Fact::Began { intent, app, rung: Rung::Start, ends: true } => {
                Some(Fact::Began { intent, app, rung: Rung::Start, ends: false })
            }
            _ => None,
        };
        let fact = mended.as_ref().unwrap_or(fact);
        for check in &mut self.checks {
            check.take(&self.scene, at_ms, fact, &mut self.found);
        }
        self.scene.take(at_ms, fact);
    }
}
