//! The agent goes on looking: L5 (after a hand-over), L9 (whatever else is stuck), L11 (after a boot, a
//! hold, a doubt).

use super::scene::Scene;
use super::{Check, Found};
use crate::fact::Fact;

/// A look may come this much later than its pace and its deadline allow.
const LATE_MS: u64 = 1_000;

/// A guardian that has just begun, or doubts, needs so long for its first look.
const BEGINS_MS: u64 = 3_000;

/// The checker.
pub(super) struct Watching;

impl Check for Watching {
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found) {
        let Fact::Looked { app, probe, .. } = *fact else { return };
        if !scene.is_calm_for(0) || at_ms < scene.still_until_ms {
            return;
        }
        overdue(scene, at_ms, app, probe, found);
    }

    fn finish(&mut self, scene: &Scene, at_ms: u64, found: &mut Found) {
        if !scene.is_calm_for(0) || at_ms < scene.still_until_ms {
            return;
        }
        for app in 0..scene.apps.len() {
            for probe in 0..scene.apps[app].probes.len() {
                overdue(scene, at_ms, app, probe, found);
            }
        }
    }
}

fn overdue(scene: &Scene, at_ms: u64, app: usize, probe: usize, found: &mut Found) {
    let (it, rules) = (&scene.apps[app], &scene.rules(app).probes[probe]);
    let last_ms = it.probes[probe].ended_ms;
    let armed_ms = scene.calm_since_ms + BEGINS_MS;
    // The look that is to end with the window may wait for one deadline more.
    let pace_ms = rules.interval_ms.max(rules.fast_ms) + 2 * rules.timeout_ms + LATE_MS;
    let due_ms = last_ms.max(armed_ms) + pace_ms;
    if at_ms <= due_ms {
        return;
    }
    let acts = scene.apps.iter().any(|other| other.in_flight().next().is_some());
    let busy = acts || scene.acted_ms > last_ms;
    let number = match () {
        () if it.handed_over => "L5",
        () if busy => "L9",
        () => "L11",
    };
    let waited_ms = at_ms - last_ms;
    found.breach(number, at_ms, || {
        format!("probe {probe} of app {app} was not looked by for {waited_ms} ms, of {pace_ms}")
    });
}
