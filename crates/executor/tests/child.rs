//! `start` apps: birth, death, the kill ladder, adoption.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;

use bench::{Bench, found, kill, lives, start_config};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Exit, Failure, OrderRefusal, Outcome};
use defib_journal::order::ActStep::{Ended, GroupKilled, KillSent, Started, TermSent, Written};
use defib_journal::order::{Report, Request};
use rustix::process::Signal;
use std::time::{Duration, Instant};

fn died(report: &Report) -> Option<(Option<u32>, Exit)> {
    match report {
        Report::Died { identity, exit, .. } => Some((identity.map(|it| it.pid), *exit)),
        _ => None,
    }
}

#[test]
fn an_app_that_was_never_started_is_told_dead_and_can_be_started() {
    let mut bench = Bench::start("first", &start_config("[\"sleep\", \"60\"]", ""), "leave");
    assert_eq!(bench.greeted(), 0);
    assert_eq!(bench.until("Died", died), (None, Exit::Unseen));
    let identity = bench.start_app();
    assert!(lives(identity.pid));
    // A second copy is refused.
    let order = bench.order(Rung::Start, Purse::Free, None);
    assert_eq!(bench.act(order).0, Outcome::Refused(OrderRefusal::Busy));
}

#[test]
fn a_crash_is_told_within_milliseconds_with_its_exit_code() {
    let config = start_config(
        "[\"sh\", \"-c\", \"while [ ! -e FOLDER/go ]; do sleep 0.01; done; exit 7\"]",
        "",
    );
    let mut bench = Bench::start("crash", &config, "leave");
    bench.greeted();
    let first = bench.start_app();
    std::fs::write(bench.folder.join("go"), "").expect("written");
    assert_eq!(bench.until("Died", died), (Some(first.pid), Exit::Code(7)));
    std::fs::remove_file(bench.folder.join("go")).expect("removed");
    let second = bench.start_app();
    let begun = Instant::now();
    kill(second.pid, Signal::KILL);
    assert_eq!(bench.until("Died", died), (Some(second.pid), Exit::Signal(9)));
    assert!(begun.elapsed() < Duration::from_millis(100), "{:?}", begun.elapsed());
}

#[test]
fn a_program_that_is_not_there_is_not_startable_and_says_why() {
    let mut bench = Bench::start("nothere", &start_config("[\"/no/such/program\"]", ""), "leave");
    bench.greeted();
    let order = bench.order(Rung::Start, Purse::Free, None);
    let (outcome, detail) = bench.act(order);
    assert_eq!(outcome, Outcome::Failed(Failure::NotStartable));
    assert!(detail.contains("/no/such/program"), "{detail}");
}

#[test]
fn what_ignores_term_is_killed_after_the_grace_with_all_that_belongs_to_it() {
    let script = "trap '' TERM; sleep 61 & echo $! > FOLDER/worker; while :; do sleep 1; done";
    let config = start_config(&format!("[\"sh\", \"-c\", \"{script}\"]"), "grace = \"300ms\"\n");
    let mut bench = Bench::start("deaf", &config, "leave");
    bench.greeted();
    let first = bench.start_app();
    bench.eventually("the worker is known", || bench.text("worker").ends_with('\n'));
    let worker: u32 = bench.text("worker").trim().parse().expect("a number");
    let order = bench.order(Rung::Restart, Purse::Ladder, Some(first));
    bench.say(&Request::Order(order));
    let mut steps = Vec::new();
    let second = bench.until("Found", |report| {
        if let Report::Step { step, .. } = report {
            steps.push(*step);
        }
        found(report)
    });
    // Where the machine lets it have one, its whole cgroup is killed.
    assert!([KillSent, GroupKilled].contains(&steps.remove(2)), "{steps:?}");
    assert_eq!(steps, [Written, TermSent, Ended, Started]);
    assert_ne!(second, first);
    assert!(!lives(first.pid) && !lives(worker) && lives(second.pid));
    let end = bench.until("Acted", |it| matches!(it, Report::Acted { .. }).then(|| it.clone()));
    assert!(matches!(end, Report::Acted { outcome: Outcome::Done, .. }), "{end:?}");
}

