//! Before the machine is rebooted: S9, S22.

use super::scene::{Act, Active, ProbeScene, Scene};
use super::speed::{CALM_MS, may_kill};
use super::{Check, Found, TWO_READINGS_MS};
use crate::fact::{Fact, Sickness};
use crate::plan::AppFault;
use defib_engine::effect::Rung;
use defib_engine::note::{Class, Note};

/// So long a reboot for memory waits for the app that has it to be known for down.
const WAITS_MS: u64 = 25_000;

/// A reading of now is up to 2 s old when the order leaves, and the executor writes it down before it begins.
const LATELY_MS: u64 = 2_500;

/// The checker: of each app, whether a lower rung was tried in the open incident or in the one that it
/// goes on from.
pub(super) struct Reboots {
    tried: Vec<bool>,
    closed_ms: Vec<Option<u64>>,
}

impl Reboots {
    pub(super) fn new(apps: usize) -> Reboots {
        Reboots { tried: vec![false; apps], closed_ms: vec![None; apps] }
    }
}

impl Check for Reboots {
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found) {
        match *fact {
            Fact::Noted(Note::Closed { app, .. }) => {
                self.closed_ms[usize::from(app.0)] = Some(at_ms);
            }
            Fact::Noted(Note::Opened { app, .. }) => {
                let app = usize::from(app.0);
                let relapse_ms = scene.rules(app).relapse_ms;
                if self.closed_ms[app].is_none_or(|closed| at_ms - closed >= relapse_ms) {
                    self.tried[app] = false;
                }
            }
            Fact::Began { app, rung: Rung::Reboot, .. } => self.reboots(scene, at_ms, app, found),
            Fact::Began { app, .. } => self.tried[app] = true,
            _ => {}
        }
    }
}

impl Reboots {
    fn reboots(&self, scene: &Scene, at_ms: u64, app: usize, found: &mut Found) {
        let (have_ms, need_ms) = (scene.uptime_ms(at_ms), scene.policy().min_uptime_ms);
        if have_ms < need_ms {
            found.breach("S9", at_ms, || {
                format!("a reboot after {have_ms} ms of up-time, of {need_ms}")
            });
        }
        let rungs = scene.rules(app).rungs;
        let has_lower = rungs.has(Rung::Restart) || rungs.has(Rung::Kill);
        if let Some((taker, since_ms)) = untried(scene, at_ms, app) {
            let ms = at_ms - since_ms;
            found.breach("S9", at_ms, || {
                format!(
                    "a reboot for app {app}; app {taker} has had the memory for {ms} ms, untried"
                )
            });
        }
        if has_lower && !self.tried[app] && !none_cures(scene, app) {
            found.breach("S9", at_ms, || format!("a reboot for app {app}, nothing less was tried"));
        }
    }
}

/// No act on the app itself gives back what it lacks: it sleeps in the kernel, its disk has become
/// read-only, or another has the memory.
fn none_cures(scene: &Scene, app: usize) -> bool {
    let sleeps = scene.apps[app].faults.iter().any(|it| it.fault == AppFault::Unkillable);
    let it = &scene.apps[app];
    // What was true a moment ago was read a moment ago.
    let lately = |ms: u64| scene.now_ms.saturating_sub(ms) < LATELY_MS;
    let ate = |active: &Active| matches!(active.fault, AppFault::Eats { .. });
    let has_taken = scene.sick.iter().any(|(who, ..)| *who == Some(app))
        || lately(it.cured_ms) && it.cured.iter().any(ate);
    let is_starved = scene.starved_ms.is_some_and(|(_, until_ms)| lately(until_ms));
    let is_told = scene.plan.machine.host.is_some();
    // Of an app whose process nobody knows nothing is measured: who has the memory is then unknown.
    let is_unknown = !scene.rules(app).process_known;
    let has_taken = has_taken && !is_unknown;
    is_told && (sleeps || scene.is_read_only() || is_starved && !has_taken)
}

/// Another app of the config has the memory, may be killed, and was not: its kill would have been enough.
fn untried(scene: &Scene, at_ms: u64, app: usize) -> Option<(usize, u64)> {
    let is_for_memory =
        |act: &Act| act.order.rung == Rung::Reboot && act.order.class == Class::Memory;
    let is_for_memory = scene.apps[app].acts.iter().any(is_for_memory);
    scene.sick.iter().find_map(|(who, of, since_ms)| {
        // Whoever reboots for memory has been told; for another reason, nobody may have been yet.
        let is_told = is_for_memory || at_ms >= since_ms + TWO_READINGS_MS;
        let taker = who.filter(|who| *who != app && *of == Sickness::Memory)?;
        let (it, rules) = (&scene.apps[taker], scene.rules(taker));
        let ate = |active: &&Active| matches!(active.fault, AppFault::Eats { .. });
        let began_ms = it.faults.iter().find(ate)?.since_ms;
        // It was seen before it began to eat, and is known not to answer; or there was no time yet.
        let is_known = scene.guardian_since_ms.is_some_and(|ms| ms + CALM_MS <= began_ms);
        let failed = |probe: &ProbeScene| probe.failed_ms.is_some_and(|ms| ms >= *since_ms);
        let is_due = at_ms < since_ms + WAITS_MS || it.own_probes(rules).any(failed);
        let is_free = is_known
            && is_told
            && is_due
            && it.acts.is_empty()
            && it.is_wanted
            && it.held_until_ms == 0;
        (is_free && may_kill(rules) && rules.process_known).then_some((taker, *since_ms))
    })
}
