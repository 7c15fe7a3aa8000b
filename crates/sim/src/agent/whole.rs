//! defib as it is shipped: the production guardian and the production executor, two processes that talk
//! through a link with latency, on disks that lose what was not durable.
//!
//! Each may be killed, stopped, or die at any durable write; the machine may lose its power at any time.
//! The executor keeps the guardian, as it does on a real machine, and the service manager the executor.

use super::Agent;
use crate::disk::Disk;
use crate::fact::Fact;
use crate::hand::{Doom, Ground, Hand, Outcome};
use crate::mind::GuardianSide;
use crate::plan::AgentFault;
use crate::world::news::News;
use crate::world::{Lent, World};
use defib_engine::state::State;

/// More rounds than this without time passing mean that two parts wake each other for ever.
const ROUNDS_MAX: u32 = 10_000;

/// The agent.
pub struct WholeAgent {
    hand: Hand,
    guardians: GuardianSide,
    doom: Doom,
    /// When the service manager starts the executor, if there is none.
    executor_due_ms: Option<u64>,
    /// The machine goes down in order.
    is_shutting_down: bool,
}

impl WholeAgent {
    /// An agent that has never run.
    pub fn new(world: &World) -> WholeAgent {
        let seed = world.plan().seed;
        let (lent, doom) = (Lent::default(), Doom::default());
        let ground = Ground::new(world, doom.clone());
        WholeAgent {
            hand: Hand::new(lent.clone(), ground),
            guardians: GuardianSide::new(seed, lent, doom.clone()),
            doom,
            executor_due_ms: None,
            is_shutting_down: false,
        }
    }

    /// Whether the machine has refused a call that the plan says it refuses.
    pub fn was_refused(&self) -> bool {
        self.hand.was_refused()
    }

    /// The disk with the journal.
    pub fn journal(&self) -> &Disk {
        self.guardians.disk()
    }

    /// What the present guardian knows.
    pub fn state(&self) -> Option<&State> {
        self.guardians.state()
    }

    /// What the executor complained about.
    pub fn complaints(&self) -> Vec<String> {
        self.hand.complaints()
    }

    fn start_executor(&mut self, world: &mut World) {
        self.executor_due_ms = None;
        let outcome = self.hand.start(world);
        self.look_after_executor(world, outcome);
    }

    /// `Restart=always`: whatever it ended of, it is started again.
    fn look_after_executor(&mut self, world: &World, outcome: Outcome) {
        if outcome == Outcome::Gone && !self.hand.is_alive() {
            let back_ms = world.now_ms() + world.plan().machine.agent_restart_ms;
            self.executor_due_ms.get_or_insert(back_ms);
        }
    }

    /// Lets everybody do what is due now, until nothing is.
    fn settle(&mut self, world: &mut World) {
        let now_ms = world.now_ms();
        if world.is_healed() && self.hand.is_observing() {
            // It says so loudly: whoever mends everything else starts it again.
            self.hand.kill(world);
            self.look_after_executor(world, Outcome::Gone);
        }
        for _ in 0..ROUNDS_MAX {
            if self.executor_due_ms.is_some_and(|at_ms| at_ms <= now_ms) {
                self.start_executor(world);
            }
            let is_due = |at_ms: Option<u64>| at_ms.is_some_and(|at_ms| at_ms <= now_ms);
            if is_due(self.hand.deadline_ms(world)) {
                let outcome = self.hand.wake(world);
                self.look_after_executor(world, outcome);
            }
            if !world.machine().has_power() {
                // The watchdog bit.
                return;
            }
            if let Some(newborn) = self.hand.take_newborn() {
                self.guardians.born(world, newborn);
            }
            if is_due(self.guardians.due_ms(world)) {
                self.guardians.wake(world);
            } else if !is_due(self.hand.deadline_ms(world)) {
                return;
            }
        }
        panic!("at {now_ms} ms guardian and executor wake each other without end");
    }
}

impl Agent for WholeAgent {
    fn journal_files(&self) -> Vec<(String, Vec<u8>)> {
        self.journal().contents()
    }

    fn boot(&mut self, world: &mut World) {
        self.is_shutting_down = false;
        self.start_executor(world);
        self.settle(world);
    }

    fn hear(&mut self, world: &mut World, news: &News) {
        self.is_shutting_down |= matches!(news, News::ShuttingDown);
        self.hand.hear(world, news);
        self.guardians.hear(world, news);
        self.settle(world);
    }

    fn deadline_ms(&self, world: &World) -> Option<u64> {
        let others = [self.hand.deadline_ms(world), self.guardians.due_ms(world)];
        others.into_iter().chain([self.executor_due_ms]).flatten().min()
    }

    fn wake(&mut self, world: &mut World, _asked_ms: u64) {
        // Each part knows what it had asked for itself.
        self.settle(world);
    }

    fn suffer(&mut self, world: &mut World, fault: AgentFault) {
        let now_ms = world.now_ms();
        let took_effect = match fault {
            AgentFault::KillGuardian => self.guardians.kill(world),
            AgentFault::KillExecutor => {
                let was_alive = self.hand.is_alive();
                self.hand.kill(world);
                self.look_after_executor(world, Outcome::Gone);
                was_alive
            }
            AgentFault::StopGuardian { ms } => self.guardians.stop(now_ms + ms),
            AgentFault::StopExecutor { ms } => {
                self.hand.stop_until(now_ms + ms);
                self.hand.is_alive()
            }
            AgentFault::RefuseCall { nth, calls, errno } => {
                self.hand.refuse_call(nth, calls, errno);
                true
            }
            AgentFault::CrashAtWrite { nth, point } => {
                self.doom.plan(nth, point);
                true
            }
        };
        if took_effect {
            world.tell(Fact::AgentFault(fault));
        }
        self.settle(world);
    }

    fn lose_power(&mut self, world: &mut World) {
        self.guardians.power_gone(world.now_ms(), self.is_shutting_down);
        self.hand.lose_power(world);
        self.executor_due_ms = None;
    }
}
