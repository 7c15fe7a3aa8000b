//! The freeze, at a real executor: after two reboots in vain it refuses a third that the budget would allow,
//! whoever asks, until a person has said yes past the guardian (S23).
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;

use bench::{Bench, start_config};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{OrderRefusal, Outcome};
use defib_engine::id::AppId;
use defib_engine::time::Moment;
use defib_journal::ledger::{Ledger, SLOT_BYTES, WatchdogMark};
use defib_journal::order::{Report, Request};
use std::time::{Duration, Instant};

const HOUR_MS: u64 = 3_600_000;
const FROZEN: Outcome = Outcome::Refused(OrderRefusal::Frozen);

/// This boot, as the executor reads it, and its up-time in milliseconds.
fn boot() -> ([u8; 16], u64) {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("there");
    let digits = id.trim().replace('-', "");
    let number = u128::from_str_radix(&digits, 16).expect("a number");
    let uptime = std::fs::read_to_string("/proc/uptime").expect("there");
    let seconds: u64 = uptime.split('.').next().expect("seconds").parse().expect("a number");
    (number.to_be_bytes(), seconds * 1_000)
}

/// An executor whose ledger knows two resets, 25 h and 7 h ago: the budget has room for one more.
fn frozen(name: &str) -> Bench {
    let mut bench = prepared(name, &mut |_| ());
    bench.start_executor();
    bench.greeted();
    bench
}

/// The same with a watchdog of these facts; `mark` says what the ledger knows of it in this boot.
fn frozen_with_dog(name: &str, facts: &str, mark: Option<WatchdogMark>) -> Bench {
    let mut bench = prepared(name, &mut |ledger| {
        if let Some(mark) = mark {
            ledger.mark_watchdog(mark);
        }
    });
    std::fs::write(bench.folder.join("dog.facts"), facts).expect("written");
    bench.start_executor();
    bench.greeted();
    bench
}

fn prepared(name: &str, change: &mut dyn FnMut(&mut Ledger)) -> Bench {
    let machine =
        "mode = \"act\"\nreboot = \"allowed\"\nmin_uptime = \"0s\"\nreboot_timeout = \"3s\"";
    let looks = "interval = \"500ms\"\ntimeout = \"100ms\"\n";
    let config = start_config("[\"sleep\", \"60\"]", looks).replace("mode = \"act\"", machine);
    let bench = Bench::prepare(name, &config, "leave");
    let (boot_id, up_ms) = boot();
    let mut ledger = Ledger::fresh(boot_id);
    ledger.line_offset_ms = 100 * HOUR_MS;
    let now_ms = ledger.line_offset_ms + up_ms;
    ledger.charge_reset(Moment(now_ms - 25 * HOUR_MS));
    ledger.charge_reset(Moment(now_ms - 7 * HOUR_MS));
    change(&mut ledger);
    let mut file = vec![0; 2 * SLOT_BYTES];
    let mut slot =
        Box::<[u8; SLOT_BYTES]>::try_from(vec![0; SLOT_BYTES].into_boxed_slice()).expect("so long");
    let len = ledger.encode_slot(&mut slot);
    let at = ledger.next_slot().offset() as usize;
    file[at..at + len].copy_from_slice(&slot[..len]);
    std::fs::create_dir_all(bench.folder.join("state")).expect("made");
    std::fs::write(bench.folder.join("state/ledger"), file).expect("written");
    bench
}

fn reboot(bench: &mut Bench) -> (Outcome, String) {
    let order = bench.order(Rung::Reboot, Purse::Ladder, None);
    bench.act(order)
}

