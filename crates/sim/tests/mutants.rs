//! Wrong engines, ledgers and hands, each in judged worlds: a check that nothing can fail proves nothing.
//!
//! Each mutant names the promise that must notice it, and for each there is a world in which no other
//! checker does: with that checker deaf, the same world passes. docs/mutants.md shows the table;
//! `UPDATE_MUTANTS=1 cargo test -p defib-sim --test mutants` writes it anew.
#![expect(clippy::expect_used, reason = "a test may panic")]

mod support;

use defib_sim::agent::engine::{EngineAgent, Wrong};
use defib_sim::plan::Plan;
use std::fmt::Write;
use std::rc::Rc;
use support::mutants::{MUTANTS, Mutant};
use support::{judged, plans};

/// So many worlds may pass before a mutant is caught, and so many more before it is caught by its own
/// checker alone.
const SEEDS: u64 = 300;

/// What became of a mutant.
struct Verdict {
    caught: Option<u64>,
    alone: Option<u64>,
}

fn breaches(plan: &Rc<Plan>, deaf: Option<&'static str>, wrong: Wrong) -> Vec<&'static str> {
    let found = judged(plan, deaf, |world| EngineAgent::new_wrong(world, wrong));
    found.into_iter().map(|breach| breach.number).collect()
}

fn try_mutant(mutant: &Mutant) -> Verdict {
    let mut verdict = Verdict { caught: None, alone: None };
    for seed in 0..SEEDS {
        let plan = plans::of(mutant.world, seed);
        let numbers = breaches(&plan, None, mutant.wrong);
        if numbers.contains(&mutant.promise) {
            verdict.caught.get_or_insert(seed + 1);
            let others = breaches(&plan, Some(mutant.promise), mutant.wrong);
            let is_right = breaches(&plan, None, Wrong::default()).is_empty();
            if std::env::var_os("DEFIB_SHOW").is_some() {
                println!("{} {seed}: {others:?} {is_right}", mutant.name);
            }
            if others.is_empty() && is_right {
                verdict.alone = Some(seed + 1);
                break;
            }
        }
    }
    verdict
}

#[test]
fn each_mutant_is_caught_and_by_its_own_checker_alone() {
    let mut table = String::new();
    let mut missed = Vec::new();
    // One mutant alone, by a word of its name; the table is then not compared.
    let asked = std::env::var("DEFIB_MUTANT").ok();
    let is_asked = |name: &str| asked.as_deref().is_none_or(|word| name.contains(word));
    for mutant in MUTANTS.iter().filter(|mutant| is_asked(mutant.name)) {
        let Verdict { caught, alone } = try_mutant(mutant);
        let shown = |seeds: Option<u64>| seeds.map_or("-".into(), |seeds| seeds.to_string());
        let Mutant { name, promise, .. } = mutant;
        let (first, only) = (shown(caught), shown(alone));
        writeln!(table, "| {name} | {promise} | {first} | {only} |").expect("a string");
        if caught.is_none() || alone.is_none() {
            missed.push(*name);
        }
    }
    print!("{table}");
    assert!(missed.is_empty(), "not caught, or never by their own checker alone: {missed:?}");
    if asked.is_none() {
        support::page::compare(&table);
    }
}
