//! Across the gap, with a real executor: its state folder was left by another boot, or it leaves one.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;

use bench::{Bench, start_config};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::Outcome;
use defib_engine::id::{IncidentId, IntentId};
use defib_engine::note::Class;
use defib_engine::time::Moment;
use defib_journal::boot::{BootEnding, LastBoot, Trace};
use defib_journal::ledger::{Ledger, Name, RebootMark, SLOT_BYTES};
use defib_journal::order::{ActStep, Report, Request};
use rustix::process::Signal;

/// No boot of any machine has this id: the executor's own is the kernel's.
const EARLIER: [u8; 16] = [1; 16];

fn config() -> String {
    let machine =
        "mode = \"act\"\nreboot = \"allowed\"\nmin_uptime = \"0s\"\nreboot_timeout = \"3s\"";
    start_config("[\"sleep\", \"60\"]", "").replace("mode = \"act\"", machine)
}

/// A state folder that an executor of an earlier boot has left.
fn left_by_earlier_boot(name: &str, ledger: &mut Ledger) -> Bench {
    let bench = Bench::prepare(name, &config(), "leave");
    let mut slot: Box<[u8; SLOT_BYTES]> =
        vec![0; SLOT_BYTES].into_boxed_slice().try_into().expect("of that size");
    let length = ledger.encode_slot(&mut slot);
    let state = bench.folder.join("state");
    std::fs::create_dir_all(state.join("journal")).expect("made");
    std::fs::write(state.join("journal/20261122.jsonl"), "").expect("written");
    let mut file = vec![0; 2 * SLOT_BYTES];
    let place = usize::try_from(ledger.next_slot().offset()).expect("small");
    file[place..place + length].copy_from_slice(&slot[..length]);
    std::fs::write(state.join("ledger"), file).expect("written");
    bench
}

/// Starts it and hears what it says of the last boot; `None`: nothing.
fn told(bench: &mut Bench) -> Option<LastBoot> {
    bench.start_executor();
    heard(bench)
}

fn heard(bench: &mut Bench) -> Option<LastBoot> {
    let mut last = None;
    bench.until("Config", |report| {
        if let Report::LastBoot(told) = report {
            last = Some(*told);
        }
        matches!(report, Report::Config).then_some(())
    });
    last
}

/// What the disk remembers.
fn on_disk(bench: &Bench) -> Ledger {
    let bytes = std::fs::read(bench.folder.join("state/ledger")).expect("there");
    let [a, b] = [&bytes[..SLOT_BYTES], &bytes[SLOT_BYTES..]].map(Ledger::decode_slot);
    Ledger::newest(a, b).expect("a whole one")
}

fn our_reboot() -> Ledger {
    let mut ledger = Ledger::fresh(EARLIER);
    let (intent, rung) = (IntentId(3), Rung::Reboot);
    ledger.charge_and_intend("shop", intent, rung, Purse::Ladder, Moment(5)).expect("room");
    ledger.mark_reboot(RebootMark {
        boot_id: EARLIER,
        intent,
        app: Name::new("shop").expect("short"),
        incident: IncidentId(7),
        class: Class::Hung,
        step: Some(ActStep::SysrqSent),
    });
    ledger
}

#[test]
fn our_own_reboot_is_told_to_each_guardian_of_the_boot_and_shown_at_login() {
    let mut bench = left_by_earlier_boot("gapours", &mut our_reboot());
    let last = told(&mut bench).expect("it is another boot");
    assert_eq!(last.ending, BootEnding::Ours);
    let mark = last.reboot.expect("by us");
    assert_eq!((mark.app.as_str(), mark.incident), ("shop", IncidentId(7)));
    assert_eq!(mark.step, Some(ActStep::SysrqSent));
    let login = bench.text("motd.d/defib");
    assert!(login.starts_with("defib: rebooted this machine"), "{login}");
    assert!(login.contains("(app shop hung, kernel reset by sysrq), "), "{login}");
    // A guardian that comes later, and an executor, say the same.
    bench.hang_up();
    assert_eq!(heard(&mut bench), Some(last));
    bench.kill_executor();
    assert_eq!(told(&mut bench), Some(last));
    assert_eq!(on_disk(&bench).reboots.len(), 1, "paid once");
}

