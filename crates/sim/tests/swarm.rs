//! Seeded worlds under the judge: no promise may be broken. `DEFIB_SEEDS=from..to` searches further.
#![expect(clippy::expect_used, reason = "a test may panic")]

mod support;

use defib_sim::agent::engine::EngineAgent;
use defib_sim::agent::whole::WholeAgent;
use defib_sim::check::Breach;
use defib_sim::plan::{Plan, Profile, generate};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use support::{judged, plans};

/// The seeds that run each time; more by `DEFIB_SEEDS=from..to`.
fn seeds(usual: Range<u64>) -> Range<u64> {
    let asked = std::env::var("DEFIB_SEEDS").ok();
    let range = asked.as_deref().and_then(|text| text.split_once(".."));
    range.map_or(usual, |(from, to)| {
        from.parse().expect("a number before the dots")..to.parse().expect("a number after them")
    })
}

/// Runs seeds under the judge and tells of each world in which a promise was broken.
fn all_kept(
    seeds: impl IntoIterator<Item = u64>,
    plan: impl Fn(u64) -> Rc<Plan>,
    run: impl Fn(&Rc<Plan>) -> Vec<Breach>,
) {
    let mut broken = Vec::new();
    for seed in seeds {
        let plan = plan(seed);
        let outcome = catch_unwind(AssertUnwindSafe(|| run(&plan)));
        match outcome.as_ref().map(|breaches| breaches.first()) {
            Ok(None) => {}
            Ok(Some(first)) => {
                let Breach { number, at_ms, what } = first;
                broken.push(format!("seed {seed}: {number} at {at_ms} ms: {what}"));
            }
            Err(_) => broken.push(format!("seed {seed}: a panic")),
        }
    }
    assert!(broken.is_empty(), "{} worlds:\n{}", broken.len(), broken.join("\n"));
}

fn generated(profile: Profile) -> impl Fn(u64) -> Rc<Plan> {
    move |seed| Rc::new(generate(seed, profile))
}

fn engine(plan: &Rc<Plan>) -> Vec<Breach> {
    judged(plan, None, EngineAgent::new)
}

fn whole(plan: &Rc<Plan>) -> Vec<Breach> {
    judged(plan, None, WholeAgent::new)
}

#[test]
fn the_engine_breaks_nothing_in_small_worlds() {
    all_kept(seeds(0..60), plans::plan, engine);
}

#[test]
fn the_engine_breaks_nothing_in_swarm_worlds() {
    all_kept(seeds(0..12), generated(Profile::Swarm), engine);
}

#[test]
fn the_engine_breaks_nothing_while_it_is_killed() {
    all_kept(seeds(0..40), generated(Profile::Agent), engine);
}

#[test]
fn the_whole_agent_breaks_nothing_in_small_worlds() {
    all_kept(seeds(0..10), plans::plan, whole);
}

#[test]
fn the_whole_agent_breaks_nothing_in_swarm_worlds() {
    all_kept(seeds(0..4), generated(Profile::Swarm), whole);
}

#[test]
fn the_whole_agent_breaks_nothing_while_it_is_killed() {
    all_kept(seeds(0..20), generated(Profile::Agent), whole);
}

#[test]
fn the_engine_breaks_nothing_on_sick_machines() {
    all_kept(seeds(0..40), generated(Profile::Machine), engine);
}

/// A reading that stayed due while news came was a doubt at each of them, and each doubt began all looks anew: these
/// worlds had no end.
#[test]
fn a_late_reading_is_one_doubt() {
    all_kept([88, 307, 469, 497, 504], generated(Profile::Machine), engine);
}

/// A doubt that had just begun convicted an app whose last look was good.
#[test]
fn silence_in_doubt_counts_from_the_doubt() {
    all_kept([519, 177], generated(Profile::Machine), engine);
}

/// An app that answers nobody was left alone while a disk was ill, where no reboot is allowed.
#[test]
fn what_is_mute_beside_an_ill_disk_is_restarted() {
    all_kept([2_464, 1_966], generated(Profile::Machine), engine);
}

/// A machine was rebooted for memory that had been given back since the last reading.
#[test]
fn a_machine_is_rebooted_for_memory_on_a_reading_of_now() {
    all_kept([53], generated(Profile::Machine), engine);
    all_kept([1_981], generated(Profile::Machine), whole);
}

/// An app with a slow pace had all memory, failed its looks while the agent doubted itself, and was not looked at again
/// before the machine was rebooted for it.
#[test]
fn what_failed_in_doubt_is_looked_at_when_the_doubt_ends() {
    all_kept([3_004], generated(Profile::Machine), engine);
}

/// S5, S9, S11 and L4 asked of the agent what no reading could have told it yet, and called the queue that a busy time
/// leaves behind nobody's fault.
#[test]
fn nobody_acts_on_what_is_not_told() {
    all_kept([880, 1_943, 3_480, 2_569, 772, 3_404], generated(Profile::Machine), engine);
}

/// S11 blamed a cut path while the app's own view failed too.
#[test]
fn a_cut_path_is_not_all_that_fails() {
    all_kept([40_363], generated(Profile::Swarm), engine);
}

/// A child that was killed between its gate and its exec came to life.
#[test]
fn what_is_killed_before_its_exec_does_not_live() {
    all_kept([30_035], generated(Profile::Swarm), whole);
}

/// A disk that keeps nothing, and a loss of power: the numbers of intents begin anew.
#[test]
fn a_disk_that_keeps_nothing_gives_numbers_again() {
    all_kept([50_293], generated(Profile::Agent), whole);
}

/// The app that is down and has grown is ended when memory is short, and not only when it is gone (S6).
#[test]
fn sick_machines_whose_memory_is_nearly_gone() {
    let seeds = [797, 906, 1157, 1436, 1465, 1765, 1905, 1942, 2051, 2086, 2107, 2185];
    all_kept(seeds, generated(Profile::Machine), engine);
}

/// What hangs is not tried again while the machine is sick, or an app that it needs is down (L13).
#[test]
fn sick_machines_that_start_nothing() {
    all_kept([605, 964], generated(Profile::Machine), engine);
}

/// The users' path says 301 for hours, and two looks at the app are lost (S11).
#[test]
fn sick_machines_whose_address_has_moved() {
    all_kept([78], generated(Profile::Machine), engine);
}

/// A fork storm has ended since the last reading, which may be as old as the next is due (S6).
#[test]
fn sick_machines_whose_storm_has_just_ended() {
    all_kept([1981], generated(Profile::Machine), engine);
}

/// An app that has taken a good part of the memory that is gone is the reason, whoever took the rest (S32).
#[test]
fn sick_machines_with_two_eaters() {
    all_kept([1653], generated(Profile::Machine), engine);
}

/// A dead app is started though no view on it has anything to look at (L1).
#[test]
fn sick_machines_with_a_dead_app_that_nothing_listens_for() {
    all_kept([1627, 2290, 2391], generated(Profile::Machine), engine);
}

/// An app that was never well takes all memory: it is killed, and the machine is not rebooted (S9).
#[test]
fn sick_machines_with_an_eater_that_was_never_well() {
    all_kept([861], generated(Profile::Machine), engine);
}

#[test]
fn the_whole_agent_breaks_nothing_on_sick_machines() {
    all_kept(seeds(0..12), generated(Profile::Machine), whole);
}
