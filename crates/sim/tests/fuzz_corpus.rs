//! Every input that a fuzzer has found worth keeping, and every one that once broke something, is run again; and a few
//! thousand that nobody has chosen.

use defib_sim::chance::Chance;
use defib_sim::fuzz::{TARGETS, Target};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

#[test]
fn every_kept_input_still_passes() {
    for target in TARGETS {
        let kept = inputs("corpus", target);
        assert!(kept.len() >= 5, "{}: {} seeds", target.0, kept.len());
        for path in kept.iter().chain(&inputs("crashes", target)) {
            run(target, &path.display().to_string(), &fs::read(path).expect("readable"));
        }
    }
}

#[test]
fn changed_seeds_pass_too() {
    for target in TARGETS {
        let seeds: Vec<_> = inputs("corpus", target).iter().map(fs::read).collect();
        let mut chance = Chance::new(0, target.0);
        for round in 0..ROUNDS {
            let Some(Ok(seed)) = chance.one_of(&seeds) else { return };
            run(target, &format!("round {round}"), &changed(seed, &mut chance));
        }
    }
}

const ROUNDS: u64 = 150;

fn inputs(kind: &str, (name, _): Target) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").join(kind).join(name);
    let Ok(found) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = found.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn run((name, body): Target, input_name: &str, input: &[u8]) {
    let result = catch_unwind(AssertUnwindSafe(|| body(input)));
    assert!(result.is_ok(), "{name} fails at {input_name}: {}", input.escape_ascii());
}

/// A few bytes changed, or a part left out or said twice.
fn changed(seed: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut input = seed.to_vec();
    for _ in 0..chance.between(1, 4) {
        let at = chance.below(input.len() as u64 + 1) as usize;
        let end = at + chance.below((input.len() - at) as u64 + 1).min(32) as usize;
        match chance.below(4) {
            0 => drop(input.drain(at..end)),
            1 => input.extend_from_within(at..end),
            2 => input.insert(at, chance.any() as u8),
            _ => input[at..end].iter_mut().for_each(|byte| *byte ^= chance.any() as u8),
        }
    }
    input
}
