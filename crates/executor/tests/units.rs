//! The order of jobs in acts on units.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;

use bench::{Bench, found};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Failure, OrderRefusal, Outcome};
use defib_journal::order::Report;
use std::process::{Child, Command};

fn unit_config(unit: &str) -> String {
    format!(
        "[machine]\nmode = \"act\"\n[app.shop]\nurl = \"http://127.0.0.1:1/\"\nunit = \"{unit}\"\n\
         grace = \"200ms\"\n"
    )
}

#[test]
fn a_start_clears_the_failed_state_first() {
    let mut bench = Bench::start("ufine", &unit_config("fine.service"), "leave");
    bench.greeted();
    let order = bench.order(Rung::Start, Purse::Free, None);
    assert_eq!(bench.act(order).0, Outcome::Done);
    assert_eq!(bench.text("jobs"), "ResetFailed\nStart\n");
    let order = bench.order(Rung::Reload, Purse::Free, None);
    assert_eq!(bench.act(order).0, Outcome::Done);
    assert!(bench.text("jobs").ends_with("Reload\n"));
}

#[test]
fn what_lingers_in_its_stop_job_is_killed_after_the_grace() {
    let mut bench = Bench::start("ulinger", &unit_config("lingers.service"), "leave");
    bench.greeted();
    let order = bench.order(Rung::Restart, Purse::Ladder, None);
    assert_eq!(bench.act(order).0, Outcome::Done);
    assert_eq!(bench.text("jobs"), "ResetFailed\nRestart\nKill { signal: 9 }\n");
}

#[test]
fn a_failed_job_is_told_in_the_managers_words() {
    let mut bench = Bench::start("ufails", &unit_config("fails.service"), "leave");
    bench.greeted();
    let order = bench.order(Rung::Start, Purse::Free, None);
    assert_eq!(bench.act(order), (Outcome::Failed(Failure::Job), "the job failed".into()));
}

/// A process that plays the unit's main one, and an executor that knows it.
fn with_main(name: &str, unit: &str) -> (Child, Bench) {
    let main = Command::new("setsid").args(["sleep", "65"]).spawn().expect("started");
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", main.id())).expect("it runs");
    let start_ticks = stat.rsplit(") ").next().and_then(|it| it.split(' ').nth(19)).expect("there");
    let mut bench = Bench::prepare(name, &unit_config(unit), "leave");
    std::fs::write(bench.folder.join("main"), format!("{} {start_ticks}", main.id()))
        .expect("written");
    bench.start_executor();
    bench.greeted();
    (main, bench)
}

#[test]
fn without_the_manager_the_process_is_ended_by_its_pidfd() {
    let (mut main, mut bench) = with_main("uunreached", "unreached.service");
    let identity = bench.until("Found", found);
    assert_eq!(identity.pid, main.id());
    let order = bench.order(Rung::Kill, Purse::Ladder, Some(identity));
    bench.say(&defib_journal::order::Request::Order(order));
    bench.until("Died", |it| matches!(it, Report::Died { .. }).then_some(()));
    let outcome = bench.until("Acted", |report| match report {
        Report::Acted { outcome, .. } => Some(*outcome),
        _ => None,
    });
    assert_eq!(outcome, Outcome::Failed(Failure::NoManager));
    assert!(!main.wait().expect("ours").success());
}

#[test]
fn a_person_s_stop_is_told_to_each_new_guardian() {
    let mut bench = Bench::prepare("ustopped", &unit_config("fine.service"), "leave");
    std::fs::write(bench.folder.join("stopped"), "").expect("written");
    bench.start_executor();
    for _ in 0..2 {
        bench.greeted();
        bench.until("Stopped", |it| matches!(it, Report::Stopped { .. }).then_some(()));
        bench.hang_up();
    }
}

/// The guardian syncs its journal before an order leaves: a person may have stopped the app meanwhile.
#[test]
fn an_order_that_met_a_person_s_stop_on_its_way_is_refused() {
    let mut bench = Bench::prepare("umet", &unit_config("fine.service"), "leave");
    std::fs::write(bench.folder.join("stopped"), "").expect("written");
    bench.start_executor();
    bench.greeted();
    for (rung, purse) in [(Rung::Start, Purse::Free), (Rung::Restart, Purse::Ladder)] {
        let order = bench.order(rung, purse, None);
        let refused = Outcome::Refused(OrderRefusal::NotPermitted);
        assert_eq!(bench.act(order), (refused, "a person has stopped this app".into()));
    }
    assert_eq!(bench.text("jobs"), "");
}

