//! Seeded worlds under the judge: no promise may be broken. `DEFIB_SEEDS=from..to` searches further.
#![expect(clippy::expect_used, reason = "a test may panic")]

mod support;

use defib_sim::agent::engine::EngineAgent;
use std::ops::Range;
use support::{judged, plans};

/// The seeds that run each time; more by `DEFIB_SEEDS=from..to`.
fn seeds(usual: Range<u64>) -> Range<u64> {
    let asked = std::env::var("DEFIB_SEEDS").ok();
    let range = asked.as_deref().and_then(|text| text.split_once(".."));
    range.map_or(usual, |(from, to)| {
        from.parse().expect("a number before the dots")..to.parse().expect("a number after them")
    })
}

#[test]
fn no_promise_is_broken_by_the_engine() {
    let mut broken = Vec::new();
    for seed in seeds(0..60) {
        let breaches = judged(&plans::plan(seed), None, EngineAgent::new);
        if let Some(first) = breaches.first() {
            broken.push(format!(
                "seed {seed}: {} at {} ms: {}",
                first.number, first.at_ms, first.what
            ));
        }
    }
    assert!(broken.is_empty(), "{} worlds:\n{}", broken.len(), broken.join("\n"));
}
