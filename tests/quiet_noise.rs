//! What is no fault of the app leads to no act: lost looks, short bursts of failure.

mod support;

use std::time::{Duration, Instant};
use support::calm::{Calm, QUICK};

const KINDS: [&str; 3] = ["hang", "err500", "refuse"];

#[test]
fn a_lost_look_now_and_then_is_no_fault() {
    let calm = Calm::begin("lost", QUICK);
    for _ in 0..4 {
        calm.lose_one();
        calm.pass(Duration::from_secs(2));
    }
    assert!(calm.bad_looks() >= 4, "each lost look was felt");
    calm.assert_untouched();
}

#[test]
fn bursts_shorter_than_the_window_are_no_fault() {
    let calm = Calm::begin("bursts", QUICK);
    // Each shorter than a move of the CUSUM (0.6 s here): three failures. Twice as many within 13 s would be
    // the rule "one restart after 4 failures, each undone by 10 good looks", and no burst.
    for kind in KINDS {
        calm.burst(kind, Duration::from_millis(500));
        calm.pass(Duration::from_secs(3));
    }
    assert!(calm.bad_looks() >= 3, "each burst was felt");
    calm.assert_untouched();
}

#[test]
#[ignore = "soak: 10 minutes of one lost look a minute at the default settings"]
fn soak_one_lost_look_a_minute() {
    let calm = Calm::begin("lost-minutes", "");
    for minute in 0..10 {
        let begun = Instant::now();
        calm.lose_one();
        calm.pass(Duration::from_mins(1).saturating_sub(begun.elapsed()));
        println!("minute {minute}: {} bad looks so far", calm.bad_looks());
    }
    assert!(calm.bad_looks() >= 10, "each lost look was felt");
    calm.assert_untouched();
}

/// Twice an hour, accelerated to one in 100 s.
#[test]
#[ignore = "soak: 10 minutes with bursts of 8 s at the default settings"]
fn soak_bursts_of_eight_seconds() {
    let calm = Calm::begin("bursts-minutes", "");
    for burst in 0..6 {
        let kind = KINDS[burst % KINDS.len()];
        calm.burst(kind, Duration::from_secs(8));
        println!("burst {burst} ({kind}): {} bad looks so far", calm.bad_looks());
        calm.pass(Duration::from_secs(92));
    }
    assert!(calm.bad_looks() >= 12, "each burst was felt at least twice");
    calm.assert_untouched();
}
