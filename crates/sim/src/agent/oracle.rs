//! The oracle: it knows what is wrong and until when, and acts at once with the cheapest rung that ends
//! it, or waits if that costs the users less. What it still loses nobody can save: the lower bound that
//! the others are measured against. (Greedy: it weighs the present faults, not those to come.)

use super::Agent;
use super::baseline::Hand;
use crate::fact::By;
use crate::plan::{AgentFault, AppFault};
use crate::world::news::News;
use crate::world::{Active, Signal, World};
use defib_engine::effect::Rung;
use defib_engine::policy::Permission;

/// After a start that did not last it starts again this soon.
const AGAIN_MS: u64 = 1_000;

/// A reboot that was asked for has this long to begin.
const REBOOT_MS: u64 = 120_000;

/// What it would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Wait,
    Start,
    Kill,
    Reboot,
}

/// The agent.
#[derive(Clone, Debug, Default)]
pub struct Oracle {
    hand: Hand,
    /// When each app may be touched again.
    free_ms: Vec<u64>,
}

/// What would help this app most, now.
fn deed(world: &World, app: usize) -> Deed {
    let it = world.app(app);
    if !it.is_wanted || it.is_in_hand {
        return Deed::Wait;
    }
    let Some(process) = it.process else { return Deed::Start };
    if it.permille >= 1_000 || process.is_ending || !it.is_warm(world.now_ms()) {
        return Deed::Wait;
    }
    // What has taken the machine gives it back with its process, even if the next one begins anew.
    let is_taker =
        |active: &Active| matches!(active.fault, AppFault::Eats { .. } | AppFault::Forks { .. });
    let cured_by_kill = |active: &Active| active.remedy.new_process || is_taker(active);
    let cured_by_boot = |active: &Active| cured_by_kill(active) || active.remedy.reboot;
    let now_ms = remaining_ms(world, app, |_| false);
    let after_kill_ms = it.plan.warm_up_ms + remaining_ms(world, app, cured_by_kill);
    let machine = world.plan().machine;
    let boot_ms = machine.down_ms + machine.boot_ms + it.plan.warm_up_ms;
    let after_boot_ms = boot_ms + remaining_ms(world, app, cured_by_boot);
    // A reboot takes the others down too.
    let others_ms = boot_ms * (world.apps_len() as u64 - 1);
    let may_reboot = world.config().policy.reboot == Permission::Allowed;
    if !it.has(|fault| *fault == AppFault::Unkillable) && after_kill_ms < now_ms {
        Deed::Kill
    } else if may_reboot && after_boot_ms.saturating_add(others_ms) < now_ms {
        Deed::Reboot
    } else {
        Deed::Wait
    }
}

/// How much longer the faults of an app last that are not cured.
fn remaining_ms(world: &World, app: usize, is_cured: impl Fn(&Active) -> bool) -> u64 {
    let left = world.app(app).faults.iter().filter(|active| !is_cured(active));
    let ends_ms = left.map(|active| active.until_ms.min(world.plan().healed_at_ms)).max();
    ends_ms.map_or(0, |at_ms| at_ms.saturating_sub(world.now_ms()))
}

impl Agent for Oracle {
    fn boot(&mut self, world: &mut World) {
        self.free_ms = vec![0; world.apps_len()];
        self.hand.start_at_boot(world);
    }

    fn hear(&mut self, _world: &mut World, _news: &News) {}

    fn deadline_ms(&self, world: &World) -> Option<u64> {
        let wants = (0..world.apps_len()).filter(|app| deed(world, *app) != Deed::Wait);
        wants.map(|app| self.free_ms.get(app).copied().unwrap_or(0).max(world.now_ms())).min()
    }

    fn wake(&mut self, world: &mut World, _asked_ms: u64) {
        for app in 0..world.apps_len() {
            let now_ms = world.now_ms();
            if now_ms < self.free_ms[app] {
                continue;
            }
            let chosen = deed(world, app);
            // What it kills is on its way out, and is started as soon as it is gone.
            self.free_ms[app] = match chosen {
                Deed::Start => now_ms + AGAIN_MS,
                Deed::Reboot => now_ms + REBOOT_MS,
                Deed::Wait | Deed::Kill => now_ms,
            };
            match (chosen, world.main(app)) {
                (Deed::Start, _) => self.hand.start(world, app),
                (Deed::Kill, Some(identity)) => {
                    self.hand.tell(world, app, Rung::Kill, true);
                    world.signal(app, identity, Signal::Kill, By::Agent);
                }
                (Deed::Reboot, _) => self.hand.reboot(world, app),
                (Deed::Wait | Deed::Kill, _) => {}
            }
        }
    }

    fn suffer(&mut self, _world: &mut World, _fault: AgentFault) {}

    fn lose_power(&mut self, _world: &mut World) {}
}
