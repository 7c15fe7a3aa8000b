//! The hardware watchdog: S24, and whose permission and budget it needs (S5, S4).

use super::scene::Scene;
use super::{Check, Found};
use crate::fact::{By, DogFact, Fact};
use defib_engine::policy::Permission;

/// The checker: whether a turn of a guardian was completed since it was last fed.
#[derive(Default)]
pub(super) struct Watchdogs {
    has_turned: bool,
    is_armed: bool,
    /// When it last reset the machine, in time with power.
    reset_ms: Option<u64>,
}

/// The reboot budget's short window: one reboot.
const WINDOW_MS: u64 = 6 * 3_600_000;

impl Check for Watchdogs {
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found) {
        match *fact {
            Fact::Turned => self.has_turned = true,
            Fact::Watchdog(DogFact::Fed) => {
                if !self.has_turned && !scene.is_observing {
                    found.breach("S24", at_ms, || "fed, and no turn was completed since".into());
                }
                self.has_turned = false;
            }
            Fact::Watchdog(DogFact::Armed) if !self.is_armed => {
                self.is_armed = true;
                self.armed(scene, at_ms, found);
            }
            Fact::Watchdog(DogFact::Disarmed) => self.is_armed = false,
            Fact::WentDown { by, .. } => {
                if by == By::Watchdog && !self.is_armed {
                    found.breach("S24", at_ms, || "reset by a watchdog that is not armed".into());
                }
                if by == By::Watchdog {
                    self.reset_ms = Some(scene.powered_ms(at_ms));
                }
                (self.is_armed, self.has_turned) = (false, false);
            }
            _ => {}
        }
    }
}

impl Watchdogs {
    fn armed(&self, scene: &Scene, at_ms: u64, found: &mut Found) {
        if scene.policy().reboot != Permission::Allowed {
            found.breach("S5", at_ms, || "armed where the machine may not be rebooted".into());
        }
        let (up_ms, is_for_reboot) = (scene.uptime_ms(at_ms), scene.is_rebooting());
        if up_ms < 60_000 && !is_for_reboot {
            found.breach("S24", at_ms, || format!("armed after {up_ms} ms of up-time"));
        }
        let since_ms = self.reset_ms.map(|reset_ms| scene.powered_ms(at_ms) - reset_ms);
        if let Some(since_ms) = since_ms.filter(|ms| *ms < WINDOW_MS && !is_for_reboot) {
            found.breach("S4", at_ms, || format!("armed {since_ms} ms after a reset of its own"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Profile, generate};
    use crate::world::World;
    use std::rc::Rc;

    /// What the checker says of facts that no right agent leaves.
    fn broken(facts: &[Fact]) -> Vec<&'static str> {
        let world = World::new(Rc::new(generate(1, Profile::Agent))).expect("a world");
        let (scene, mut found) = (Scene::new(&world), Found::default());
        let mut check = Watchdogs { is_armed: true, ..Watchdogs::default() };
        for fact in facts {
            check.take(&scene, 100_000, fact, &mut found);
        }
        found.breaches.iter().map(|breach| breach.number).collect()
    }

    #[test]
    fn each_feed_needs_a_turn_of_its_own() {
        let fed = Fact::Watchdog(DogFact::Fed);
        assert_eq!(broken(&[Fact::Turned, fed.clone()]), [""; 0]);
        assert_eq!(broken(std::slice::from_ref(&fed)), ["S24"], "fed without a turn");
        assert_eq!(broken(&[Fact::Turned, fed.clone(), fed]), ["S24"], "one turn, two feeds");
    }

    #[test]
    fn what_is_disarmed_resets_nothing() {
        let reset = Fact::WentDown { by: By::Watchdog, hard: true };
        assert_eq!(broken(std::slice::from_ref(&reset)), [""; 0]);
        assert_eq!(broken(&[Fact::Watchdog(DogFact::Disarmed), reset.clone()]), ["S24"]);
        let again = broken(&[reset, Fact::Watchdog(DogFact::Armed)]);
        assert!(
            again.contains(&"S4"),
            "armed again though the reset has spent the budget: {again:?}"
        );
    }
}
