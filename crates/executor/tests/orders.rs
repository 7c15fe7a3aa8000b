//! What is refused, whatever the guardian asks; and what the ledger remembers.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;

use bench::{Bench, lives, start_config};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Failure, LedgerIntent, OrderRefusal, Outcome};
use defib_engine::id::AppId;
use defib_journal::ledger::SLOT_BYTES;
use defib_journal::order::{Report, Request};
use std::os::unix::fs::FileExt;
use std::process::Stdio;

const SLEEP: &str = "[\"sleep\", \"60\"]";

fn refused(why: OrderRefusal) -> Outcome {
    Outcome::Refused(why)
}

#[test]
fn an_intent_is_carried_out_once() {
    let mut bench = Bench::start("repeat", &start_config(SLEEP, ""), "leave");
    bench.greeted();
    let app = bench.start_app();
    let mut again = bench.order(Rung::Restart, Purse::Ladder, Some(app));
    again.intent.0 = 1;
    assert_eq!(bench.act(again).0, refused(OrderRefusal::Repeated));
    assert!(lives(app.pid));
    let mut unknown = bench.order(Rung::Start, Purse::Free, None);
    unknown.app = AppId(5);
    assert_eq!(bench.act(unknown).0, refused(OrderRefusal::UnknownTarget));
}

#[test]
fn budgets_hold_across_a_kill_of_the_executor_and_a_torn_ledger() {
    let more = "budget = { hour = 2, day = 3 }\n";
    let mut bench = Bench::start("budget", &start_config(SLEEP, more), "leave");
    bench.greeted();
    bench.start_app();
    for rung in [Rung::Restart, Rung::Kill] {
        let order = bench.order(rung, Purse::Ladder, None);
        assert_eq!(bench.act(order).0, Outcome::Done);
    }
    let spent = bench.order(Rung::Restart, Purse::Ladder, None);
    assert_eq!(bench.act(spent).0, refused(OrderRefusal::Budget));
    let free = bench.order(Rung::Kill, Purse::Free, None);
    assert_eq!(bench.act(free).0, refused(OrderRefusal::Budget));
    bench.kill_executor();
    tear_newest_slots(&bench);
    bench.start_executor();
    let mut charges = 0;
    bench.until("LedgerEnd", |report| {
        charges += usize::from(matches!(report, Report::LedgerCharge(_)));
        matches!(report, Report::LedgerEnd).then_some(())
    });
    assert_eq!(charges, 2);
    bench.until("Found", bench::found);
    let spent = bench.order(Rung::Restart, Purse::Ladder, None);
    assert_eq!(bench.act(spent).0, refused(OrderRefusal::Budget));
    // The other purse does not pay either: its pause counts from the last act of any kind.
    let gentle = bench.order(Rung::Restart, Purse::Gentle, None);
    assert_eq!(bench.act(gentle).0, refused(OrderRefusal::Budget));
}

#[test]
fn a_gentle_restart_is_followed_by_a_pause() {
    let mut bench = Bench::start("gentle", &start_config(SLEEP, ""), "leave");
    bench.greeted();
    bench.start_app();
    let gentle = bench.order(Rung::Restart, Purse::Gentle, None);
    assert_eq!(bench.act(gentle).0, Outcome::Done);
    let gentle = bench.order(Rung::Restart, Purse::Gentle, None);
    assert_eq!(bench.act(gentle).0, refused(OrderRefusal::Budget));
}

/// Overwrites the middle of the newest slot of each copy, as a write does that power cut short.
fn tear_newest_slots(bench: &Bench) {
    for path in ["state/ledger", "run/ledger.run"] {
        let path = bench.folder.join(path);
        let file = std::fs::File::options().read(true).write(true).open(path).expect("there");
        let seq = |slot: u64| {
            let mut bytes = [0; 8];
            // Magic (8), version (2), count of apps (2), then the record's number.
            file.read_exact_at(&mut bytes, slot * SLOT_BYTES as u64 + 12).expect("long enough");
            u64::from_le_bytes(bytes)
        };
        let newest = u64::from(seq(1) > seq(0));
        file.write_all_at(&[0xa5; 64], newest * SLOT_BYTES as u64 + 100).expect("written");
    }
}

