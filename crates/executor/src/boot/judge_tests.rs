//! Every ending, and every pair of traces that contradict each other.

use super::*;
use defib_engine::id::{IncidentId, IntentId};
use defib_engine::note::Class;
use defib_journal::ledger::Name;
use defib_journal::order::ActStep;

const BOOT: [u8; 16] = [1; 16];
const BEGAN_MS: u64 = 1_795_317_127_000;

fn reboot(step: Option<ActStep>) -> Marks {
    let mark = RebootMark {
        boot_id: BOOT,
        intent: IntentId(3),
        app: Name::new("shop").expect("short"),
        incident: IncidentId(7),
        class: Class::Hung,
        step,
    };
    Marks { reboot: Some(mark), ..Marks::default() }
}

fn dog(mark: WatchdogMark) -> Marks {
    Marks { watchdog: Some(mark), ..Marks::default() }
}

fn told(is_shutdown: bool) -> Marks {
    let farewell = Farewell { boot_id: BOOT, boottime_ms: 5, is_shutdown };
    Marks { farewell: Some(farewell), ..Marks::default() }
}

/// Nothing was heard for this long before the boot.
fn silent(seconds: u64) -> Signs {
    let last_wall_ms = Some(BEGAN_MS - seconds * 1_000);
    Signs { began_wall_ms: Some(BEGAN_MS), last_wall_ms, panic: None }
}

fn panicked(panic: Panic) -> Signs {
    Signs { panic: Some(panic), ..silent(30) }
}

fn end(marks: Marks, signs: Signs) -> BootEnding {
    judge(&marks, &signs, false).0
}

/// The same, and the device says that it was it.
fn end_by_card(marks: Marks, signs: Signs) -> BootEnding {
    judge(&marks, &signs, true).0
}

#[test]
fn a_reboot_of_ours_is_ours_whatever_step_it_came_to() {
    let steps = [
        ActStep::RebootAsked,
        ActStep::RebootAccepted,
        ActStep::RebootForced,
        ActStep::ResetCalled,
        ActStep::SysrqSent,
        ActStep::FeedingEnded,
    ];
    for step in steps.map(Some).into_iter().chain([None]) {
        let (ending, traces) = judge(&reboot(step), &silent(40), false);
        assert_eq!(ending, BootEnding::Ours);
        assert!(traces.has(Trace::Ordered));
        assert_eq!(traces.has(Trace::StepKnown), step.is_some());
    }
}

#[test]
fn nothing_that_happened_on_the_way_makes_our_reboot_somebody_else_s() {
    let ours = reboot(Some(ActStep::RebootAsked));
    assert_eq!(end(ours, panicked(Panic::Other)), BootEnding::Ours);
    assert_eq!(end(ours, panicked(Panic::OutOfMemory)), BootEnding::Ours);
    assert_eq!(end_by_card(ours, silent(40)), BootEnding::Ours);
    for mark in [WatchdogMark::Armed, WatchdogMark::LeftArmed, WatchdogMark::Starved] {
        assert_eq!(end(Marks { watchdog: Some(mark), ..ours }, silent(40)), BootEnding::Ours);
    }
    for is_shutdown in [true, false] {
        let both = Marks { farewell: told(is_shutdown).farewell, ..ours };
        assert_eq!(end(both, silent(40)), BootEnding::Ours);
    }
    let traces = judge(&ours, &panicked(Panic::Other), true).1;
    assert!(
        traces.has(Trace::PanicRecord) && traces.has(Trace::CardReset),
        "they are told all the same"
    );
}

#[test]
fn an_orderly_end_is_somebody_s_if_the_service_manager_said_so() {
    assert_eq!(end(told(true), silent(20)), BootEnding::Orderly);
    assert_eq!(end(told(true), silent(86_400)), BootEnding::Orderly, "it stayed off for a day");
    assert_eq!(end(told(true), Signs::default()), BootEnding::Orderly);
    // A shutdown that hung or panicked was one all the same.
    assert_eq!(end(told(true), panicked(Panic::Other)), BootEnding::Orderly);
    assert_eq!(end_by_card(told(true), silent(700)), BootEnding::Orderly);
}

