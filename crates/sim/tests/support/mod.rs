//! What the tests of judged worlds share: small random plans of their own, and a run under the judge.

#![allow(dead_code, reason = "each test takes what it needs")]

pub(crate) mod mutants;
pub(crate) mod page;
pub(crate) mod plans;

use defib_sim::agent::Agent;
use defib_sim::check::{Breach, Judge};
use defib_sim::fact::{Fact, Witness};
use defib_sim::plan::Plan;
use defib_sim::run::{Pace, run};
use defib_sim::world::World;
use std::rc::Rc;

/// Lets an agent live through a plan, and judges it. `deaf` is a promise that is not judged.
pub(crate) fn judged<A: Agent>(
    plan: &Rc<Plan>,
    deaf: Option<&'static str>,
    agent: impl FnOnce(&World) -> A,
) -> Vec<Breach> {
    let mut world = World::new(Rc::clone(plan)).expect("the plan's config is good");
    let mut agent = agent(&world);
    let mut judge = Judge::new(&world, Pace::Every);
    if let Some(number) = deaf {
        judge = judge.without(number);
    }
    let mut bench = Bench { judge, shows: std::env::var_os("DEFIB_SHOW").is_some() };
    run(&mut world, &mut agent, Pace::Every, plan.ends_at_ms, &mut bench);
    bench.judge.finish(plan.ends_at_ms);
    bench.judge.breaches().to_vec()
}

/// The judge, and on demand a printer.
struct Bench {
    judge: Judge,
    shows: bool,
}

impl Witness for Bench {
    fn take(&mut self, at_ms: u64, fact: &Fact) {
        if self.shows {
            println!("{at_ms} {fact:?}");
        }
        self.judge.take(at_ms, fact);
    }
}
