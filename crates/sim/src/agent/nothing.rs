//! Nobody guards: what is lost when nothing but the machine's own boot and `Restart=` helps.

use super::Agent;
use super::baseline::Hand;
use crate::plan::AgentFault;
use crate::world::World;
use crate::world::news::News;

/// An agent that starts the apps at boot and does nothing more.
#[derive(Clone, Debug, Default)]
pub struct Nothing {
    hand: Hand,
}

impl Agent for Nothing {
    fn boot(&mut self, world: &mut World) {
        self.hand.start_at_boot(world);
    }

    fn hear(&mut self, _world: &mut World, _news: &News) {}

    fn deadline_ms(&self, _world: &World) -> Option<u64> {
        None
    }

    fn wake(&mut self, _world: &mut World, _asked_ms: u64) {}

    fn suffer(&mut self, _world: &mut World, _fault: AgentFault) {}

    fn lose_power(&mut self, _world: &mut World) {}
}
