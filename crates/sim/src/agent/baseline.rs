//! What the simple agents have in common: how they end and start an app, and how they tell of it.
//!
//! None of them keeps a record over a reboot, so their intents are only numbered to be told apart.

use crate::fact::{By, Fact};
use crate::plan::Keeper;
use crate::world::{JobKind, Signal, World};
use defib_engine::effect::Rung;
use defib_engine::id::IntentId;
use defib_engine::policy::View;

/// How long a restart waits between TERM and KILL when no service manager does it: what
/// `start-stop-daemon --retry 10` and its like do.
const GRACE_MS: u64 = 10_000;

/// How often a restart looks whether the process is gone.
const LOOK_MS: u64 = 100;

/// An app that is being restarted.
#[derive(Clone, Copy, Debug)]
struct Ending {
    app: usize,
    kill_at_ms: u64,
    look_at_ms: u64,
}

/// The hand of a simple agent.
#[derive(Clone, Debug, Default)]
pub(super) struct Hand {
    endings: Vec<Ending>,
    intent: u64,
}

impl Hand {
    /// Tells that an act touches the world.
    pub(super) fn tell(&mut self, world: &mut World, app: usize, rung: Rung, ends: bool) {
        self.intent += 1;
        world.tell(Fact::Began { intent: IntentId(self.intent), app, rung, ends });
    }

    /// Starts an app that is down.
    pub(super) fn start(&mut self, world: &mut World, app: usize) {
        if world.main(app).is_none() && world.makes_processes() {
            self.tell(world, app, Rung::Start, false);
            let _ = world.spawn(app, By::Agent);
        }
    }

    /// Starts every app that nobody else starts at boot: the boot line of a script, an enabled unit.
    pub(super) fn start_at_boot(&mut self, world: &mut World) {
        self.endings.clear();
        for app in 0..world.apps_len() {
            if world.app(app).is_wanted {
                self.start(world, app);
            }
        }
    }

    /// Restarts an app: by its service manager, or with signals.
    pub(super) fn restart(&mut self, world: &mut World, app: usize) {
        let main = world.main(app);
        let now_ms = world.now_ms();
        if matches!(world.app(app).plan.keeper, Keeper::Unit { .. }) {
            self.tell(world, app, Rung::Restart, main.is_some());
            // Numbers of this kind are never defib's own.
            let _ = world.begin_job(u64::MAX - self.intent, JobKind::Restart, app);
        } else if let Some(identity) = main {
            self.tell(world, app, Rung::Restart, true);
            world.signal(app, identity, Signal::Term, By::Agent);
            self.endings.retain(|ending| ending.app != app);
            let (kill_at_ms, look_at_ms) = (now_ms + GRACE_MS, now_ms + LOOK_MS);
            self.endings.push(Ending { app, kill_at_ms, look_at_ms });
        } else {
            self.start(world, app);
        }
    }

    /// Reboots the machine over an app.
    pub(super) fn reboot(&mut self, world: &mut World, app: usize) {
        if world.makes_processes() && world.reboot(By::Agent) {
            self.tell(world, app, Rung::Reboot, true);
        }
    }

    /// Whether a restart of this app is under way.
    pub(super) fn is_busy(&self, app: usize) -> bool {
        self.endings.iter().any(|ending| ending.app == app)
    }

    pub(super) fn deadline_ms(&self) -> Option<u64> {
        self.endings.iter().map(|ending| ending.look_at_ms).min()
    }

    /// Goes on with every restart that is due.
    pub(super) fn advance(&mut self, world: &mut World) {
        let now_ms = world.now_ms();
        for mut ending in std::mem::take(&mut self.endings) {
            match world.main(ending.app) {
                _ if now_ms < ending.look_at_ms => self.endings.push(ending),
                Some(identity) => {
                    if now_ms >= ending.kill_at_ms {
                        world.signal(ending.app, identity, Signal::Kill, By::Agent);
                    }
                    ending.look_at_ms = now_ms + LOOK_MS;
                    self.endings.push(ending);
                }
                None => {
                    if world.spawn(ending.app, By::Agent).is_err() {
                        ending.look_at_ms = now_ms + LOOK_MS;
                        self.endings.push(ending);
                    }
                }
            }
        }
    }
}

/// The probe that shows what a person would look at: the first that is not of a dependency.
pub(super) fn looked_at(world: &World, app: usize) -> usize {
    let probes = &world.config().policy.apps[app].probes;
    probes.iter().position(|probe| probe.view != View::Dependency).unwrap_or(0)
}

/// The earlier of two times, if there is one.
pub(super) fn earlier(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}
