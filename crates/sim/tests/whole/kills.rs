//! The guardian is killed, or stopped for a while, at every moment of a recovery: the app is brought back,
//! and no act is done twice.

use crate::{hang_at, laws, live_whole, plan, replay};
use defib_sim::fact::Fact;
use defib_sim::plan::{AgentFault, Happening, Keeper, Plan, Planned};
use std::rc::Rc;

const FAULT_MS: u64 = 100_000;

/// A hang, and this fault of the agent so long after it.
fn hang_and(keeper: Keeper, fault: AgentFault, after_ms: u64) -> Rc<Plan> {
    let blow = Planned { at_ms: FAULT_MS + after_ms, what: Happening::Agent(fault) };
    let plan = plan(after_ms, keeper, vec![hang_at(FAULT_MS), blow]);
    Rc::new(Plan { healed_at_ms: 240_000, ends_at_ms: 260_000, ..(*plan).clone() })
}

fn breach(plan: &Rc<Plan>) -> Option<String> {
    let (facts, agent) = live_whole(plan);
    let broken = laws::breach(&facts.0, 1, agent.state());
    if let Some(breach) = broken.or_else(|| replay::disagreement(agent.journal())) {
        return Some(breach);
    }
    let ends = facts.count(|fact| matches!(fact, Fact::Began { ends: true, .. }));
    (ends != 1).then(|| format!("{ends} acts ended something"))
}

/// Every 333 ms from the fault to the end of the recovery.
fn sweep(keeper: Keeper, fault: AgentFault) {
    let moments = (0..150).map(|step| step * 333);
    let broken = moments.filter_map(|after_ms| {
        let breach = breach(&hang_and(keeper, fault, after_ms))?;
        Some(format!("{fault:?} {after_ms} ms after the hang: {breach}"))
    });
    let broken: Vec<String> = broken.collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

const KEEPERS: [Keeper; 3] = [Keeper::Unit { restart_ms: None }, Keeper::Agent, Keeper::Command];

#[test]
fn a_guardian_that_is_killed_at_any_moment_repeats_nothing() {
    for keeper in KEEPERS {
        sweep(keeper, AgentFault::KillGuardian);
    }
}

#[test]
fn a_guardian_that_is_stopped_at_any_moment_repeats_nothing() {
    for ms in [900, 4_000, 12_000] {
        sweep(Keeper::Agent, AgentFault::StopGuardian { ms });
    }
}

#[test]
fn an_executor_that_is_killed_at_any_moment_repeats_nothing() {
    for keeper in KEEPERS {
        sweep(keeper, AgentFault::KillExecutor);
    }
}
