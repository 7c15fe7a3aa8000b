//! `start` apps that somebody else has started already: adopted, or left alone as a stranger's.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;
mod running;

use bench::{Bench, found, kill, lives};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Exit, Failure, OrderRefusal, Outcome};
use defib_engine::id::Identity;
use defib_engine::policy::RungSet;
use defib_journal::order::ActStep::{Ended, OrphansEnded, Started, TermSent, Written};
use defib_journal::order::{Report, Request};
use running::{App, NOBODY};
use rustix::process::Signal;

/// The first word on the app's life: who it is, or that it is dead.
fn first_word(bench: &mut Bench) -> Option<Identity> {
    bench.until("Found or Died", |report| match report {
        Report::Found { identity, .. } => Some(Some(*identity)),
        Report::Died { .. } => Some(None),
        _ => None,
    })
}

fn died(report: &Report) -> Option<(Option<u32>, Exit)> {
    match report {
        Report::Died { identity, exit, .. } => Some((identity.map(|it| it.pid), *exit)),
        _ => None,
    }
}

/// The next time that rungs are told to be impossible, or possible again.
fn capable(report: &Report) -> Option<(RungSet, String)> {
    match report {
        Report::Capable { rungs, why_not, .. } => Some((*rungs, why_not.clone())),
        _ => None,
    }
}

#[test]
fn an_app_that_runs_already_is_adopted_and_not_started_again() {
    let mut app = App::new("adopt", "");
    let pid = app.start(None);
    let mut bench = app.bench();
    bench.greeted();
    assert_eq!(first_word(&mut bench).map(|it| it.pid), Some(pid));
    let order = bench.order(Rung::Start, Purse::Free, None);
    assert_eq!(bench.act(order).0, Outcome::Refused(OrderRefusal::Busy));
    // Its death is seen by its descriptor, and its place is taken by one of ours.
    app.end();
    assert_eq!(bench.until("Died", died), (Some(pid), Exit::Unseen));
    let ours = bench.start_app();
    bench.eventually("it listens", || app.answers());
    assert!(lives(ours.pid) && ours.pid != pid);
}

#[test]
fn the_ledger_knows_it_across_a_kill_of_the_executor() {
    let mut app = App::new("ledger", "");
    let pid = app.start(None);
    let mut bench = app.bench();
    bench.greeted();
    assert_eq!(first_word(&mut bench).map(|it| it.pid), Some(pid));
    bench.kill_executor();
    assert!(lives(pid));
    bench.start_executor();
    bench.greeted();
    assert_eq!(first_word(&mut bench).map(|it| it.pid), Some(pid));
}

#[test]
fn a_restart_ends_its_tree_and_nothing_beside_it() {
    // Master and workers live in the session and the process group of this test, as all that it starts.
    let mut app = App::new("tree", "workers");
    let pid = app.start(None);
    let workers = app.workers();
    let mut beside = std::process::Command::new("sleep").arg("60").spawn().expect("sleep starts");
    let mut bench = app.bench();
    bench.greeted();
    let main = first_word(&mut bench).expect("it is found");
    assert_eq!(main.pid, pid, "the master, not a worker");
    let order = bench.order(Rung::Restart, Purse::Ladder, Some(main));
    bench.say(&Request::Order(order));
    let mut steps = Vec::new();
    let second = bench.until("Found", |report| {
        if let Report::Step { step, .. } = report {
            steps.push(*step);
        }
        found(report)
    });
    // A worker may be slower than its master.
    steps.retain(|step| *step != OrphansEnded);
    assert_eq!(steps, [Written, TermSent, Ended, Started]);
    assert!(!workers.iter().any(|worker| lives(*worker)) && !lives(pid) && lives(second.pid));
    assert!(lives(beside.id()));
    beside.kill().expect("ours");
    beside.wait().expect("it ends");
}

#[test]
fn what_a_dead_master_leaves_ends_before_the_next_start() {
    let mut app = App::new("left", "workers");
    let pid = app.start(None);
    let workers = app.workers();
    let mut bench = app.bench();
    bench.greeted();
    assert_eq!(first_word(&mut bench).map(|it| it.pid), Some(pid));
    app.end();
    bench.until("Died", died);
    assert!(workers.iter().all(|worker| lives(*worker)), "they are not its session");
    let order = bench.order(Rung::Start, Purse::Free, None);
    bench.say(&Request::Order(order));
    let mut steps = Vec::new();
    let second = bench.until("Found", |report| {
        if let Report::Step { step, .. } = report {
            steps.push(*step);
        }
        found(report)
    });
    assert_eq!(steps, [Written, OrphansEnded, Ended, Started]);
    assert!(!workers.iter().any(|worker| lives(*worker)) && lives(second.pid));
    bench.eventually("it listens", || app.answers());
}

#[test]
fn one_that_a_person_starts_after_its_death_is_adopted_at_the_order() {
    let mut app = App::new("byhand", "");
    let mut bench = app.bench();
    bench.greeted();
    assert_eq!(first_word(&mut bench), None);
    let ours = bench.start_app();
    bench.eventually("it listens", || app.answers());
    kill(ours.pid, Signal::KILL);
    bench.until("Died", died);
    let pid = app.start(None);
    let order = bench.order(Rung::Start, Purse::Free, None);
    bench.say(&Request::Order(order));
    assert_eq!(bench.until("Found", found).pid, pid);
    let (outcome, detail) = bench.until("Acted", |report| match report {
        Report::Acted { outcome, detail, .. } => Some((*outcome, detail.clone())),
        _ => None,
    });
    assert_eq!(outcome, Outcome::Refused(OrderRefusal::Busy));
    assert!(detail.contains(&format!("process {pid} ")), "{detail}");
}