#[test]
fn what_is_left_of_an_interrupted_act_is_no_person_s_stop() {
    let mut bench = Bench::start("uendless", &unit_config("endless.service"), "leave");
    bench.greeted();
    let order = bench.order(Rung::Restart, Purse::Ladder, None);
    bench.say(&defib_journal::order::Request::Order(order));
    bench.eventually("the job was begun", || bench.text("jobs").contains("Restart"));
    bench.kill_executor();
    std::fs::write(bench.folder.join("stopped"), "").expect("written");
    bench.start_executor();
    bench.greeted();
    let first = bench.until("news of the unit", |report| match report {
        Report::Stopped { .. } | Report::Died { .. } => Some(report.clone()),
        _ => None,
    });
    assert!(matches!(first, Report::Died { .. }), "{first:?}");
}

/// The new process of a swift restart is there before the manager's silence about the old one ends.
#[test]
fn the_death_that_an_act_was_for_is_told_before_its_end() {
    let (mut main, mut bench) = with_main("uswift", "swift.service");
    let identity = bench.until("Found", found);
    let order = bench.order(Rung::Restart, Purse::Ladder, Some(identity));
    bench.say(&defib_journal::order::Request::Order(order));
    let first = bench.until("news of the act", |report| match report {
        Report::Died { .. } | Report::Acted { .. } => Some(report.clone()),
        _ => None,
    });
    assert!(matches!(first, Report::Died { .. }), "{first:?}");
    bench.until("Acted", |it| matches!(it, Report::Acted { .. }).then_some(()));
    main.wait().expect("ours");
}

/// A process that ends at TERM is gone before PID 1 has said what its job was for.
#[test]
fn a_death_waits_for_what_the_manager_is_asked() {
    let (mut main, mut bench) = with_main("uasked", "fine.service");
    bench.until("Found", found);
    std::fs::write(bench.folder.join("asking"), "").expect("written");
    main.kill().expect("ours");
    main.wait().expect("ours");
    let told = |report: &Report| match report {
        Report::Died { .. } | Report::Stopped { .. } => Some(report.clone()),
        _ => None,
    };
    while let Some(report) = bench.next(std::time::Duration::from_millis(300)) {
        assert!(told(&report).is_none(), "nobody knows yet what it means: {report:?}");
    }
    std::fs::write(bench.folder.join("answer"), "").expect("written");
    let first = bench.until("news of the unit", told);
    assert!(matches!(first, Report::Stopped { .. }), "{first:?}");
    let second = bench.until("news of the unit", told);
    assert!(matches!(second, Report::Died { .. }), "{second:?}");
}

/// Somebody else has all memory, and PID 1 gets none either: it takes the order and says nothing.
#[test]
fn a_start_that_a_mute_manager_owes_is_not_waited_for() {
    let mut bench = Bench::prepare("umute", &unit_config("fine.service"), "leave");
    std::fs::write(bench.folder.join("mute"), "").expect("written");
    bench.start_executor();
    bench.greeted();
    let mut order = bench.order(Rung::Start, Purse::Free, None);
    order.deadline_ms = 60_000;
    let why = "the service manager answers nothing".to_owned();
    assert_eq!(bench.act(order), (Outcome::Failed(Failure::NoManager), why));
    // The next one is not waited for at all, as long as nothing was heard.
    let order = bench.order(Rung::Start, Purse::Free, None);
    let begun = std::time::Instant::now();
    assert_eq!(bench.act(order).0, Outcome::Failed(Failure::NoManager));
    assert!(begun.elapsed().as_millis() < 2_000, "{:?}", begun.elapsed());
    // It runs again: its answer is heard once the executor has done with the orders that are there.
    std::fs::remove_file(bench.folder.join("mute")).expect("there");
    let mut is_done = || {
        let order = bench.order(Rung::Start, Purse::Free, None);
        bench.act(order).0 == Outcome::Done
    };
    assert!((0..200).any(|_| is_done()), "an answer ends it");
}

/// What hangs is ended without the manager, and then its start is not waited for.
#[test]
fn a_mute_manager_saves_nobody_from_a_kill() {
    let (mut main, mut bench) = with_main("umutekill", "fine.service");
    std::fs::write(bench.folder.join("mute"), "").expect("written");
    let identity = bench.until("Found", found);
    let mut order = bench.order(Rung::Kill, Purse::Ladder, Some(identity));
    order.deadline_ms = 60_000;
    let why = "its processes were ended; the service manager answers nothing".to_owned();
    assert_eq!(bench.act(order), (Outcome::Failed(Failure::NoManager), why));
    assert!(!main.wait().expect("ended").success(), "by KILL");
}

/// A job may wait long for another unit's: the manager says so when it is asked.
#[test]
fn a_manager_that_answers_has_the_whole_deadline() {
    let mut bench = Bench::start("uqueued", &unit_config("queued.service"), "leave");
    bench.greeted();
    let mut order = bench.order(Rung::Start, Purse::Free, None);
    order.deadline_ms = 60_000;
    assert_eq!(bench.act(order).0, Outcome::Done);
    assert!(bench.folder.join("asked-twice").exists(), "it was asked after its first answer too");
}
