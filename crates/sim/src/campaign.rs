//! One world from its seed to its sums, under any agent, judged or not: what tests, the soak and the
//! noise campaign are made of.

use crate::agent::Agent;
use crate::agent::cron::Cron;
use crate::agent::engine::EngineAgent;
use crate::agent::nothing::Nothing;
use crate::agent::oracle::Oracle;
use crate::agent::strikes::Strikes;
use crate::agent::supervisor::Supervisor;
use crate::agent::whole::WholeAgent;
use crate::check::{Breach, Judge};
use crate::fact::{Fact, Witness};
use crate::measure::{Measure, Sums};
use crate::plan::Plan;
use crate::run::{Pace, run};
use crate::soak::{Sampled, Shares};
use crate::world::World;
use std::rc::Rc;
use std::time::Instant;

/// Who guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Nobody.
    Nothing,
    /// Whoever knows the truth.
    Oracle,
    /// defib: its engine and its ledger.
    Engine,
    /// defib as it is shipped: guardian, executor, journal, ledger.
    Whole,
    /// The cron script.
    Cron,
    /// Three failures, a restart.
    Strikes,
    /// What ends is started again.
    Supervisor,
}

impl Who {
    /// All of them, with their names on the command line and in tables.
    pub const ALL: [(&str, Who); 7] = [
        ("nothing", Who::Nothing),
        ("oracle", Who::Oracle),
        ("engine", Who::Engine),
        ("whole", Who::Whole),
        ("cron", Who::Cron),
        ("strikes", Who::Strikes),
        ("supervisor", Who::Supervisor),
    ];

    /// Whether it is defib, which alone makes promises.
    pub fn is_defib(self) -> bool {
        matches!(self, Who::Engine | Who::Whole)
    }

    /// An agent of this kind.
    pub fn agent(self, world: &World) -> Box<dyn Agent> {
        match self {
            Who::Nothing => Box::new(Nothing::default()),
            Who::Oracle => Box::new(Oracle::default()),
            Who::Engine => Box::new(EngineAgent::new(world)),
            Who::Whole => Box::new(WholeAgent::new(world)),
            Who::Cron => Box::new(Cron::default()),
            Who::Strikes => Box::new(Strikes::default()),
            Who::Supervisor => Box::new(Supervisor::default()),
        }
    }
}

/// The name of an agent.
pub fn name_of(who: Who) -> &'static str {
    Who::ALL.iter().find(|(_, other)| *other == who).map_or("", |(name, _)| name)
}

/// What one world gave.
#[derive(Clone, Debug)]
pub struct Lived {
    /// What it cost.
    pub sums: Sums,
    /// What was broken; empty for one that was not judged.
    pub breaches: Vec<Breach>,
    /// Where the time went.
    pub shares: Shares,
}

/// Lives one plan. `judged`: every checker looks on, if it is defib.
///
/// # Errors
/// The config is refused by the real loader.
pub fn live(plan: &Rc<Plan>, who: Who, pace: Pace, judged: bool) -> Result<Lived, String> {
    let mut world = World::new(Rc::clone(plan))?;
    let judge = (judged && who.is_defib()).then(|| Judge::new(&world, pace));
    let mut agent = Sampled::new(who.agent(&world));
    let mut eyes = Sampled::new(Eyes { measure: Measure::new(&world), judge });
    let began = Instant::now();
    run(&mut world, &mut agent, pace, plan.ends_at_ms, &mut eyes);
    let shares = Shares::new(began.elapsed(), &agent, &eyes);
    let eyes = eyes.into_inner();
    let sums = eyes.measure.finish(plan.ends_at_ms);
    let breaches = eyes.judge.map_or_else(Vec::new, |mut judge| {
        judge.finish(plan.ends_at_ms);
        judge.breaches().to_vec()
    });
    Ok(Lived { sums, breaches, shares })
}

/// A measure, and perhaps a judge.
struct Eyes {
    measure: Measure,
    judge: Option<Judge>,
}

impl Witness for Eyes {
    fn take(&mut self, at_ms: u64, fact: &Fact) {
        self.measure.take(at_ms, fact);
        if let Some(judge) = &mut self.judge {
            judge.take(at_ms, fact);
        }
    }
}
