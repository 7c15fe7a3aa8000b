//! kill -9 of the executor at random instants of acts: no intent twice, never two copies of the app.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;

use bench::{Bench, found, kill, lives, start_config};
use defib_engine::effect::{Purse, Rung};
use defib_engine::id::Identity;
use defib_journal::order::{Report, Request};
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// The app takes a lock that its whole life holds, and says so if another copy has it.
const APP: &str = "exec 9>FOLDER/lock; flock -n 9 || echo $$ >> FOLDER/double; \
                   echo $$ >> FOLDER/starts; exec sleep 60";

/// A splitmix64 step: the instants come from the seed alone.
fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn torture(name: &str, mut seed: u64, rounds: u32) {
    let config = start_config(
        &format!("[\"sh\", \"-c\", \"{APP}\"]"),
        "grace = \"100ms\"\nbudget = { hour = 20, day = 30 }\n",
    );
    let mut bench = Bench::start(name, &config, "leave");
    let mut accepted = 0;
    for round in 0..rounds {
        let last = bench.greeted();
        assert!(last >= accepted, "the ledger forgot an intent it had accepted");
        accepted = last;
        let app = alive(&mut bench);
        if let Some(app) = app.filter(|_| random(&mut seed).is_multiple_of(2)) {
            kill(app.pid, Signal::KILL);
        }
        let rung = if app.is_some() && random(&mut seed).is_multiple_of(2) {
            Rung::Restart
        } else {
            Rung::Start
        };
        let purse = if rung == Rung::Start { Purse::Free } else { Purse::Ladder };
        let order = bench.order(rung, purse, None);
        bench.say(&Request::Order(order));
        // Starting and ending take some milliseconds; the instant falls anywhere among them.
        let instant = Instant::now() + Duration::from_micros(random(&mut seed) % 25_000);
        while let Some(report) = bench.next(instant.saturating_duration_since(Instant::now())) {
            if let Report::Step { intent, .. } = report {
                accepted = accepted.max(intent.0);
            }
        }
        bench.kill_executor();
        assert_eq!(
            bench.text("double"),
            "",
            "round {round}, seed {seed:#x}: two copies of the app"
        );
        bench.start_executor();
    }
    let last = bench.greeted();
    let starts = bench.text("starts").lines().count() as u64;
    assert!(starts <= last, "{starts} starts for {last} accepted intents");
    assert!(
        last >= u64::from(rounds) / 4,
        "too few orders were accepted to prove anything: {last}"
    );
    let living =
        bench.text("starts").lines().filter(|pid| lives(pid.parse().expect("a number"))).count();
    assert!(living <= 1, "{living} copies live");
}

/// Whether the new executor found the app alive.
fn alive(bench: &mut Bench) -> Option<Identity> {
    bench.until("Found or Died", |report| match report {
        Report::Found { .. } => Some(found(report)),
        Report::Died { .. } => Some(None),
        _ => None,
    })
}

#[test]
fn seed_one() {
    torture("seed1", 1, 30);
}

#[test]
fn seed_two() {
    torture("seed2", 2, 30);
}

#[test]
fn seed_three() {
    torture("seed3", 3, 30);
}