#[test]
fn a_reboot_needs_permission_budget_and_uptime_and_the_disk_first() {
    let mut bench = Bench::start("noreboot", &start_config(SLEEP, ""), "leave");
    bench.greeted();
    let order = bench.order(Rung::Reboot, Purse::Ladder, None);
    assert_eq!(bench.act(order).0, refused(OrderRefusal::NotPermitted));
    drop(bench);

    let allowed = |uptime: &str| {
        let machine = format!("mode = \"act\"\nreboot = \"allowed\"\nmin_uptime = \"{uptime}\"");
        start_config(SLEEP, "").replace("mode = \"act\"", &machine)
    };
    let mut bench = Bench::start("uptime", &allowed("7d"), "leave");
    bench.greeted();
    let order = bench.order(Rung::Reboot, Purse::Ladder, None);
    assert_eq!(bench.act(order).0, refused(OrderRefusal::MinUptime));
    drop(bench);

    let mut bench = Bench::start("reboot", &allowed("0s"), "leave");
    bench.greeted();
    let order = bench.order(Rung::Reboot, Purse::Ladder, None);
    // The stand-in's machine writes down that it was asked; there is nothing that would do it.
    assert_eq!(bench.act(order).0, Outcome::Failed(Failure::NoManager));
    assert!(bench.text("deeds").starts_with("panics reset\nreboot\n"));
    let again = bench.order(Rung::Reboot, Purse::Ladder, None);
    assert_eq!(bench.act(again).0, refused(OrderRefusal::Budget));
}

#[test]
fn nothing_is_done_while_the_mode_is_observe() {
    let config = start_config(SLEEP, "").replace("\"act\"", "\"observe\"");
    let mut bench = Bench::start("observe", &config, "leave");
    bench.greeted();
    let order = bench.order(Rung::Start, Purse::Free, None);
    assert_eq!(bench.act(order).0, refused(OrderRefusal::NotPermitted));
}

#[test]
fn an_order_whose_look_is_no_longer_fresh_is_refused_and_nothing_is_paid() {
    let mut bench = Bench::start("stale", &start_config(SLEEP, ""), "leave");
    bench.greeted();
    let main = bench.start_app();
    let order = bench.order(Rung::Restart, Purse::Ladder, None);
    bench.say(&Request::Fresh { until_ms: 1 });
    assert_eq!(bench.act(order).0, refused(OrderRefusal::Stale));
    assert!(lives(main.pid), "nothing was ended");
    // The same number may be used again: it was never accepted. Its word holds for one order only.
    assert_eq!(bench.act(order).0, Outcome::Done);
}

#[test]
fn an_unfinished_intent_is_told_as_interrupted_and_never_repeated() {
    let script = "trap '' TERM; while :; do sleep 0.1; done";
    let config = start_config(&format!("[\"sh\", \"-c\", \"{script}\"]"), "grace = \"5s\"\n");
    let mut bench = Bench::start("interrupted", &config, "leave");
    bench.greeted();
    bench.start_app();
    let order = bench.order(Rung::Restart, Purse::Ladder, None);
    bench.say(&Request::Order(order));
    bench.until("a step", |it| matches!(it, Report::Step { .. }).then_some(()));
    bench.kill_executor();
    bench.start_executor();
    let intent = bench.until("the intent", |report| match report {
        Report::LedgerIntent(it @ LedgerIntent { intent, .. }) if *intent == order.intent => {
            Some(*it)
        }
        _ => None,
    });
    assert_eq!(intent.outcome, Some(Outcome::Interrupted));
    assert_eq!(bench.act(order).0, refused(OrderRefusal::Repeated));
}

#[test]
fn a_second_executor_on_the_same_folder_is_refused() {
    let mut bench = Bench::start("second", &start_config(SLEEP, ""), "leave");
    bench.greeted();
    let second = bench.command().stderr(Stdio::piped()).output().expect("ran");
    assert!(!second.status.success());
    let text = String::from_utf8_lossy(&second.stderr);
    assert!(text.contains("another defib is already running"), "{text}");
}