#[test]
fn a_boot_that_just_stopped_is_not_ours() {
    let mut bench = left_by_earlier_boot("gapcut", &mut Ledger::fresh(EARLIER));
    let last = told(&mut bench).expect("it is another boot");
    assert_eq!((last.ending, last.reboot), (BootEnding::Cut, None));
    assert!(bench.text("motd.d/defib").contains("not defib"));
}

#[test]
fn an_end_in_order_leaves_no_message_and_takes_an_older_one_away() {
    let mut ledger = Ledger::fresh(EARLIER);
    ledger.say_farewell(5, true);
    let mut bench = left_by_earlier_boot("gaporder", &mut ledger);
    std::fs::create_dir(bench.folder.join("motd.d")).expect("made");
    std::fs::write(bench.folder.join("motd.d/defib"), "of an earlier boot").expect("written");
    let last = told(&mut bench).expect("it is another boot");
    assert_eq!(last.ending, BootEnding::Orderly);
    assert!(!bench.folder.join("motd.d/defib").exists());
}

#[test]
fn a_first_start_has_no_boot_before_it() {
    let mut bench = Bench::prepare("gapfirst", &config(), "leave");
    assert_eq!(told(&mut bench), None);
    assert!(!bench.folder.join("motd.d").exists());
}

#[test]
fn a_ledger_that_is_lost_says_so() {
    let mut bench = left_by_earlier_boot("gaplost", &mut our_reboot());
    std::fs::write(bench.folder.join("state/ledger"), vec![7; 2 * SLOT_BYTES]).expect("written");
    let last = told(&mut bench).expect("nothing is known");
    assert_eq!(last.ending, BootEnding::Unknown);
    assert!(last.traces.has(Trace::LedgerLost));
    assert!(!bench.folder.join("motd.d").exists());
}

#[test]
fn being_told_to_end_is_on_disk_before_we_are_gone_and_taken_back_by_the_next() {
    let mut bench = Bench::start("gapstop", &config(), "leave");
    bench.greeted();
    bench.signal_executor(Signal::TERM);
    assert!(bench.wait_executor().success());
    let farewell = on_disk(&bench).farewell_now().expect("said");
    assert!(!farewell.is_shutdown, "a stop, as far as anybody knows");
    bench.start_executor();
    bench.greeted();
    bench.eventually("it is taken back", || on_disk(&bench).farewell_now().is_none());
    // The service manager has become systemd-shutdown: the machine goes down with us.
    std::fs::write(bench.folder.join("last-phase"), "").expect("written");
    bench.signal_executor(Signal::TERM);
    assert!(bench.wait_executor().success());
    assert!(on_disk(&bench).farewell_now().expect("said").is_shutdown);
}

#[test]
fn each_step_of_a_reboot_is_on_disk() {
    let mut bench = Bench::start("gapsteps", &config(), "leave");
    bench.greeted();
    let order = bench.order(Rung::Reboot, Purse::Ladder, None);
    bench.say(&Request::Order(order));
    bench.until("the last step", |report| match report {
        Report::Step { step: ActStep::FeedingEnded, .. } => Some(()),
        _ => None,
    });
    bench.eventually("its mark", || {
        let mark = on_disk(&bench).reboot_mark;
        mark.is_some_and(|it| it.intent == order.intent && it.step == Some(ActStep::FeedingEnded))
    });
    let mark = on_disk(&bench).reboot_mark.expect("just seen");
    assert_eq!((mark.app.as_str(), mark.incident), ("shop", order.incident));
    assert_eq!(mark.class, order.class);
    // Refused by everybody here, so it is over, and would not be the end of this boot.
    let outcome = bench.until("Acted", |report| match report {
        Report::Acted { outcome, .. } => Some(*outcome),
        _ => None,
    });
    assert!(matches!(outcome, Outcome::Failed(_)));
}
