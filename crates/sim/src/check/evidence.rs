//! What was looked at before something is ended: S6, S10, S14, S15.

use super::scene::{A_TENTH, Act, Scene};
use super::{Check, Found};
use crate::fact::Fact;
use crate::plan::{AppFault, Keeper};
use defib_engine::effect::Order;
use defib_engine::note::{Class, Note};
use defib_engine::policy::View;
use defib_engine::seen::Seen;

/// How old the look may be that an act relies on.
const FRESH_MS: u64 = 2_000;

/// From the decision until the act touches the world: the order's way and the ledger's write.
const ON_ITS_WAY_MS: u64 = 1_000;

/// A bundle may hold an act back for so long.
const BUNDLE_MS: u64 = 1_000;

/// From one reading of the machine to the next, and how far apart two must be that convict.
const READING_MS: u64 = 6_000;
const READINGS_APART_MS: u64 = 4_500;

/// Of the memory that there is to take, in permille: with this gone, under 8 % of the machine's is left; and
/// under 5 %, where no pressure is told of (docs/decisions/095).
const NEARLY_ALL: u64 = 897;
const NEARLY_ALL_BLIND: u64 = 948;

/// Clean time that ends one doubt.
const DOUBT_MS: u64 = 5_000;

/// Looks needed since what was seen before became void.
const LOOKS: u32 = 3;

/// The checker: when the last bundle of each app closed, and when it was last decided to act.
pub(super) struct Evidence {
    bundled_ms: Vec<Option<u64>>,
    decided_ms: Vec<Option<u64>>,
}

impl Evidence {
    pub(super) fn new(apps: usize) -> Evidence {
        Evidence { bundled_ms: vec![None; apps], decided_ms: vec![None; apps] }
    }
}

impl Check for Evidence {
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found) {
        match fact {
            Fact::Bundled { app, .. } => self.bundled_ms[*app] = Some(at_ms),
            Fact::Noted(Note::Decided { app, .. }) => {
                let app = usize::from(app.0);
                if let Some(place) = self.decided_ms.get_mut(app) {
                    (*place, self.bundled_ms[app]) = (Some(at_ms), None);
                }
            }
            Fact::Ordered(order) if is_ending(scene, order) => {
                self.bundled(at_ms, order, found);
                if has_kernel_facts(scene, at_ms, order) {
                    return;
                }
                trusted(scene, at_ms, order, found);
                if !eats_what_is_left(scene, at_ms, order) {
                    looked(scene, at_ms, order, FRESH_MS, found);
                }
            }
            Fact::Began { intent, ends: true, .. } => {
                let act = scene.act(*intent).filter(|act| is_ending(scene, &act.order));
                let act = act.filter(|act| !has_kernel_facts(scene, act.intended_ms, &act.order));
                let act = act.filter(|act| !eats_what_is_left(scene, act.intended_ms, &act.order));
                if let Some(act) = act.filter(|act| !waited_for_others(scene, act)) {
                    looked(scene, at_ms, &act.order, FRESH_MS + ON_ITS_WAY_MS, found);
                }
            }
            _ => {}
        }
    }
}

/// Whether the order may end something that runs. What is not there needs no look.
fn is_ending(scene: &Scene, order: &Order) -> bool {
    let app = usize::from(order.app.0);
    order.rung.is_disruptive() && scene.apps.get(app).is_some_and(|app| app.process.is_some())
}

/// Two readings of a kernel fact stand for looks: memory is gone, or the app takes processes or CPU, for
/// as long as they are apart. The last of them may be as old as the next is due.
fn has_kernel_facts(scene: &Scene, at_ms: u64, order: &Order) -> bool {
    let app = usize::from(order.app.0);
    let held = |since_ms: u64| at_ms >= since_ms + READINGS_APART_MS;
    let is_told = scene.plan.machine.host.is_some();
    let is_true = match order.class {
        Class::Memory => scene.starved_ms.is_some_and(|(since_ms, until_ms)| {
            held(since_ms) && at_ms <= until_ms.saturating_add(READING_MS)
        }),
        Class::Spinning => takes_cpu(scene, app, at_ms) || is_still_busy(scene, app, at_ms),
        _ => false,
    };
    is_told && is_true
}

/// Two readings that are apart have told that this app takes the rest of the memory.
fn eats_what_is_left(scene: &Scene, at_ms: u64, order: &Order) -> bool {
    let app = usize::from(order.app.0);
    scene.plan.machine.host.is_some()
        && order.class == Class::Memory
        && eats_the_rest(scene, app, at_ms.saturating_sub(READINGS_APART_MS))
}

/// It takes the CPU or the processes, or did at the last reading, which may be as old as the next is due.
fn takes_cpu(scene: &Scene, app: usize, at_ms: u64) -> bool {
    let it = &scene.apps[app];
    let lately = it.cured.iter().filter(|_| at_ms <= it.cured_ms + READING_MS);
    it.faults.iter().chain(lately).any(|active| {
        let takes =
            matches!(active.fault, AppFault::Spin | AppFault::Busy { .. } | AppFault::Forks { .. });
        takes && at_ms >= active.since_ms + READINGS_APART_MS
    })
}

