//! Who is to blame: S11 (what is not the app's fault), S32 (what is another app's).

use super::scene::{A_TENTH, AppScene, Scene};
use super::{Check, Found};
use crate::fact::{Fact, Sickness};
use crate::plan::AppFault;
use defib_engine::effect::{Order, Rung};
use defib_engine::note::Class;
use defib_engine::policy::{AppPolicy, View};

/// So long must an app have had nothing but faults that are not its own.
const CLEAR_MS: u64 = 120_000;

/// An app without a failing look for so long has given no reason for an act.
const REASON_MS: u64 = 1_800_000;

/// The checker.
pub(super) struct Blame;

impl Check for Blame {
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found) {
        let Fact::Intended { order, .. } = fact else { return };
        let app = usize::from(order.app.0);
        let Some(it) = scene.apps.get(app) else { return };
        // While the CPU is stolen, or the machine stood still, the app itself did not answer either.
        let is_clear = scene.is_calm_for(CLEAR_MS);
        if is_clear && order.rung.is_disruptive() && is_innocent(it, scene.rules(app), at_ms) {
            let fault = it.faults[0].fault;
            let rung = order.rung;
            found.breach("S11", at_ms, || format!("{rung:?} on app {app} for {fault:?}"));
        }
        if is_robbed_only(scene, order, it, at_ms) {
            let rung = order.rung;
            found.breach("S32", at_ms, || {
                format!("{rung:?} on app {app} for memory that another has taken")
            });
        }
        if !has_reason(scene, order, it, at_ms) {
            let rung = order.rung;
            found.breach("S32", at_ms, || {
                format!("{rung:?} on app {app}, which gave no reason in {REASON_MS} ms")
            });
        }
    }
}

/// Everything that is wrong with it is known not to be its own fault, for long enough that nothing else
/// can be behind it, and there is a probe that shows so.
fn is_innocent(it: &AppScene, rules: &AppPolicy, at_ms: u64) -> bool {
    let has = |view: View| rules.probes.iter().any(|probe| probe.view == view);
    let quiet = it.process.is_some() && at_ms - it.born_ms > CLEAR_MS;
    let not_its_own = |fault: AppFault| match fault {
        AppFault::DependencyDown | AppFault::DependencySlow => has(View::Dependency),
        AppFault::PathCut => is_seen_well(it, rules, at_ms),
        AppFault::CertificateExpired => true,
        AppFault::Status { code } => (300..500).contains(&code),
        _ => false,
    };
    quiet
        && !it.faults.is_empty()
        && it
            .faults
            .iter()
            .all(|active| not_its_own(active.fault) && at_ms - active.since_ms > CLEAR_MS)
        && at_ms - it.cured_ms > CLEAR_MS
        && it.crowded_ms <= it.born_ms
}

/// The app's own view is good, and has been: where it fails too, nothing shows that the path is to blame.
fn is_seen_well(it: &AppScene, rules: &AppPolicy, at_ms: u64) -> bool {
    let recent = |ms: u64| at_ms.saturating_sub(ms) < CLEAR_MS;
    let pairs = it.probes.iter().zip(&rules.probes);
    let mut own = pairs.filter(|(_, rules)| rules.view == View::App).map(|(probe, _)| probe);
    own.clone().next().is_some()
        && own
            .all(|probe| probe.good_ms.is_some_and(recent) && !probe.failed_ms.is_some_and(recent))
}

/// It is ended for want of memory, and has itself taken none.
fn is_robbed_only(scene: &Scene, order: &Order, it: &AppScene, at_ms: u64) -> bool {
    let is_ended = matches!(order.rung, Rung::Kill | Rung::Restart) && it.process.is_some();
    let eats = it.faults.iter().any(|active| matches!(active.fault, AppFault::Eats { .. }));
    let ate = it.cured_ms > 0 && at_ms - it.cured_ms < CLEAR_MS;
    let is_told = scene.plan.machine.host.is_some();
    is_told && is_ended && order.class == Class::Memory && !eats && !ate
}

/// The app itself has failed a look, or its process has ended or was started.
fn has_reason(scene: &Scene, order: &Order, it: &AppScene, at_ms: u64) -> bool {
    let recent = |ms: u64| at_ms - ms.min(at_ms) < REASON_MS;
    let failed = it
        .own_probes(scene.rules(usize::from(order.app.0)))
        .any(|probe| probe.failed_ms.is_some_and(recent));
    let number = usize::from(order.app.0);
    // It need not be the one that took the rest of what is gone.
    let has_taken = scene.sick.iter().any(|(who, of, _)| {
        *who == Some(number) || *of == Sickness::Memory && it.eaten(at_ms) >= A_TENTH
    });
    let is_first_start = order.rung == Rung::Start && it.process.is_none();
    failed || has_taken || recent(it.died_ms) && it.died_ms > 0 || is_first_start
}
