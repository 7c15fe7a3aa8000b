//! Runs an agent in a world: one loop, the only one, for every agent and every test.

use crate::agent::Agent;
use crate::fact::{Dated, Fact, Witness};
use crate::world::World;

/// Whether quiet stretches are stepped through or jumped over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Every look is stepped.
    Every,
    /// What the agent says it can skip is skipped.
    Skip,
}

/// Lets world and agent live until `ends_ms`, and shows every fact to the witness as it happens.
pub fn run(
    world: &mut World,
    agent: &mut dyn Agent,
    pace: Pace,
    ends_ms: u64,
    witness: &mut dyn Witness,
) {
    let mut facts = Vec::new();
    if world.now_ms() == 0 {
        agent.boot(world);
        settle(world, agent, &mut facts, witness);
    }
    let mut delayed = None;
    loop {
        let at_world_ms = world.next_ms().unwrap_or(u64::MAX);
        let wake = if delayed.is_some() { delayed } else { next_wake(world, agent) };
        let at_agent_ms = wake.map_or(u64::MAX, |(at_ms, _)| at_ms);
        if at_world_ms.min(at_agent_ms) > ends_ms {
            break;
        }
        // A wake-up that is under way comes first: it would come later than it did.
        let may_skip = pace == Pace::Skip && delayed.is_none();
        if may_skip && agent.skip_to(world, at_world_ms.min(ends_ms)) {
            continue;
        }
        match wake {
            Some((at_ms, asked_ms)) if at_ms < at_world_ms => {
                world.pass_to(at_ms);
                let late_ms = if delayed.take().is_none() { world.wake_delay_ms() } else { 0 };
                if late_ms > 0 {
                    delayed = Some((at_ms + late_ms, asked_ms));
                    continue;
                }
                if !world.can_run() {
                    continue;
                }
                agent.wake(world, asked_ms);
            }
            _ => world.go_on(),
        }
        settle(world, agent, &mut facts, witness);
    }
    world.pass_to(ends_ms);
}

/// When the agent wakes, and when it asked to be woken.
fn next_wake(world: &mut World, agent: &dyn Agent) -> Option<(u64, u64)> {
    if !world.machine().has_power() {
        return None;
    }
    let asked_ms = agent.deadline_ms(world)?;
    let mut at_ms = asked_ms.max(world.now_ms());
    if let Some(until_ms) = world.machine().frozen_until(at_ms) {
        at_ms = until_ms;
    }
    Some((at_ms, asked_ms))
}

/// Tells the agent all that there is to be told.
fn settle(
    world: &mut World,
    agent: &mut dyn Agent,
    facts: &mut Vec<Dated>,
    witness: &mut dyn Witness,
) {
    loop {
        show(world, agent, facts, witness);
        if let Some(fault) = world.next_agent_fault() {
            agent.suffer(world, fault);
        } else if let Some(news) = world.next_news() {
            agent.hear(world, &news);
        } else {
            break;
        }
    }
    show(world, agent, facts, witness);
}

fn show(
    world: &mut World,
    agent: &mut dyn Agent,
    facts: &mut Vec<Dated>,
    witness: &mut dyn Witness,
) {
    world.take_facts(facts);
    for Dated { at_ms, fact } in facts.drain(..) {
        witness.take(at_ms, &fact);
        match fact {
            Fact::WentDown { .. } => agent.lose_power(world),
            Fact::Booted { boot } if boot > 1 => agent.boot(world),
            _ => {}
        }
    }
}
