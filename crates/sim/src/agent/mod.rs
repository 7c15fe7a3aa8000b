//! Whoever guards the apps of a world: defib itself, in two degrees of detail, and what it is measured
//! against.

mod baseline;
pub mod cron;
pub mod engine;
mod hand;
pub mod nothing;
pub mod oracle;
pub mod strikes;
pub mod supervisor;
pub mod whole;

use crate::plan::AgentFault;
use crate::world::World;
use crate::world::news::News;

/// An agent on the machine.
///
/// It hears the world's news, wakes at its own deadline, and acts through the world's methods. It is
/// not called while the machine is down or frozen; news then waits (or, if the machine goes down, is lost).
pub trait Agent {
    /// The machine is up, at the beginning of the world or after a boot: the agent is started.
    fn boot(&mut self, world: &mut World);

    /// Something happened that the agent can notice.
    fn hear(&mut self, world: &mut World, news: &News);

    /// When it wants to be woken, in milliseconds of true time.
    fn deadline_ms(&self, world: &World) -> Option<u64>;

    /// Its deadline has come (perhaps late: `asked_ms` is what it had asked for).
    fn wake(&mut self, world: &mut World, asked_ms: u64);

    /// Something happens to it.
    fn suffer(&mut self, world: &mut World, fault: AgentFault);

    /// The machine went down under it: all that it held in memory is gone.
    fn lose_power(&mut self, world: &mut World);

    /// The files of its journal, by name, as they are now. None, if it keeps none.
    fn journal_files(&self) -> Vec<(String, Vec<u8>)> {
        Vec::new()
    }

    /// Jumps over a stretch in which nothing but good looks would happen, to at most `until_ms`. `false`:
    /// it cannot now. What it knows afterwards is what it would have known.
    fn skip_to(&mut self, _world: &mut World, _until_ms: u64) -> bool {
        false
    }
}
