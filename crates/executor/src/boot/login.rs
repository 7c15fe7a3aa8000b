//! The line that people read when they log in. None where nothing happened that they did not do themselves.

use defib_engine::note::Class;
use defib_journal::boot::{BootEnding, LastBoot, Trace};
use defib_journal::line::format_wall;
use defib_journal::order::ActStep;
use defib_journal::recorder::Summary;

/// What is shown; ends with a newline. Of the machine's last minutes, what can be why it went down.
pub(super) fn text(last: &LastBoot, machine: Option<&Summary>) -> Option<String> {
    let at = at(last.last_wall_ms);
    let what = match last.ending {
        BootEnding::Ours => format!("rebooted this machine{at}{}", why(last)),
        BootEnding::Watchdog => format!("the hardware watchdog reset this machine{at}"),
        BootEnding::Reset => {
            format!("this machine was reset{at}, by its hardware watchdog or from outside")
        }
        BootEnding::Panic => format!("the kernel of this machine panicked{at}"),
        BootEnding::OutOfMemory => {
            format!("the kernel of this machine panicked{at}: memory was gone")
        }
        BootEnding::Cut => {
            format!("this machine stopped without a word{at} (its power or its host, not defib)")
        }
        BootEnding::Orderly | BootEnding::Unknown => return None,
    };
    let machine = machine.filter(|it| it.tells_of(last.ending));
    let machine = machine.map_or_else(String::new, |it| format!("; {it}"));
    Some(format!("defib: {what}{}{machine}\n", back(last)))
}

/// `  at about 2026-11-27 03:12 UTC`: to the minute, for it is the time of the last line.
fn at(wall_ms: Option<u64>) -> String {
    let Some(wall_ms) = wall_ms else { return String::new() };
    let digits = format_wall(wall_ms);
    let part = |range| std::str::from_utf8(&digits[range]).unwrap_or_default().to_owned();
    format!(" at {} {} UTC", part(0..10), part(11..16))
}

fn why(last: &LastBoot) -> String {
    let Some(mark) = &last.reboot else { return String::new() };
    let class = match mark.class {
        Class::Unknown => String::new(),
        class => format!(" {}", class_word(class)),
    };
    let panicked =
        if last.traces.has(Trace::PanicRecord) { "; the kernel panicked on the way" } else { "" };
    format!(" (app {}{class}, {}{panicked})", mark.app.as_str(), step_words(mark.step))
}

fn back(last: &LastBoot) -> String {
    match last.gap_ms() {
        Some(gap_ms) => format!(", back after {}", span(gap_ms)),
        None => ", and is back".to_owned(),
    }
}

/// Which step of the ladder it was.
const fn step_words(step: Option<ActStep>) -> &'static str {
    match step {
        Some(ActStep::RebootAsked | ActStep::RebootAccepted) => "by the service manager",
        Some(ActStep::RebootForced) => "by the service manager, forced",
        Some(ActStep::ResetCalled) => "by reboot(2)",
        Some(ActStep::SysrqSent) => "kernel reset by sysrq",
        Some(ActStep::FeedingEnded) => "by the watchdog, left unfed",
        _ => "step not known",
    }
}

const fn class_word(class: Class) -> &'static str {
    match class {
        Class::Intended => "stopped",
        Class::Dead => "dead",
        Class::CrashLoop => "in a crash loop",
        Class::KernelIo => "stuck in the kernel",
        Class::Memory => "out of memory",
        Class::Certificate => "without a valid certificate",
        Class::Outside => "not reached from outside",
        Class::Dependency => "without its dependency",
        Class::Contract => "against its contract",
        Class::Hung => "hung",
        Class::Spinning => "spinning",
        Class::Erroring => "erroring",
        Class::Busy => "busy",
        Class::BadChange => "down after a change",
        Class::Exhausted => "out of a resource",
        Class::Proxy => "behind a broken proxy",
        Class::Unknown => "down",
    }
}

