//! Three strikes: every 5 s a look, three failures in a row, a restart. No classes, no budget, no memory:
//! what is usually written for Monit and its like.

use super::Agent;
use super::baseline::{Hand, earlier, looked_at};
use crate::fact::Fact;
use crate::plan::AgentFault;
use crate::world::World;
use crate::world::news::News;

/// From look to look.
const EVERY_MS: u64 = 5_000;

/// So many failures in a row.
const STRIKES: u8 = 3;

/// One app.
#[derive(Clone, Copy, Debug, Default)]
struct Watched {
    next_ms: u64,
    strikes: u8,
    attempt: u32,
    looks: bool,
}

/// The agent.
#[derive(Clone, Debug, Default)]
pub struct Strikes {
    hand: Hand,
    apps: Vec<Watched>,
}

impl Strikes {
    fn look(&mut self, world: &mut World, app: usize) {
        let watched = &mut self.apps[app];
        watched.next_ms = world.now_ms() + EVERY_MS;
        watched.attempt += 1;
        watched.looks = true;
        let attempt = watched.attempt;
        world.begin_look(app, looked_at(world, app), attempt);
    }
}

impl Agent for Strikes {
    fn boot(&mut self, world: &mut World) {
        let next_ms = world.now_ms() + EVERY_MS;
        let attempt = self.apps.iter().map(|app| app.attempt).max().unwrap_or(0);
        let fresh = Watched { next_ms, attempt, ..Watched::default() };
        self.apps = vec![fresh; world.apps_len()];
        self.hand.start_at_boot(world);
    }

    fn hear(&mut self, world: &mut World, news: &News) {
        let News::Looked { app, probe, attempt, began_ms, seen, .. } = *news else { return };
        if self.apps[app].attempt != attempt {
            return;
        }
        world.tell(Fact::Looked { app, probe, began_ms, seen });
        let watched = &mut self.apps[app];
        watched.looks = false;
        watched.strikes = if seen.is_failure() { watched.strikes + 1 } else { 0 };
        if watched.strikes >= STRIKES {
            watched.strikes = 0;
            self.hand.restart(world, app);
        }
    }

    fn deadline_ms(&self, _world: &World) -> Option<u64> {
        let looks = self.apps.iter().filter(|app| !app.looks).map(|app| app.next_ms).min();
        earlier(looks, self.hand.deadline_ms())
    }

    fn wake(&mut self, world: &mut World, _asked_ms: u64) {
        self.hand.advance(world);
        for app in 0..self.apps.len() {
            let due = world.now_ms() >= self.apps[app].next_ms && !self.apps[app].looks;
            if !due {
                continue;
            }
            // A person's stop unmonitors it, and nothing is looked at while it is being restarted.
            if world.app(app).is_wanted && !self.hand.is_busy(app) {
                self.look(world, app);
            } else {
                (self.apps[app].next_ms, self.apps[app].strikes) = (world.now_ms() + EVERY_MS, 0);
            }
        }
    }

    fn suffer(&mut self, _world: &mut World, _fault: AgentFault) {}

    fn lose_power(&mut self, _world: &mut World) {
        self.apps.clear();
    }
}
