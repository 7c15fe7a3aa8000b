//! From traces to an ending. Pure: a set of traces, and rules that are asked in their order.
//!
//! The order says whom to believe when traces contradict each other:
//!
//! - what somebody had *ordered* comes before how the kernel then went down: a panic in the middle of our
//!   own reboot does not make the reboot somebody else's;
//! - what the kernel or a device *recorded* comes before what is concluded from silence;
//! - what cannot be told apart is named so ([`BootEnding::Reset`]), not guessed.

use crate::boundary::{Panic, Signs};
use defib_journal::boot::{BootEnding, Trace, TraceSet};
use defib_journal::ledger::{Farewell, Ledger, RebootMark, WatchdogMark};

/// Told to end and another boot within this time: it was the end of the boot that we were told of. A service
/// manager waits 90 s for the slowest service, and firmware takes up to minutes.
const SOON_MS: u64 = 300_000;

/// No watchdog of ours can have acted this soon: the shortest that is armed has 20 s, and is fed when a quarter
/// of that is over.
const NO_DOG_MS: u64 = 15_000;

/// A living guardian writes a line a minute at the least; what is longer than that and a start of the kernel
/// was silence before the end.
const SILENT_MS: u64 = 75_000;

/// What the ledger of the boot that ended has to say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    pub(super) reboot: Option<RebootMark>,
    pub(super) watchdog: Option<WatchdogMark>,
    pub(super) farewell: Option<Farewell>,
}

impl Marks {
    pub(super) fn of(ledger: &Ledger) -> Marks {
        Marks {
            reboot: ledger.reboot_now(),
            watchdog: ledger.watchdog_now(),
            farewell: ledger.farewell_now(),
        }
    }
}

type Rule = (BootEnding, fn(TraceSet) -> bool);

/// The first that holds is the judgement.
const RULES: [Rule; 11] = [
    (BootEnding::Unknown, |it| it.has(Trace::LedgerLost)),
    (BootEnding::Ours, |it| it.has(Trace::Ordered)),
    (BootEnding::Orderly, |it| it.has(Trace::ShutdownTold)),
    (BootEnding::OutOfMemory, |it| it.has(Trace::OutOfMemoryRecord)),
    (BootEnding::Panic, |it| it.has(Trace::PanicRecord)),
    (BootEnding::Watchdog, |it| it.has(Trace::CardReset) || it.has(Trace::Starved)),
    (BootEnding::Orderly, |it| it.has(Trace::ToldToEnd) && it.has(Trace::SoonAfter)),
    // We were not there when it ended.
    (BootEnding::Unknown, |it| it.has(Trace::ToldToEnd)),
    (BootEnding::Cut, |it| !it.has(Trace::Armed) || it.has(Trace::SilentShort)),
    (BootEnding::Watchdog, |it| it.has(Trace::SilentLong)),
    (BootEnding::Reset, |_| true),
];

/// How the boot ended, and all that was found.
pub(super) fn judge(marks: &Marks, signs: &Signs, has_reset_us: bool) -> (BootEnding, TraceSet) {
    let traces = collect(marks, signs, has_reset_us);
    (first_rule(traces), traces)
}

/// The same without anything to go by.
pub(super) fn without_ledger() -> (BootEnding, TraceSet) {
    let traces = TraceSet::default().with(Trace::LedgerLost);
    (first_rule(traces), traces)
}

fn first_rule(traces: TraceSet) -> BootEnding {
    let rule = RULES.iter().find(|(_, holds)| holds(traces));
    rule.map_or(BootEnding::Unknown, |(ending, _)| *ending)
}

fn collect(marks: &Marks, signs: &Signs, has_reset_us: bool) -> TraceSet {
    let is_armed = matches!(marks.watchdog, Some(WatchdogMark::Armed | WatchdogMark::LeftArmed));
    let farewell = |is_shutdown| marks.farewell.is_some_and(|it| it.is_shutdown == is_shutdown);
    let silent_ms = signs.began_wall_ms.zip(signs.last_wall_ms);
    // A clock that was set back in between says nothing.
    let silent_ms = silent_ms.and_then(|(began, last)| began.checked_sub(last));
    let silent = |is_so: fn(u64) -> bool| silent_ms.is_some_and(is_so);
    TraceSet::default()
        .with_if(marks.reboot.is_some(), Trace::Ordered)
        .with_if(marks.reboot.is_some_and(|it| it.step.is_some()), Trace::StepKnown)
        .with_if(marks.watchdog == Some(WatchdogMark::Starved), Trace::Starved)
        .with_if(is_armed, Trace::Armed)
        .with_if(has_reset_us, Trace::CardReset)
        .with_if(signs.panic.is_some(), Trace::PanicRecord)
        .with_if(signs.panic == Some(Panic::OutOfMemory), Trace::OutOfMemoryRecord)
        .with_if(farewell(true), Trace::ShutdownTold)
        .with_if(farewell(false), Trace::ToldToEnd)
        .with_if(silent(|ms| ms <= SOON_MS), Trace::SoonAfter)
        .with_if(silent(|ms| ms < NO_DOG_MS), Trace::SilentShort)
        .with_if(silent(|ms| ms >= SILENT_MS), Trace::SilentLong)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