#[test]
fn a_third_reboot_needs_a_persons_yes_and_gentler_acts_go_on() {
    let mut bench = frozen("frozen");
    let (outcome, detail) = reboot(&mut bench);
    assert_eq!(outcome, FROZEN, "{detail}");
    assert!(detail.contains("2 reboots") && detail.contains("defib resume"), "{detail}");
    let app = bench.start_app();
    let order = bench.order(Rung::Restart, Purse::Ladder, Some(app));
    assert_eq!(bench.act(order).0, Outcome::Done);
    // Not the cure of any reboot that is charged to nobody.
    bench.say(&Request::Recovered { app: Some(AppId(0)) });
    bench.say(&Request::Recovered { app: Some(AppId(u16::MAX)) });
    assert_eq!(reboot(&mut bench).0, FROZEN);
    bench.kill_executor();
    bench.start_executor();
    bench.greeted();
    assert_eq!(reboot(&mut bench).0, FROZEN, "the ledger remembers");
    assert_eq!(bench.text("reboot-asked"), "");
    std::fs::write(bench.folder.join("state/resume"), "").expect("written");
    bench.say(&Request::Beat);
    bench.until("Thawed", |report| matches!(report, Report::Thawed).then_some(()));
    assert!(!bench.folder.join("state/resume").exists(), "said once, for once");
    assert!(!matches!(reboot(&mut bench).0, Outcome::Refused(_)));
}

#[test]
fn a_guardian_that_lies_about_a_recovery_gets_the_plain_budget_and_no_more() {
    let mut bench = frozen("thawlie");
    bench.say(&Request::Recovered { app: None });
    assert!(!matches!(reboot(&mut bench).0, Outcome::Refused(_)));
    for _ in 0..3 {
        bench.say(&Request::Recovered { app: None });
        bench.say(&Request::Recovered { app: Some(AppId(0)) });
        assert_eq!(reboot(&mut bench).0, Outcome::Refused(OrderRefusal::Budget));
    }
}

fn dog_did(bench: &Bench) -> Vec<String> {
    bench.text("dog.log").lines().map(str::to_owned).collect()
}

/// What the disk remembers of the watchdog.
fn mark(bench: &Bench) -> Option<WatchdogMark> {
    let bytes = std::fs::read(bench.folder.join("state/ledger")).ok()?;
    let [a, b] = [bytes.get(..SLOT_BYTES)?, bytes.get(SLOT_BYTES..)?].map(Ledger::decode_slot);
    Ledger::newest(a, b).ok()?.watchdog_now()
}

#[test]
fn no_watchdog_is_armed_until_a_person_has_said_yes() {
    let bench = frozen_with_dog("frozendog", "", None);
    let begun = Instant::now();
    // A cycle of looks takes 600 ms, and after one it would be armed.
    bench.eventually("some cycles", || begun.elapsed() > Duration::from_secs(3));
    assert!(dog_did(&bench).is_empty(), "{:?}", dog_did(&bench));
    std::fs::write(bench.folder.join("state/resume"), "").expect("written");
    bench.eventually("armed", || dog_did(&bench) == ["arm", "timeout 60"]);
    assert_eq!(mark(&bench), Some(WatchdogMark::Armed));
}

#[test]
fn a_watchdog_that_is_armed_is_disarmed() {
    let bench = frozen_with_dog("frozenarmed", "", Some(WatchdogMark::Armed));
    bench.eventually("disarmed", || dog_did(&bench).iter().any(|line| line == "disarm"));
    assert_eq!(dog_did(&bench), ["arm", "timeout 60", "disarm"], "adopted, and then let go");
    bench.eventually("on disk", || mark(&bench) == Some(WatchdogMark::Disarmed));
}

#[test]
fn one_without_a_way_out_is_taken_back_and_fed() {
    let bench = frozen_with_dog("frozenstuck", "nowayout", Some(WatchdogMark::Armed));
    let taken_back = ["arm", "timeout 60", "disarm", "arm", "timeout 60"];
    bench.eventually("taken back", || dog_did(&bench) == taken_back);
    bench.eventually("a word", || bench.text("log").contains("its driver knows no way out"));
    assert_eq!(mark(&bench), Some(WatchdogMark::Armed), "a reset behind it is expected");
    // It is fed 15 s later without a beat: `dog_tests` holds that.
}
