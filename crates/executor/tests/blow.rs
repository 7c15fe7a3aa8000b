//! The rung *kill* for an app that takes all memory or all of the CPU: at once, with everything that it
//! has forked, by its cgroup where it has one of its own and by pidfds where not.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;

use bench::{Bench, found, lives, start_config};
use defib_engine::effect::{Order, Purse, Rung};
use defib_engine::event::Outcome;
use defib_engine::id::Identity;
use defib_engine::note::Class;
use defib_journal::order::{ActStep, Report, Request};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Forks without an end, though never more than some at a time: the machine is others' too. None of it
/// takes a TERM, and one has left session and parents behind.
const STORM: &str = "trap '' TERM; echo $$ > FOLDER/pids; \
     (setsid sh -c 'echo $$ >> FOLDER/pids; exec sleep 60' &) ; n=0; \
     while [ $n -lt 20 ]; do (while :; do (:); done) & echo $! >> FOLDER/pids; n=$((n+1)); done; \
     echo all >> FOLDER/pids; wait";

fn storm(folder: &str) -> String {
    STORM.replace("FOLDER", folder)
}

fn pids(bench: &Bench) -> Vec<u32> {
    bench.text("pids").lines().filter_map(|line| line.parse().ok()).collect()
}

fn order(bench: &mut Bench, class: Class, identity: Identity) -> Order {
    Order { class, ..bench.order(Rung::Kill, Purse::Ladder, Some(identity)) }
}

/// Sends it and collects the steps up to its end.
fn steps_of(bench: &mut Bench, order: Order) -> (Vec<ActStep>, Outcome) {
    bench.say(&Request::Order(order));
    let mut steps = Vec::new();
    let outcome = bench.until("Acted", |report| match report {
        Report::Step { step, .. } => {
            steps.push(*step);
            None
        }
        Report::Acted { outcome, .. } => Some(*outcome),
        _ => None,
    });
    (steps, outcome)
}

#[test]
fn a_fork_storm_ends_at_once_with_all_that_it_has_forked() {
    for class in [Class::Spinning, Class::Memory] {
        let config = start_config(&format!("[\"sh\", \"-c\", \"{STORM}\"]"), "");
        let mut bench = Bench::start(&format!("storm-{class:?}"), &config, "stop");
        bench.greeted();
        let first = bench.start_app();
        bench.eventually("it rages", || bench.text("pids").contains("all"));
        let raging = pids(&bench);
        assert!(raging.len() >= 21 && raging.iter().all(|pid| lives(*pid)));
        let begun = Instant::now();
        let order = order(&mut bench, class, first);
        let (steps, outcome) = steps_of(&mut bench, order);
        assert_eq!(outcome, Outcome::Done, "{steps:?}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        // No TERM and no grace.
        assert!(!steps.contains(&ActStep::TermSent), "{steps:?}");
        let left: Vec<u32> = raging.into_iter().filter(|pid| lives(*pid)).collect();
        // Without a cgroup of its own, nobody can know whose the one is that left its session.
        let has_group = steps.contains(&ActStep::GroupKilled) || steps.contains(&ActStep::Frozen);
        assert!(left.is_empty() || !has_group && left.len() == 1, "{left:?} {steps:?}");
    }
}

/// A process that plays the unit's main one. It has no cgroup of the unit's name.
#[test]
fn without_a_cgroup_what_forks_is_stopped_first_and_the_manager_starts_it_again() {
    let config = "[machine]\nmode = \"act\"\n[app.shop]\nurl = \"http://127.0.0.1:1/\"\n\
                  unit = \"fine.service\"\n";
    let mut bench = Bench::prepare("storm-unit", config, "leave");
    let script = storm(&bench.folder.to_string_lossy()).replace("(setsid", "(true");
    let mut main = Command::new("setsid");
    let mut main = main.args(["sh", "-c", &script]).stdout(Stdio::null()).spawn().expect("started");
    bench.eventually("it rages", || bench.text("pids").contains("all"));
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", main.id())).expect("it runs");
    let start_ticks = stat.rsplit(") ").next().and_then(|it| it.split(' ').nth(19)).expect("there");
    std::fs::write(bench.folder.join("main"), format!("{} {start_ticks}", main.id()))
        .expect("written");
    bench.start_executor();
    bench.greeted();
    let identity = bench.until("Found", found);
    let raging = pids(&bench);
    let order = order(&mut bench, Class::Spinning, identity);
    let (steps, outcome) = steps_of(&mut bench, order);
    assert_eq!(outcome, Outcome::Done, "{steps:?}");
    assert!(steps.starts_with(&[ActStep::Written, ActStep::KillSent, ActStep::Ended]), "{steps:?}");
    main.wait().expect("ours");
    let left: Vec<u32> = raging.into_iter().filter(|pid| lives(*pid)).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(bench.text("jobs"), "ResetFailed\nRestart\n");
}

#[test]
fn a_process_that_was_not_judged_keeps_its_cgroup() {
    let config = start_config("[\"sleep\", \"60\"]", "");
    let mut bench = Bench::start("blow-judged", &config, "stop");
    bench.greeted();
    let real = bench.start_app();
    let other = Identity { start_ticks: real.start_ticks + 1, ..real };
    let order = order(&mut bench, Class::Memory, other);
    let (steps, outcome) = steps_of(&mut bench, order);
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    assert!(steps.is_empty() && lives(real.pid));
}

/// What is left of a dead main process is found in its cgroup, though it has left the session.
#[test]
fn a_start_ends_what_left_the_session_of_a_dead_app() {
    let script = "(setsid sh -c 'echo $$ > FOLDER/pids; exec sleep 60' &); \
                  while [ ! -s FOLDER/pids ]; do sleep 0.01; done; echo up > FOLDER/up; exec sleep 61";
    let config = start_config(&format!("[\"sh\", \"-c\", \"{script}\"]"), "");
    let mut bench = Bench::start("blow-orphan", &config, "stop");
    bench.greeted();
    let first = bench.start_app();
    bench.eventually("it is up", || !bench.text("up").is_empty());
    let orphan = pids(&bench)[0];
    let home = std::fs::read_to_string(format!("/proc/{orphan}/cgroup")).expect("it runs");
    if !home.contains("defib-app-shop") {
        // This machine has no place for a cgroup of the app's own.
        bench::kill(orphan, rustix::process::Signal::KILL);
        return;
    }
    // A new executor has not seen its beginning.
    bench.kill_executor();
    bench::kill(first.pid, rustix::process::Signal::KILL);
    bench.eventually("it is dead", || !lives(first.pid));
    std::fs::remove_file(bench.folder.join("pids")).expect("removed");
    bench.start_executor();
    bench.greeted();
    let second = bench.start_app();
    assert!(!lives(orphan) && lives(second.pid));
}
