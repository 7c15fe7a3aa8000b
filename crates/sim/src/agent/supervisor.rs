//! A supervisor alone: what ends is started again after a pause, for ever, and nothing is looked at.
//!
//! systemd with `Restart=always` and without a start limit (with one, a crash loop would end in a unit
//! that stays down: this is the kinder reading).

use super::Agent;
use super::baseline::{Hand, earlier};
use crate::plan::AgentFault;
use crate::world::World;
use crate::world::news::News;

/// RestartSec= of systemd, if nobody sets it.
const RESTART_MS: u64 = 100;

/// The agent.
#[derive(Clone, Debug, Default)]
pub struct Supervisor {
    hand: Hand,
    /// Apps that ended, and when they are started.
    down: Vec<(usize, u64)>,
}

impl Agent for Supervisor {
    fn boot(&mut self, world: &mut World) {
        self.down.clear();
        self.hand.start_at_boot(world);
    }

    fn hear(&mut self, world: &mut World, news: &News) {
        let at_ms = world.now_ms() + RESTART_MS;
        match *news {
            // A unit with Restart= of its own has its supervisor already.
            News::Died { app, restart_ms: None, .. } | News::Resumed { app } => {
                self.down.push((app, at_ms));
            }
            _ => {}
        }
    }

    fn deadline_ms(&self, _world: &World) -> Option<u64> {
        earlier(self.down.iter().map(|(_, at_ms)| *at_ms).min(), self.hand.deadline_ms())
    }

    fn wake(&mut self, world: &mut World, _asked_ms: u64) {
        let now_ms = world.now_ms();
        for (app, at_ms) in std::mem::take(&mut self.down) {
            let it = world.app(app);
            if !it.is_wanted || it.is_in_hand || world.main(app).is_some() {
                continue;
            }
            if now_ms < at_ms {
                self.down.push((app, at_ms));
                continue;
            }
            self.hand.start(world, app);
            if world.main(app).is_none() {
                self.down.push((app, now_ms + RESTART_MS));
            }
        }
    }

    fn suffer(&mut self, _world: &mut World, _fault: AgentFault) {}

    fn lose_power(&mut self, _world: &mut World) {
        self.down.clear();
    }
}
