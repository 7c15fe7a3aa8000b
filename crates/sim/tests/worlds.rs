//! Worlds in which something was broken once, kept for ever: `worlds/*.world` as text that no change of
//! the generator touches, `worlds/seeds.txt` as seeds.

use defib_sim::log::{breach_line, plan_of};
use defib_sim::plan::{Plan, Profile, generate};
use defib_sim::run::Pace;
use defib_sim::trial::{Accused, hold};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("worlds")
}

fn judge(what: &str, plan: &Plan, accused: Accused, broken: &mut Vec<String>) {
    match hold(plan, accused, Pace::Every) {
        Ok(breaches) => {
            let lines =
                breaches.iter().map(|it| format!("{what} {accused:?}: {}", breach_line(it)));
            broken.extend(lines);
        }
        Err(why) => broken.push(format!("{what}: {why}")),
    }
}

#[test]
fn every_kept_world_keeps_every_promise() {
    let mut broken = Vec::new();
    let mut worlds = 0;
    for entry in std::fs::read_dir(folder()).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        if path.extension().is_some_and(|it| it == "world") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("it can be read");
            let plan = plan_of(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
            worlds += 1;
            for (_, accused) in Accused::ALL {
                judge(&name, &plan, accused, &mut broken);
            }
        }
    }
    assert!(worlds > 0, "no world was found");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_kept_seed_keeps_every_promise() {
    let text = std::fs::read_to_string(folder().join("seeds.txt")).expect("it can be read");
    let mut broken = Vec::new();
    let mut seeds = 0;
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [profile, seed, ..] = words[..] else { panic!("`PROFILE SEED why`, not {line}") };
        let profile = Profile::ALL.iter().find(|(name, _)| *name == profile);
        let (_, profile) = profile.unwrap_or_else(|| panic!("there is no such profile: {line}"));
        let plan = generate(seed.parse().expect("a seed is a number"), *profile);
        seeds += 1;
        judge(line, &plan, Accused::Engine, &mut broken);
    }
    assert!(seeds > 0, "no seed was found");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
