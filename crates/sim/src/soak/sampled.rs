//! Where the time goes: one in 64 calls of the agent and of the witnesses is timed, the rest is the
//! world's and the loop's.

use crate::agent::Agent;
use crate::fact::{Fact, Witness};
use crate::plan::AgentFault;
use crate::world::World;
use crate::world::news::News;
use std::time::{Duration, Instant};

/// One call in so many is timed.
const ONE_IN: u64 = 64;

/// Something of which a sample of calls is timed.
#[derive(Clone, Debug)]
pub struct Sampled<T> {
    inner: T,
    calls: u64,
    timed_ns: u64,
}

impl<T> Sampled<T> {
    /// Nothing has been called yet.
    pub fn new(inner: T) -> Sampled<T> {
        Sampled { inner, calls: 0, timed_ns: 0 }
    }

    /// What it was made of.
    pub fn into_inner(self) -> T {
        self.inner
    }

    fn call<R>(&mut self, what: impl FnOnce(&mut T) -> R) -> R {
        self.calls += 1;
        if !self.calls.is_multiple_of(ONE_IN) {
            return what(&mut self.inner);
        }
        let began = Instant::now();
        let result = what(&mut self.inner);
        self.timed_ns += began.elapsed().as_nanos() as u64;
        result
    }

    fn spent_ns(&self) -> u64 {
        self.timed_ns * ONE_IN
    }
}

/// Where the time of some worlds went, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// All of it.
    pub all_ns: u64,
    /// In the agent: engine, ledger, and what it asks of the world.
    pub agent_ns: u64,
    /// In checkers and measures.
    pub eyes_ns: u64,
}

impl Shares {
    /// Of one run.
    pub fn new<A, E>(all: Duration, agent: &Sampled<A>, eyes: &Sampled<E>) -> Shares {
        let all_ns = all.as_nanos() as u64;
        Shares { all_ns, agent_ns: agent.spent_ns(), eyes_ns: eyes.spent_ns() }
    }

    /// Takes in another's.
    pub fn merge(&mut self, other: &Shares) {
        self.all_ns += other.all_ns;
        self.agent_ns += other.agent_ns;
        self.eyes_ns += other.eyes_ns;
    }

    /// In words.
    pub fn text(&self) -> String {
        let percent = |ns: u64| 100.0 * ns as f64 / self.all_ns.max(1) as f64;
        let (agent, eyes) = (percent(self.agent_ns), percent(self.eyes_ns));
        let world = (100.0 - agent - eyes).max(0.0);
        format!(
            "agent {agent:.0} %, checkers and measures {eyes:.0} %, world and loop {world:.0} %"
        )
    }
}

impl Agent for Sampled<Box<dyn Agent>> {
    fn boot(&mut self, world: &mut World) {
        self.call(|agent| agent.boot(world));
    }

    fn hear(&mut self, world: &mut World, news: &News) {
        self.call(|agent| agent.hear(world, news));
    }

    fn deadline_ms(&self, world: &World) -> Option<u64> {
        self.inner.deadline_ms(world)
    }

    fn wake(&mut self, world: &mut World, asked_ms: u64) {
        self.call(|agent| agent.wake(world, asked_ms));
    }

    fn suffer(&mut self, world: &mut World, fault: AgentFault) {
        self.call(|agent| agent.suffer(world, fault));
    }

    fn lose_power(&mut self, world: &mut World) {
        self.call(|agent| agent.lose_power(world));
    }

    fn skip_to(&mut self, world: &mut World, until_ms: u64) -> bool {
        self.inner.skip_to(world, until_ms)
    }
}

impl<T: Witness> Witness for Sampled<T> {
    fn take(&mut self, at_ms: u64, fact: &Fact) {
        self.call(|eyes| eyes.take(at_ms, fact));
    }
}
