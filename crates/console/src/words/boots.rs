//! How a boot ended, in words.

use crate::view::BootEnd;
use crate::words::{class, span};
use defib_journal::boot::{BootEnding, Trace};
use defib_journal::order::ActStep;

/// Stands behind everything that defib did not do.
const NOT_OURS: &str = "not an act of defib";

/// One sentence: who ended it, by which step, how long the machine was away.
pub fn boot_end(end: &BootEnd) -> String {
    let away = end.gap_ms.map_or_else(String::new, |ms| format!("; away {}", span(ms)));
    let machine = end.telling_machine().map_or_else(String::new, |it| format!("; {it}"));
    format!("{}{away}{machine}", who(end))
}

fn who(end: &BootEnd) -> String {
    let what = match end.ending {
        BootEnding::Ours => return ours(end),
        BootEnding::Watchdog => "the hardware watchdog reset the machine",
        BootEnding::Reset => "the machine was reset, by its hardware watchdog or from outside",
        BootEnding::Panic => "the kernel panicked",
        BootEnding::OutOfMemory => "the kernel panicked because memory was gone",
        BootEnding::Orderly => "somebody shut the machine down in order",
        BootEnding::Cut => "the machine just stopped: its power, or its host",
        BootEnding::Unknown => return "how the last boot ended is not known".to_owned(),
    };
    format!("{what} ({NOT_OURS})")
}

fn ours(end: &BootEnd) -> String {
    let app = end.app.as_ref().map_or_else(String::new, |app| format!(" for {app}"));
    let why = end.class.map_or_else(String::new, |why| format!(" ({})", class(why)));
    format!("defib rebooted the machine{app}{why}: {}", reboot_step(end.step))
}

/// Shorter, for a table.
pub fn boot_end_short(end: &BootEnd) -> String {
    let what = match end.ending {
        BootEnding::Ours => "rebooted by defib",
        BootEnding::Watchdog => "reset by the watchdog, not defib",
        BootEnding::Reset => "reset, not by defib",
        BootEnding::Panic => "kernel panic, not defib",
        BootEnding::OutOfMemory => "kernel panic (memory), not defib",
        BootEnding::Orderly => "shut down, not by defib",
        BootEnding::Cut => "power or host, not defib",
        BootEnding::Unknown => "boot, cause unknown",
    };
    let step = if end.is_ours() { format!(" ({})", reboot_step(end.step)) } else { String::new() };
    let away = end.gap_ms.map_or_else(String::new, |ms| format!(", away {}", span(ms)));
    format!("{what}{step}{away}{}", short_of_memory(end))
}

/// In a table: that it was so, and who had it.
fn short_of_memory(end: &BootEnd) -> String {
    let short = end.machine.as_deref().filter(|machine| machine.short_ms.is_some());
    let Some(machine) = short else { return String::new() };
    let whose = machine.largest.as_ref().map_or_else(String::new, |it| format!(" ({})", it.comm));
    format!(", memory short{whose}")
}

/// Which step of the reboot's ladder it was.
const fn reboot_step(step: Option<ActStep>) -> &'static str {
    match step {
        Some(ActStep::RebootAsked | ActStep::RebootAccepted) => "by the service manager, in order",
        Some(ActStep::RebootForced) => "by the service manager, forced",
        Some(ActStep::ResetCalled) => "by reboot(2)",
        Some(ActStep::SysrqSent) => "by sysrq",
        Some(ActStep::FeedingEnded) => "by the watchdog, left unfed",
        _ => "by which step is not known",
    }
}

/// What a judgement stands on.
pub const fn trace(trace: Trace) -> &'static str {
    match trace {
        Trace::Ordered => "the ledger holds a reboot of ours",
        Trace::StepKnown => "the ledger holds its step",
        Trace::Starved => "the ledger says that the watchdog was left unfed",
        Trace::Armed => "the ledger says that the watchdog was armed",
        Trace::CardReset => "the watchdog's driver says that it has reset the machine",
        Trace::PanicRecord => "a panic's record is in pstore",
        Trace::OutOfMemoryRecord => "it says that memory was gone",
        Trace::ShutdownTold => "defib ended while the machine was shutting down",
        Trace::ToldToEnd => "defib was told to end before",
        Trace::SoonAfter => "the next boot began within 5 min",
        Trace::SilentShort => "sooner than a watchdog could have acted",
        Trace::SilentLong => "defib was silent for longer than it ever is while it runs",
        Trace::LedgerLost => "the ledger was lost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use defib_engine::note::Class;
    use defib_journal::recorder::{Largest, Summary};

    fn end(ending: BootEnding) -> BootEnd {
        BootEnd {
            ending,
            app: Some("shop".into()),
            class: Some(Class::Hung),
            step: Some(ActStep::SysrqSent),
            traces: Vec::new(),
            last_wall_ms: None,
            began_wall_ms: None,
            gap_ms: Some(48_000),
            away_ms: 48_000,
            machine: None,
        }
    }

    #[test]
    fn ours_says_for_whom_why_and_how_and_the_rest_says_that_it_is_not() {
        let ours = end(BootEnding::Ours);
        assert_eq!(
            boot_end(&ours),
            "defib rebooted the machine for shop (hung): by sysrq; away 48 s"
        );
        assert_eq!(boot_end_short(&ours), "rebooted by defib (by sysrq), away 48 s");
        for ending in [
            BootEnding::Watchdog,
            BootEnding::Reset,
            BootEnding::Panic,
            BootEnding::OutOfMemory,
            BootEnding::Orderly,
            BootEnding::Cut,
        ] {
            assert!(boot_end(&end(ending)).contains("(not an act of defib); away 48 s"));
            let short = boot_end_short(&end(ending));
            assert!(short.contains("not defib") || short.contains("not by defib"), "{short}");
        }
        let unknown = BootEnd { gap_ms: None, ..end(BootEnding::Unknown) };
        assert_eq!(boot_end(&unknown), "how the last boot ended is not known");
    }

    #[test]
    fn a_machine_short_of_memory_is_told_with_who_had_it() {
        let largest = Largest { pid: 812, comm: "x".into(), rss_kb: 9_216, unit: None, app: None };
        let (memory_kb, available_kb) = (573_440, 3_072);
        let machine = Summary { memory_kb, available_kb, ..Summary::default() };
        let short = Summary { short_ms: Some(21_000), largest: Some(largest), ..machine.clone() };
        let cut = |machine| BootEnd { machine: Some(Box::new(machine)), ..end(BootEnding::Cut) };
        assert_eq!(
            boot_end(&cut(short.clone())),
            "the machine just stopped: its power, or its host (not an act of defib); away 48 s; memory: \
             3 MB of 560 left for 21 s; largest process: x (pid 812, 9 MB, not a guarded app)"
        );
        assert_eq!(
            boot_end_short(&cut(short.clone())),
            "power or host, not defib, away 48 s, memory short (x)"
        );
        // That memory was not the reason is worth a word only where nobody knows a better one.
        assert!(
            boot_end(&cut(machine.clone())).ends_with("; memory was not short: 3 MB of 560 left")
        );
        let ours = BootEnd { machine: Some(Box::new(machine)), ..end(BootEnding::Ours) };
        assert!(!boot_end(&ours).contains("memory"));
        let ours = BootEnd { machine: Some(Box::new(short)), ..ours };
        assert!(
            boot_end(&ours).contains("; memory: 3 MB of 560 left for 21 s; largest process: x")
        );
    }
}
