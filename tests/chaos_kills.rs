//! kill -9 of guardian and executor at random instants of incidents: no act is repeated, nothing
//! acknowledged is lost, budgets hold, and a living app is adopted, never started twice.

mod support;

use support::storm::{Storm, Tally};

fn storm(seed: u64, kills: u32) -> Tally {
    rage(seed, Storm::begin(seed), kills)
}

fn rage(seed: u64, mut storm: Storm, kills: u32) -> Tally {
    storm.rage(kills);
    let tally = storm.end();
    println!("seed {seed}: {tally:?}");
    tally
}

#[test]
fn ten_kills_with_seed_1() {
    storm(1, 10);
}

#[test]
fn ten_kills_with_seed_2() {
    storm(2, 10);
}

#[test]
fn ten_kills_with_seed_3() {
    storm(3, 10);
}

#[test]
fn ten_kills_with_a_unit_and_seed_4() {
    rage(4, Storm::begin_with_unit(4), 10);
}

#[test]
#[ignore = "soak: 100 kills with a unit, 20 for each of 5 seeds"]
fn soak_a_hundred_kills_with_a_unit() {
    for seed in 500..505 {
        rage(seed, Storm::begin_with_unit(seed), 20);
    }
}

/// `DEFIB_SEED` is the first of the ten seeds.
#[test]
#[ignore = "soak: 200 kills at random instants, 20 for each of 10 seeds"]
fn soak_two_hundred_kills() {
    let first = std::env::var("DEFIB_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(100);
    let tallies: Vec<Tally> = (first..first + 10).map(|seed| storm(seed, 20)).collect();
    let kills: u32 = tallies.iter().map(|it| it.executor_kills + it.guardian_kills).sum();
    let during: u32 = tallies.iter().map(|it| it.during_incidents).sum();
    assert!(kills >= 200 && during >= 100, "{during} of {kills} kills were during an incident");
}
