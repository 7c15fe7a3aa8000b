//! The worlds that are explored to their end, and what the exploring found.

use super::modelled::{Action, Modelled};
use super::whole::Left;
use stateright::{Checker, HasDiscoveries, Model};
use std::time::Instant;

/// One broken promise, and the shortest or first way to it.
pub(crate) type Breach = (&'static str, Vec<Action>);

/// Visits every state, and says what was broken. A right world is searched in depth, which needs little
/// memory; a wrong one in breadth, which finds a shortest way.
pub(crate) fn explore(name: &str, model: Modelled, in_breadth: bool) -> Vec<Breach> {
    let begun = Instant::now();
    let builder = model.checker().threads(1).finish_when(HasDiscoveries::AnyFailures);
    if in_breadth {
        told(name, &builder.spawn_bfs().join(), begun)
    } else {
        told(name, &builder.spawn_dfs().join(), begun)
    }
}

fn told(name: &str, checker: &impl Checker<Modelled>, begun: Instant) -> Vec<Breach> {
    let (unique, depth) = (checker.unique_state_count(), checker.max_depth());
    let (steps, seconds) = (checker.state_count(), begun.elapsed().as_secs_f32());
    println!("{name}: {unique} states, {steps} steps, depth {depth}, {seconds:.1} s");
    let mut found: Vec<Breach> =
        checker.discoveries().into_iter().map(|(name, path)| (name, path.into_actions())).collect();
    found.sort_by_key(|(name, _)| *name);
    found
}

fn holds(name: &str, model: Modelled) {
    let found = explore(name, model, false);
    assert!(found.is_empty(), "{name}: {found:#?}");
}

/// Nothing may happen.
pub(crate) const NONE: Left = Left {
    faults: 0,
    heals: 0,
    stubborn: 0,
    failing: 0,
    guardian: 0,
    executor: 0,
    people: 0,
    dependency: 0,
    noise: 0,
};

/// One app, and what may happen to it.
pub(crate) fn one(left: Left) -> Modelled {
    Modelled::new(1, false, false, left)
}

fn reboot(left: Left) -> Modelled {
    Modelled::new(1, false, true, left)
}

fn with_needs(left: Left) -> Modelled {
    Modelled::new(1, true, false, left)
}

fn two(left: Left) -> Modelled {
    Modelled::new(2, false, false, left)
}

#[test]
fn one_fault_and_both_processes_killed_at_any_step() {
    let left = Left { faults: 1, stubborn: 1, guardian: 1, executor: 1, ..NONE };
    holds("killed", one(left));
    holds("killed, with liveness", one(Left { stubborn: 0, ..left }).timed());
    holds("guardian killed twice", one(Left { stubborn: 0, guardian: 2, ..left }));
}

#[test]
fn two_faults_that_heal_or_do_not() {
    holds("two faults", one(Left { faults: 2, heals: 1, stubborn: 1, ..NONE }).timed());
    holds("generous", one(Left { faults: 1, stubborn: 3, executor: 1, ..NONE }).generous());
}

#[test]
fn acts_and_ledger_writes_that_fail() {
    holds("failing", one(Left { faults: 1, failing: 1, guardian: 1, executor: 1, ..NONE }));
    holds("failing twice", one(Left { faults: 1, failing: 2, executor: 1, ..NONE }));
    holds("failing, with liveness", one(Left { faults: 1, failing: 2, ..NONE }).timed());
}

#[test]
fn people_who_hold_stop_and_restart() {
    holds("people", one(Left { people: 2, faults: 1, ..NONE }));
    holds("people, executor", one(Left { people: 1, faults: 1, executor: 1, ..NONE }));
    holds("people, guardian", one(Left { people: 1, faults: 1, guardian: 1, ..NONE }));
    holds("people, with liveness", one(Left { people: 1, faults: 1, ..NONE }).timed());
}

#[test]
fn a_machine_that_may_be_rebooted() {
    let left = Left { faults: 1, stubborn: 3, failing: 1, ..NONE };
    holds("reboot", reboot(left));
    holds("reboot, executor", reboot(Left { failing: 0, executor: 1, ..left }));
    holds("reboot, guardian", reboot(Left { failing: 0, guardian: 1, ..left }));
    holds("reboot, young", reboot(Left { stubborn: 4, failing: 0, ..left }).young());
    holds("reboot, with liveness", reboot(Left { stubborn: 4, failing: 0, ..left }).timed());
}

#[test]
fn a_dependency_that_goes_down() {
    holds("dependency", with_needs(Left { dependency: 1, faults: 1, ..NONE }));
    holds(
        "dependency, killed",
        with_needs(Left { dependency: 1, guardian: 1, executor: 1, ..NONE }),
    );
    holds("dependency, with liveness", with_needs(Left { dependency: 2, ..NONE }).timed());
}

#[test]
fn two_apps() {
    holds("two apps", two(Left { faults: 2, ..NONE }));
    holds("two apps, killed", two(Left { faults: 1, guardian: 1, executor: 1, ..NONE }));
}

/// Two looks in a row that are lost or late, and a doubt, never end what is well; a third would.
#[test]
fn lost_and_late_looks() {
    holds("noise", one(Left { noise: 2, guardian: 2, executor: 2, ..NONE }));
    holds("noise and a fault", one(Left { noise: 2, faults: 1, stubborn: 1, ..NONE }));
}

const DEEP: Left = Left { faults: 2, guardian: 1, executor: 1, ..NONE };

#[test]
#[ignore = "soak: some 10 million states and more each"]
fn soak_model_one_app() {
    holds("deep, killed", one(Left { stubborn: 1, ..DEEP }));
    holds("deep, failing", one(Left { faults: 1, failing: 2, stubborn: 1, ..DEEP }));
    holds("deep, with liveness", one(DEEP).timed());
    holds("deep, people", one(Left { faults: 1, people: 2, ..DEEP }));
}

#[test]
#[ignore = "soak: some 10 million states and more each"]
fn soak_model_machine() {
    holds("deep, reboot", reboot(Left { faults: 1, stubborn: 4, failing: 1, ..DEEP }));
    holds("deep, dependency", with_needs(Left { faults: 1, dependency: 1, ..DEEP }));
    holds("deep, two apps", two(Left { faults: 2, executor: 0, ..DEEP }));
}
