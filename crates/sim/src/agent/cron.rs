//! The cron script that defib takes the place of, as it was written: every five minutes a curl without a
//! deadline; if the status is not 200, log it and reboot; at boot start the app.
//!
//! A hung curl hangs until the app answers, ends the connection or the machine goes down; the next run
//! starts another beside it. Without memory for a process cron starts nothing, and no reboot either.

use super::Agent;
use super::baseline::{Hand, looked_at};
use crate::fact::Fact;
use crate::plan::AgentFault;
use crate::world::World;
use crate::world::news::News;
use defib_engine::seen::Seen;

/// `*/5 * * * *`.
const EVERY_MS: u64 = 300_000;

/// The agent.
#[derive(Clone, Debug, Default)]
pub struct Cron {
    hand: Hand,
    next_ms: u64,
    /// The curls that run: the attempt of each, by app. A look of the world has a deadline; a curl that
    /// waits on is the same curl, looking again.
    curls: Vec<Vec<u32>>,
    attempt: u32,
}

impl Cron {
    fn curl(&mut self, world: &mut World, app: usize) {
        self.attempt += 1;
        self.curls[app].push(self.attempt);
        world.begin_look(app, looked_at(world, app), self.attempt);
    }
}

impl Agent for Cron {
    fn boot(&mut self, world: &mut World) {
        self.curls = vec![Vec::new(); world.apps_len()];
        let wall_ms = world.machine().wall_ms(world.now_ms());
        self.next_ms = world.now_ms() + EVERY_MS - wall_ms % EVERY_MS;
        self.hand.start_at_boot(world);
    }

    fn hear(&mut self, world: &mut World, news: &News) {
        let News::Looked { app, probe, attempt, began_ms, seen, .. } = *news else { return };
        let Some(place) = self.curls[app].iter().position(|curl| *curl == attempt) else { return };
        self.curls[app].swap_remove(place);
        world.tell(Fact::Looked { app, probe, began_ms, seen });
        match seen {
            // Twenty that wait tell nothing more than one.
            Seen::Timeout(_) => {
                if self.curls[app].len() < 20 {
                    self.curl(world, app);
                }
            }
            // It reads the status and not the body.
            Seen::Body(_) | Seen::Pass | Seen::Slow => {}
            _ => self.hand.reboot(world, app),
        }
    }

    fn deadline_ms(&self, _world: &World) -> Option<u64> {
        Some(self.next_ms)
    }

    fn wake(&mut self, world: &mut World, _asked_ms: u64) {
        self.next_ms = world.now_ms() + EVERY_MS;
        if world.makes_processes() {
            for app in 0..world.apps_len() {
                self.curl(world, app);
            }
        }
    }

    fn suffer(&mut self, _world: &mut World, _fault: AgentFault) {}

    fn lose_power(&mut self, _world: &mut World) {
        self.curls.iter_mut().for_each(Vec::clear);
    }
}