#[test]
fn told_to_end_and_nothing_more_is_orderly_only_if_a_boot_followed_at_once() {
    assert_eq!(end(told(false), silent(60)), BootEnding::Orderly);
    assert_eq!(end(told(false), silent(300)), BootEnding::Orderly);
    assert_eq!(end(told(false), silent(301)), BootEnding::Unknown, "defib was not there any more");
    assert_eq!(end(told(false), Signs::default()), BootEnding::Unknown);
    // What the kernel has recorded is better evidence than that.
    assert_eq!(end(told(false), panicked(Panic::Other)), BootEnding::Panic);
    assert_eq!(end_by_card(told(false), silent(60)), BootEnding::Watchdog);
}

#[test]
fn a_panic_is_the_cause_even_if_the_watchdog_then_reset_the_machine() {
    assert_eq!(end(Marks::default(), panicked(Panic::Other)), BootEnding::Panic);
    assert_eq!(end(Marks::default(), panicked(Panic::OutOfMemory)), BootEnding::OutOfMemory);
    for mark in [WatchdogMark::Armed, WatchdogMark::Starved] {
        assert_eq!(end_by_card(dog(mark), panicked(Panic::Other)), BootEnding::Panic);
        assert_eq!(end_by_card(dog(mark), panicked(Panic::OutOfMemory)), BootEnding::OutOfMemory);
    }
    let traces = judge(&Marks::default(), &panicked(Panic::OutOfMemory), false).1;
    assert!(traces.has(Trace::PanicRecord) && traces.has(Trace::OutOfMemoryRecord));
}

#[test]
fn the_watchdog_is_named_if_its_device_says_so_or_it_was_starved_without_a_reboot() {
    for mark in [WatchdogMark::Armed, WatchdogMark::LeftArmed, WatchdogMark::Disarmed] {
        assert_eq!(end_by_card(dog(mark), silent(1)), BootEnding::Watchdog);
    }
    assert_eq!(end_by_card(Marks::default(), Signs::default()), BootEnding::Watchdog, "another's");
    assert_eq!(end(dog(WatchdogMark::Starved), silent(1)), BootEnding::Watchdog);
}

#[test]
fn a_silent_device_behind_a_sudden_end_is_told_by_how_long_nothing_was_heard() {
    for mark in [WatchdogMark::Armed, WatchdogMark::LeftArmed] {
        assert_eq!(end(dog(mark), silent(14)), BootEnding::Cut, "sooner than any watchdog");
        assert_eq!(end(dog(mark), silent(15)), BootEnding::Reset);
        assert_eq!(end(dog(mark), silent(74)), BootEnding::Reset);
        assert_eq!(end(dog(mark), silent(75)), BootEnding::Watchdog, "longer than we are silent");
        assert_eq!(end(dog(mark), Signs::default()), BootEnding::Reset);
        let back = Signs { last_wall_ms: Some(BEGAN_MS + 1), ..silent(0) };
        assert_eq!(end(dog(mark), back), BootEnding::Reset, "the clock was set back");
    }
}

#[test]
fn an_end_without_any_trace_is_the_host_s_or_the_power_s() {
    for signs in [Signs::default(), silent(1), silent(90), silent(86_400)] {
        assert_eq!(end(Marks::default(), signs), BootEnding::Cut);
        assert_eq!(end(dog(WatchdogMark::Disarmed), signs), BootEnding::Cut);
    }
}

#[test]
fn a_lost_ledger_knows_nothing() {
    let (ending, traces) = without_ledger();
    assert_eq!(ending, BootEnding::Unknown);
    assert_eq!(traces.iter().collect::<Vec<_>>(), [Trace::LedgerLost]);
}

#[test]
fn marks_are_those_of_the_boot_that_ended() {
    let mut ledger = Ledger::fresh(BOOT);
    ledger.mark_watchdog(WatchdogMark::Armed);
    ledger.say_farewell(5, true);
    assert!(matches!(
        Marks::of(&ledger),
        Marks { reboot: None, watchdog: Some(WatchdogMark::Armed), farewell: Some(_) }
    ));
    ledger.next_boot([2; 16]);
    let marks = Marks::of(&ledger);
    assert!(marks.watchdog.is_none() && marks.farewell.is_none());
}
