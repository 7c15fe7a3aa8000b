//! A trial: a plan's world, an agent in it, and every checker.

use crate::agent::Agent;
use crate::agent::engine::EngineAgent;
use crate::agent::whole::WholeAgent;
use crate::check::{Breach, Judge};
use crate::fact::{Fact, Witness};
use crate::log::Log;
use crate::plan::Plan;
use crate::run::{Pace, run};
use crate::world::World;
use std::rc::Rc;

/// Which agent stands trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accused {
    /// The engine with the real ledger value and a plain hand.
    Engine,
    /// The production guardian and executor.
    Whole,
}

impl Accused {
    /// Both, with their names on the command line.
    pub const ALL: [(&str, Accused); 2] = [("engine", Accused::Engine), ("whole", Accused::Whole)];

    /// One of them, for this world.
    pub fn bring(self, world: &World) -> Box<dyn Agent> {
        match self {
            Accused::Engine => Box::new(EngineAgent::new(world)),
            Accused::Whole => Box::new(WholeAgent::new(world)),
        }
    }
}

/// Lets the agent live through the plan under the eyes of every checker, to its end. `Err`: the config is
/// refused.
pub fn hold(plan: &Plan, accused: Accused, pace: Pace) -> Result<Vec<Breach>, String> {
    let mut world = World::new(Rc::new(plan.clone()))?;
    let mut judge = Judge::new(&world, pace);
    let mut agent = accused.bring(&world);
    run(&mut world, agent.as_mut(), pace, plan.ends_at_ms, &mut judge);
    judge.finish(plan.ends_at_ms);
    Ok(judge.breaches().to_vec())
}

/// The same, with its event log.
pub fn record(plan: &Plan, accused: Accused, pace: Pace) -> Result<(Log, Vec<Breach>), String> {
    let mut world = World::new(Rc::new(plan.clone()))?;
    let mut both = Both { judge: Judge::new(&world, pace), log: Log::new(plan) };
    let mut agent = accused.bring(&world);
    run(&mut world, agent.as_mut(), pace, plan.ends_at_ms, &mut both);
    both.log.journal = agent.journal_files();
    both.judge.finish(plan.ends_at_ms);
    Ok((both.log, both.judge.breaches().to_vec()))
}

struct Both {
    judge: Judge,
    log: Log,
}

impl Witness for Both {
    fn take(&mut self, at_ms: u64, fact: &Fact) {
        self.judge.take(at_ms, fact);
        self.log.take(at_ms, fact);
    }
}