#[test]
fn a_stranger_is_named_and_left_alone_until_it_is_gone() {
    let mut app = App::new("stranger", "");
    let pid = app.start_stranger();
    let mut bench = app.bench();
    bench.greeted();
    let words = format!("port {} is held by pid {pid} (python3), which is not this app", app.port);
    let (rungs, why_not) = bench.until("a reason", |report| {
        capable(report).filter(|(_, why_not)| why_not.contains("held by"))
    });
    assert!(why_not.starts_with(&format!("start: {words}; ")), "{why_not}");
    for rung in [Rung::Start, Rung::Restart, Rung::Kill, Rung::Reboot] {
        assert!(!rungs.has(rung), "{rung:?}");
    }
    for rung in [Rung::Start, Rung::Restart, Rung::Kill] {
        let purse = if rung == Rung::Start { Purse::Free } else { Purse::Ladder };
        let order = bench.order(rung, purse, None);
        let expected = (Outcome::Failed(Failure::NotPossible), words.clone());
        assert_eq!(bench.act(order), expected, "{rung:?}");
    }
    assert!(lives(pid));
    app.end();
    // Nothing was told of a death until now: what answers is judged by its looks.
    let mut possible = RungSet::NONE;
    let death = bench.until("Died", |report| {
        possible = capable(report).map_or(possible, |(rungs, _)| rungs);
        died(report)
    });
    assert_eq!(death, (None, Exit::Unseen));
    assert!(possible.has(Rung::Start) && possible.has(Rung::Kill));
    bench.start_app();
    bench.eventually("it listens", || app.answers());
}

#[test]
fn the_same_command_of_another_user_is_a_stranger() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let mut app = App::new("nobody", "");
    let pid = app.start(Some(NOBODY));
    let mut bench = app.bench();
    bench.greeted();
    let (_, why_not) = bench.until("a reason", |report| {
        capable(report).filter(|(_, why_not)| why_not.contains("held by"))
    });
    let words = format!("pid {pid} (app), which runs as user {NOBODY}, not as root");
    assert!(why_not.contains(&words), "{why_not}");
    let order = bench.order(Rung::Restart, Purse::Ladder, None);
    assert_eq!(bench.act(order).0, Outcome::Failed(Failure::NotPossible));
    assert!(lives(pid));
}

#[test]
fn a_master_whose_workers_give_up_their_rights_is_adopted() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let mut app = App::new("drop", "workers nobody");
    let pid = app.start(None);
    let workers = app.workers();
    let mut bench = app.bench();
    bench.greeted();
    let main = first_word(&mut bench).expect("it is found");
    assert_eq!(main.pid, pid);
    let order = bench.order(Rung::Kill, Purse::Ladder, Some(main));
    assert_eq!(bench.act(order).0, Outcome::Done);
    assert!(!workers.iter().any(|worker| lives(*worker)) && !lives(pid));
    // One that gives up its own for good is nobody whom root may take for its own.
    let mut app = App::new("dropped", "nobody");
    app.start(None);
    let mut bench = app.bench();
    bench.greeted();
    let (_, why_not) = bench.until("a reason", |report| {
        capable(report).filter(|(_, why_not)| why_not.contains("held by"))
    });
    assert!(why_not.contains("runs as user"), "{why_not}");
}

/// Where `start` apps become transient units, an adopted one is in none until it is started again.
#[test]
fn an_adopted_app_becomes_a_unit_at_its_next_start() {
    let mut app = App::new("transient", "workers");
    let pid = app.start(None);
    let workers = app.workers();
    let mut bench = app.prepared("leave");
    std::fs::write(bench.folder.join("transient"), "").expect("written");
    bench.start_executor();
    bench.greeted();
    assert_eq!(first_word(&mut bench).map(|it| it.pid), Some(pid));
    // The ledger knows it, though the manager has no unit for it.
    bench.kill_executor();
    bench.start_executor();
    bench.greeted();
    let main = first_word(&mut bench).expect("it is found");
    assert_eq!(main.pid, pid);
    let order = bench.order(Rung::Restart, Purse::Ladder, Some(main));
    bench.say(&Request::Order(order));
    assert_eq!(bench.until("Died", died), (Some(pid), Exit::Unseen));
    assert!(!lives(pid) && !workers.iter().any(|worker| lives(*worker)));
    let outcome = bench.until("Acted", |report| match report {
        Report::Acted { outcome, .. } => Some(*outcome),
        _ => None,
    });
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(bench.text("jobs"), "Stop\nResetFailed\nStart\n");
}

#[test]
fn a_stranger_keeps_a_transient_unit_from_being_made() {
    let mut app = App::new("tstranger", "");
    let pid = app.start_stranger();
    let mut bench = app.prepared("leave");
    std::fs::write(bench.folder.join("transient"), "").expect("written");
    bench.start_executor();
    bench.greeted();
    let order = bench.order(Rung::Start, Purse::Free, None);
    let (outcome, detail) = bench.act(order);
    assert_eq!(outcome, Outcome::Failed(Failure::NotPossible));
    assert!(detail.contains(&format!("pid {pid} (python3)")), "{detail}");
    app.end();
    assert_eq!(bench.until("Died", died), (None, Exit::Unseen));
    assert_eq!(bench.text("jobs"), "");
}

#[test]
fn guard_leaves_running_what_it_did_not_start() {
    let mut app = App::new("guard", "");
    let pid = app.start(None);
    let mut bench = app.bench_that("stop");
    bench.greeted();
    assert_eq!(first_word(&mut bench).map(|it| it.pid), Some(pid));
    bench.signal_executor(Signal::TERM);
    assert!(bench.wait_executor().success());
    assert!(lives(pid) && app.answers());
}
