//! The real executor and a watchdog that is a file: armed late, fed by beats, handed over at each end.
//! The machine must have been up for a minute, as any that has compiled this has.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;

use bench::{Bench, start_config};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{OrderRefusal, Outcome};
use defib_journal::ledger::{Ledger, SLOT_BYTES, WatchdogMark};
use defib_journal::order::{ActStep, Report, Request};
use rustix::process::Signal;

const SLEEP: &str = "[\"sleep\", \"60\"]";

/// A cycle of looks of 600 ms.
fn config(machine: &str) -> String {
    let machine = format!("mode = \"act\"\n{machine}\n");
    start_config(SLEEP, "interval = \"500ms\"\ntimeout = \"100ms\"\n")
        .replace("mode = \"act\"\n", &machine)
}

fn begin(name: &str, machine: &str, facts: &str) -> Bench {
    let mut bench = Bench::prepare(name, &config(machine), "leave");
    std::fs::write(bench.folder.join("dog.facts"), facts).expect("written");
    bench.start_executor();
    bench.greeted();
    bench
}

fn did(bench: &Bench) -> Vec<String> {
    bench.text("dog.log").lines().map(str::to_owned).collect()
}

fn wait_for(bench: &Bench, what: &str) {
    bench.eventually(what, || did(bench).iter().any(|line| line == what));
}

/// What the disk remembers.
fn mark(bench: &Bench) -> Option<WatchdogMark> {
    let bytes = std::fs::read(bench.folder.join("state/ledger")).expect("there");
    let slots = [&bytes[..SLOT_BYTES], &bytes[SLOT_BYTES..]].map(Ledger::decode_slot);
    let [a, b] = slots;
    Ledger::newest(a, b).ok()?.watchdog_now()
}

#[test]
fn it_is_armed_after_a_cycle_adopted_by_the_next_executor_and_disarmed_at_the_end() {
    let mut bench = begin("dog", "reboot = \"allowed\"", "");
    assert!(did(&bench).is_empty(), "not before a cycle of looks");
    wait_for(&bench, "timeout 60");
    assert_eq!(did(&bench), ["arm", "timeout 60"]);
    assert_eq!(mark(&bench), Some(WatchdogMark::Armed), "on disk before it was opened");
    // A crash leaves it armed; the next executor takes it over at once.
    bench.kill_executor();
    bench.start_executor();
    bench.greeted();
    assert_eq!(did(&bench), ["arm", "timeout 60", "arm", "timeout 60"]);
    bench.signal_executor(Signal::TERM);
    assert!(bench.wait_executor().success());
    assert_eq!(did(&bench)[4..], ["disarm"]);
    assert_eq!(mark(&bench), Some(WatchdogMark::Disarmed));
}

#[test]
fn a_reload_that_forbids_it_disarms_it() {
    let bench = begin("dogoff", "reboot = \"allowed\"", "");
    wait_for(&bench, "timeout 60");
    bench.write_config(&config("reboot = \"allowed\"\nwatchdog = \"off\""));
    bench.signal_executor(Signal::HUP);
    wait_for(&bench, "disarm");
    bench.eventually("Disarmed on disk", || mark(&bench) == Some(WatchdogMark::Disarmed));
}

#[test]
fn a_reboot_of_ours_has_it_behind_it_whatever_the_cycle() {
    let mut bench = begin("dogreboot", "reboot = \"allowed\"\nmin_uptime = \"0s\"", "");
    let order = bench.order(Rung::Reboot, Purse::Ladder, None);
    bench.say(&Request::Order(order));
    // The stand-in's machine refuses every step at once: what is left is not to feed.
    bench.until("the last step", |report| {
        matches!(report, Report::Step { step: ActStep::FeedingEnded, .. }).then_some(())
    });
    assert!(bench.text("deeds").starts_with("panics reset\nreboot\n"));
    // Armed before the first step; from reboot(2) on it waits no longer than the kernel's own steps take; once that has
    // not ended the machine, it may have been stopped by it.
    let left_alone = ["arm", "timeout 60", "timeout 20", "restart"];
    assert_eq!(did(&bench), left_alone);
    // To take it over would be a way out that nobody ordered.
    bench.kill_executor();
    bench.start_executor();
    bench.greeted();
    bench.signal_executor(Signal::TERM);
    assert!(bench.wait_executor().success());
    assert_eq!(did(&bench), left_alone);
}

#[test]
fn a_device_in_other_hands_or_too_fast_is_said_and_left() {
    let bench = begin("dogbusy", "reboot = \"allowed\"", "busy");
    bench.eventually("a word", || bench.text("log").contains("is held by another process"));
    bench.eventually("Disarmed on disk", || mark(&bench) == Some(WatchdogMark::Disarmed));
    let bench = begin("dogshort", "reboot = \"allowed\"", "short");
    wait_for(&bench, "disarm");
    assert!(bench.text("log").contains("it resets after 12 s"));
    let bench = Bench::start("nodog", &config("reboot = \"allowed\""), "leave");
    bench.eventually("a word", || bench.text("log").contains("no watchdog device"));
}

#[test]
fn without_permission_nobody_looks_for_one() {
    let mut bench = begin("dognever", "reboot = \"never\"", "");
    bench.start_app();
    assert!(did(&bench).is_empty());
    assert!(!bench.text("log").contains("watchdog"), "{}", bench.text("log"));
}

#[test]
fn three_deaths_of_the_guardian_leave_nothing_but_observing() {
    let mut bench = begin("deaths", "", "");
    bench.start_app();
    for death in 1..=3 {
        bench.hang_up();
        let mut told = false;
        bench.until("LedgerEnd", |report| matches!(report, Report::LedgerEnd).then_some(()));
        bench.until("Config", |report| {
            told |= matches!(report, Report::ObserveOnly { .. });
            matches!(report, Report::Config).then_some(())
        });
        assert_eq!(told, death == 3, "after death {death}");
    }
    assert!(bench.text("log").contains("the guardian died 3 times in 5 min"));
    let app = bench.until("Found", bench::found);
    let mut restart = bench.order(Rung::Restart, Purse::Ladder, Some(app));
    restart.intent.0 += 10;
    let (outcome, why) = bench.act(restart);
    assert_eq!(outcome, Outcome::Refused(OrderRefusal::NotPermitted), "{why}");
    assert!(bench::lives(app.pid));
    // An executor that a person starts again has forgotten it.
    bench.kill_executor();
    bench.start_executor();
    bench.greeted();
    let app = bench.until("Found", bench::found);
    let order = bench.order(Rung::Restart, Purse::Ladder, Some(app));
    assert_eq!(bench.act(order).0, Outcome::Done);
}