/// `48 s`, `3 min 5 s`, `2 h 4 min`, `3 d 2 h`.
fn span(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use defib_engine::id::{IncidentId, IntentId};
    use defib_journal::boot::TraceSet;
    use defib_journal::ledger::{Name, RebootMark};
    use defib_journal::recorder::Largest;

    /// 2026-11-22T03:12:07.123Z.
    const WALL_MS: u64 = 1_795_317_127_123;

    fn ended(ending: BootEnding) -> LastBoot {
        LastBoot {
            boot_id: [2; 16],
            ending,
            reboot: None,
            traces: TraceSet::default(),
            last_wall_ms: Some(WALL_MS),
            began_wall_ms: Some(WALL_MS + 48_400),
        }
    }

    fn ours(step: Option<ActStep>, class: Class) -> LastBoot {
        let mark = RebootMark {
            boot_id: [1; 16],
            intent: IntentId(3),
            app: Name::new("shop").expect("short"),
            incident: IncidentId(7),
            class,
            step,
        };
        LastBoot { reboot: Some(mark), ..ended(BootEnding::Ours) }
    }

    #[test]
    fn our_own_reboot_says_for_which_app_why_and_by_which_step() {
        let said = |step, class| text(&ours(step, class), None).expect("something to say");
        assert_eq!(
            said(Some(ActStep::SysrqSent), Class::Hung),
            "defib: rebooted this machine at 2026-11-22 03:12 UTC (app shop hung, kernel reset by sysrq), back after 48 s\n"
        );
        assert!(said(None, Class::Unknown).contains("(app shop, step not known)"));
        let forced = said(Some(ActStep::RebootForced), Class::Memory);
        assert!(forced.contains("(app shop out of memory, by the service manager, forced)"));
        let mut panicked = ours(Some(ActStep::RebootAsked), Class::Hung);
        panicked.traces = panicked.traces.with(Trace::PanicRecord);
        assert!(text(&panicked, None).expect("said").contains("the kernel panicked on the way"));
    }

    #[test]
    fn what_was_not_ours_is_not_said_to_be() {
        let kinds = [
            BootEnding::Watchdog,
            BootEnding::Reset,
            BootEnding::Panic,
            BootEnding::OutOfMemory,
            BootEnding::Cut,
        ];
        for ending in kinds {
            let said = text(&ended(ending), None).expect("something to say");
            assert!(!said.contains("rebooted"), "{said}");
            assert!(said.ends_with("back after 48 s\n"), "{said}");
            assert!(said.contains("at 2026-11-22 03:12 UTC"), "{said}");
        }
        assert!(text(&ended(BootEnding::Cut), None).expect("said").contains("not defib"));
    }

    #[test]
    fn an_end_in_order_leaves_nothing_to_say() {
        assert_eq!(text(&ended(BootEnding::Orderly), None), None);
        assert_eq!(text(&ended(BootEnding::Unknown), None), None);
    }

    #[test]
    fn who_had_the_memory_is_said_where_it_may_have_been_that() {
        let largest = Largest { pid: 812, comm: "faulttool".into(), ..Largest::default() };
        let machine = Summary { memory_kb: 573_440, available_kb: 3_072, ..Summary::default() };
        let short = Summary { short_ms: Some(21_000), largest: Some(largest), ..machine.clone() };
        let cut = ended(BootEnding::Cut);
        let said = text(&cut, Some(&short)).expect("something to say");
        let hog = "largest process: faulttool (pid 812, 0 MB, not a guarded app)\n";
        let memory = format!("back after 48 s; memory: 3 MB of 560 left for 21 s; {hog}");
        assert!(said.ends_with(&memory), "{said}");
        let said = text(&cut, Some(&machine)).expect("something to say");
        assert!(said.ends_with("; memory was not short: 3 MB of 560 left\n"), "{said}");
        let ours = text(&ours(None, Class::Hung), Some(&machine)).expect("something to say");
        assert!(!ours.contains("memory"), "{ours}");
        assert_eq!(text(&ended(BootEnding::Orderly), Some(&short)), None);
    }

    #[test]
    fn times_that_nobody_knows_are_left_out() {
        let last = LastBoot { last_wall_ms: None, ..ended(BootEnding::Panic) };
        let said = text(&last, None).expect("something to say");
        assert_eq!(said, "defib: the kernel of this machine panicked, and is back\n");
    }

    #[test]
    fn spans_are_said_in_two_units_at_the_most() {
        let said = [48_999, 185_000, 7_440_000, 266_400_000].map(span);
        assert_eq!(said, ["48 s", "3 min 5 s", "2 h 4 min", "3 d 2 h"]);
    }
}
