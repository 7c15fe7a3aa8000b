//! No third reboot after two in vain: S23, by what was truly rebooted and what truly served.

use super::scene::Scene;
use super::{Check, Found};
use crate::fact::{By, Fact};
use defib_engine::effect::Rung;
use defib_engine::id::IntentId;

const DAY_MS: u64 = 86_400_000;

/// A machine that went down by us, or by the watchdog that we had armed.
struct Down {
    /// For which app; `None`: by the watchdog alone.
    app: Option<usize>,
    /// In time with power.
    at_ms: u64,
}

/// The checker.
///
/// It takes an app for recovered that has served anybody, in this boot, for half of what verifies a recovery:
/// looks that are good for all of that time need more.
pub(super) struct Freezes {
    vain: Vec<Down>,
    last: Option<IntentId>,
    /// A reboot was begun in this boot: how it goes down at last is the same reboot.
    is_begun: bool,
    /// Of each app, since when it serves, and for how long it has served before that, in this boot.
    served: Vec<(Option<u64>, u64)>,
}

impl Freezes {
    pub(super) fn new(apps: usize) -> Freezes {
        Freezes { vain: Vec::new(), last: None, is_begun: false, served: vec![(None, 0); apps] }
    }
}

impl Check for Freezes {
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found) {
        match *fact {
            Fact::Serves { app, permille: 0 } => {
                let (since, before_ms) = &mut self.served[app];
                *before_ms += since.take().map_or(0, |since| at_ms - since);
            }
            Fact::Serves { app, .. } => {
                self.served[app].0.get_or_insert(at_ms);
            }
            Fact::Began { intent, app, rung: Rung::Reboot, ends: true }
                if self.last.replace(intent) != Some(intent) =>
            {
                self.is_begun = true;
                self.reboots(scene, at_ms, Some(app), found);
            }
            Fact::WentDown { by, .. } => {
                if by == By::Watchdog && !self.is_begun {
                    self.reboots(scene, at_ms, None, found);
                }
                self.see_recovered(scene, at_ms);
                self.is_begun = false;
                self.served.fill((None, 0));
            }
            _ => {}
        }
    }
}

impl Freezes {
    fn reboots(&mut self, scene: &Scene, at_ms: u64, app: Option<usize>, found: &mut Found) {
        self.see_recovered(scene, at_ms);
        let now_ms = scene.powered_ms(at_ms);
        let last_ms = self.vain.iter().map(|down| down.at_ms).max();
        let since_ms = last_ms.map_or(DAY_MS, |last_ms| now_ms - last_ms);
        let vain = self.vain.len();
        if vain >= 2 && since_ms < DAY_MS {
            found.breach("S23", at_ms, || {
                format!("a reboot {since_ms} ms after the last of {vain} in vain, of {DAY_MS}")
            });
        }
        self.vain.push(Down { app, at_ms: now_ms });
    }

    /// What was rebooted before this boot, and has served in it, was not rebooted in vain.
    fn see_recovered(&mut self, scene: &Scene, at_ms: u64) {
        let booted_ms = scene.powered_ms(at_ms).saturating_sub(scene.uptime_ms(at_ms));
        let is_well = |app: usize| {
            let (since, before_ms) = self.served[app];
            let served_ms = before_ms + since.map_or(0, |since| at_ms - since);
            served_ms >= scene.rules(app).verify_ms / 2
        };
        let any_is_well = (0..self.served.len()).any(is_well);
        self.vain.retain(|down| {
            let is_cured = down.app.map_or(any_is_well, is_well);
            down.at_ms > booted_ms || !is_cured
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Profile, generate};
    use crate::world::World;
    use std::rc::Rc;

    const HOUR_MS: u64 = 3_600_000;
    const RESET: Fact = Fact::WentDown { by: By::Watchdog, hard: true };

    fn broken(facts: &[(u64, Fact)]) -> Vec<&'static str> {
        let world = World::new(Rc::new(generate(1, Profile::Agent))).expect("a world");
        let (mut scene, mut found) = (Scene::new(&world), Found::default());
        let mut check = Freezes::new(world.apps_len());
        for (at_ms, fact) in facts {
            scene.tick(*at_ms);
            check.take(&scene, *at_ms, fact, &mut found);
            scene.take(*at_ms, fact);
        }
        found.breaches.iter().map(|breach| breach.number).collect()
    }

    #[test]
    fn a_third_reset_within_a_day_is_one_too_many_unless_something_has_served() {
        let booted = |boot| Fact::Booted { boot };
        let begin = [(0, booted(1)), (HOUR_MS, RESET), (HOUR_MS + 1, booted(2))];
        let again = |at_ms| [(at_ms, RESET), (at_ms + 1, booted(3))];
        let with = |more: &[(u64, Fact)]| broken(&[&begin[..], more].concat());
        let second = again(2 * HOUR_MS);
        assert_eq!(with(&second), [""; 0]);
        assert_eq!(with(&[second.clone(), again(3 * HOUR_MS)].concat()), ["S23"]);
        assert_eq!(with(&[second.clone(), again(27 * HOUR_MS)].concat()), [""; 0]);
        let served = [(2 * HOUR_MS + 2, Fact::Serves { app: 0, permille: 1_000 })];
        let cured = [&second[..], &served, &again(3 * HOUR_MS)].concat();
        assert_eq!(with(&cured), [""; 0]);
    }
}