#[test]
fn a_stopped_process_takes_its_term() {
    let mut bench =
        Bench::start("sigstop", &start_config("[\"sleep\", \"60\"]", "grace = \"5s\"\n"), "leave");
    bench.greeted();
    let first = bench.start_app();
    kill(first.pid, Signal::STOP);
    let begun = Instant::now();
    let order = bench.order(Rung::Restart, Purse::Ladder, Some(first));
    assert_eq!(bench.act(order).0, Outcome::Done);
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[test]
fn orphans_of_a_dead_master_end_before_the_next_start() {
    let script = "sleep 62 & echo $! > FOLDER/worker; wait";
    let mut bench = Bench::start(
        "orphans",
        &start_config(&format!("[\"sh\", \"-c\", \"{script}\"]"), ""),
        "leave",
    );
    bench.greeted();
    let first = bench.start_app();
    bench.eventually("the worker is known", || bench.text("worker").ends_with('\n'));
    let worker: u32 = bench.text("worker").trim().parse().expect("a number");
    kill(first.pid, Signal::KILL);
    bench.until("Died", died);
    assert!(lives(worker));
    bench.start_app();
    assert!(!lives(worker));
}

#[test]
fn the_process_that_was_not_judged_is_left_alone() {
    let mut bench = Bench::start("judged", &start_config("[\"sleep\", \"60\"]", ""), "leave");
    bench.greeted();
    let mut other = bench.start_app();
    let real = other;
    other.start_ticks += 1;
    let order = bench.order(Rung::Kill, Purse::Ladder, Some(other));
    assert_eq!(bench.act(order).0, Outcome::Refused(OrderRefusal::WrongIdentity));
    assert!(lives(real.pid));
}

#[test]
fn a_new_executor_adopts_the_living_app() {
    let mut bench = Bench::start("adopt", &start_config("[\"sleep\", \"60\"]", ""), "leave");
    bench.greeted();
    let first = bench.start_app();
    bench.kill_executor();
    bench.start_executor();
    assert_eq!(bench.greeted(), 1);
    assert_eq!(bench.until("Found", found), first);
    let order = bench.order(Rung::Start, Purse::Free, None);
    assert_eq!(bench.act(order).0, Outcome::Refused(OrderRefusal::Busy));
    // Its death is still an event, though nobody can see the exit code any more.
    kill(first.pid, Signal::KILL);
    assert_eq!(bench.until("Died", died), (Some(first.pid), Exit::Unseen));
}

#[test]
fn hup_reaches_an_app_that_asked_for_it() {
    let script =
        "trap 'echo hup > FOLDER/hup' HUP; echo up > FOLDER/up; while :; do sleep 0.05; done";
    let config = start_config(&format!("[\"sh\", \"-c\", \"{script}\"]"), "reload_by_hup = true\n");
    let mut bench = Bench::start("hup", &config, "leave");
    bench.greeted();
    bench.start_app();
    bench.eventually("the trap is set", || !bench.text("up").is_empty());
    let order = bench.order(Rung::Reload, Purse::Free, None);
    assert_eq!(bench.act(order).0, Outcome::Done);
    bench.eventually("HUP arrived", || bench.text("hup") == "hup\n");
}

#[test]
fn term_ends_the_apps_of_guard_and_leaves_those_of_daemon() {
    for (at_end, stays) in [("stop", false), ("leave", true)] {
        let mut bench = Bench::start(at_end, &start_config("[\"sleep\", \"60\"]", ""), at_end);
        bench.greeted();
        let app = bench.start_app();
        let begun = Instant::now();
        bench.signal_executor(Signal::TERM);
        assert!(bench.wait_executor().success());
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        assert_eq!(lives(app.pid), stays);
    }
}