/// Memory is short before it is gone. That is the app's own fact when it is the app that has grown, and has not
/// answered since: what is down anyway, and takes what is left, is not waited for until nobody can do anything.
fn eats_the_rest(scene: &Scene, app: usize, since_ms: u64) -> bool {
    let taken: u64 = scene.apps.iter().map(|it| it.eaten(since_ms)).sum();
    let is_blind = scene.plan.machine.host.is_some_and(|host| !host.has_pressure);
    let is_short = taken >= if is_blind { NEARLY_ALL_BLIND } else { NEARLY_ALL };
    // A handshake is the kernel's answer, not the app's.
    let of_kernel = |view| matches!(view, View::Listener | View::Dependency);
    let mut looks = scene.apps[app].probes.iter().zip(&scene.rules(app).probes);
    let is_silent = looks.all(|(probe, rules)| {
        of_kernel(rules.view) || probe.good_ms.is_none_or(|good_ms| good_ms <= since_ms)
    });
    is_short && is_silent && scene.apps[app].eaten(since_ms) >= A_TENTH
}

/// What a busy app's queue leaves behind outlives the fault that is told of; it shows in what is served.
fn is_still_busy(scene: &Scene, app: usize, at_ms: u64) -> bool {
    let it = &scene.apps[app];
    it.permille < 1_000 && at_ms >= it.serves_since_ms + READINGS_APART_MS
}

/// A job that a slow or stuck service manager holds is begun when that goes on, and nobody can call it back.
fn waited_for_others(scene: &Scene, act: &Act) -> bool {
    let is_unit =
        matches!(scene.plan.apps[usize::from(act.order.app.0)].keeper, Keeper::Unit { .. });
    // An act that waits until a process can be made is begun then, as it was ordered.
    let waited = scene.plan.machine.host.is_some() && scene.no_processes_ms >= act.intended_ms;
    is_unit && scene.manager_disturbed_ms >= act.intended_ms || waited
}

impl Evidence {
    fn bundled(&self, at_ms: u64, order: &Order, found: &mut Found) {
        let app = usize::from(order.app.0);
        let waited_ms = self.decided_ms[app].map(|decided_ms| at_ms - decided_ms);
        if self.bundled_ms[app].is_none() && waited_ms.is_none_or(|ms| ms < BUNDLE_MS) {
            found.breach("S10", at_ms, || {
                format!("an act on app {app} without a closed bundle, {waited_ms:?} ms waited")
            });
        }
    }
}

/// S14: not in self-doubt, and only after enough looks with open eyes.
fn trusted(scene: &Scene, at_ms: u64, order: &Order, found: &mut Found) {
    let app = usize::from(order.app.0);
    if let Some(doubted_ms) = scene.doubted_ms.filter(|ms| at_ms - ms < DOUBT_MS) {
        let ago_ms = at_ms - doubted_ms;
        found.breach("S14", at_ms, || format!("an act on app {app} {ago_ms} ms after a doubt"));
    }
    let looks = scene.apps[app].own_probes(scene.rules(app)).map(|probe| probe.fresh).max();
    let looks = looks.unwrap_or(0);
    if looks < LOOKS {
        found.breach("S14", at_ms, || {
            format!("an act on app {app} after {looks} fresh looks, of {LOOKS}")
        });
    }
}

/// S6 and S15: a look that has just failed, with open eyes, supports it.
fn looked(scene: &Scene, at_ms: u64, order: &Order, fresh_ms: u64, found: &mut Found) {
    let app = usize::from(order.app.0);
    let (from_ms, until_ms) = scene.frozen_ms;
    let (mut fresh, mut clear) = (false, false);
    for probe in scene.apps[app].own_probes(scene.rules(app)) {
        // A good look that ends while the order is on its way cannot call it back; nor one of the same
        // turn, for the guardian hears the executor before its looks.
        let on_its_way = fresh_ms > FRESH_MS || probe.ended_ms == at_ms;
        let failed = on_its_way || probe.seen.is_some_and(Seen::is_failure);
        if failed && probe.failed_ms.is_some_and(|ended_ms| at_ms - ended_ms <= fresh_ms) {
            fresh = true;
            clear |= !(probe.began_ms < from_ms && until_ms <= probe.ended_ms);
        }
    }
    if !fresh {
        let last: Vec<_> = scene.apps[app]
            .own_probes(scene.rules(app))
            .map(|probe| (at_ms - probe.ended_ms, probe.seen))
            .collect();
        found.breach("S6", at_ms, || {
            format!("an act on app {app} without a failing look of {fresh_ms} ms: {last:?}")
        });
    } else if !clear {
        found.breach("S15", at_ms, || format!("an act on app {app} by a look that spans a pause"));
    }
}
