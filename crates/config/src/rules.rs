//! The numbers of one app's rule: how much evidence, how often, how long.

use crate::machine::Machine;
use crate::pace::Pace;
use crate::section::{Section, Value, Wrong};
use crate::spec::AFTER_POLITE_MS;
use crate::units::{duration, in_words};
use crate::value::number;
use defib_engine::policy::{AppPolicy, Budget, ClassSet, Deadlines, ProbePolicy, RungSet, View};

/// The numbers of a section, with its probes. Name, rungs, process and classes are the caller's.
pub(crate) fn read(
    section: &Section<'_>,
    probes: Vec<ProbePolicy>,
    pace: &Pace,
    machine: &Machine,
) -> AppPolicy {
    check_timeouts(section, &probes, pace);
    AppPolicy {
        name: String::new(),
        probes,
        rungs: RungSet::NONE,
        process_known: false,
        reboot_on: ClassSet::NONE,
        window_ms: window(section, pace),
        rise: section.get("rise", number(1..=100)).unwrap_or(5) as u8,
        verify_ms: ms(section, "verify", 0, 3_600_000, 20_000),
        start_grace_ms: ms(section, "start_grace", 0, 3_600_000, 60_000),
        relapse_ms: ms(section, "relapse", 0, 86_400_000, 600_000),
        healthy_reset_ms: ms(section, "healthy_reset", 1_000, 86_400_000, 600_000),
        backoff_first_ms: ms(section, "backoff", 100, 3_600_000, 10_000),
        backoff_max_ms: backoff_max(section),
        budget: budget(section),
        incident_limit: section.get("incident_limit", number(0..=20)).unwrap_or(5) as u8,
        gentle_every_ms: gentle_every(section),
        unknown_wait_ms: ms(section, "unknown_wait", 1_000, 86_400_000, 300_000),
        deadlines: deadlines(section, machine),
    }
}

fn ms(section: &Section<'_>, key: &'static str, low: u64, high: u64, default: u64) -> u64 {
    section.get(key, duration(low..=high)).unwrap_or(default)
}

/// A look of a section of its own may last longer than the app's `timeout`; the window must still
/// hold it. The app's own looks are judged by [`window`].
fn check_timeouts(section: &Section<'_>, probes: &[ProbePolicy], pace: &Pace) {
    let window_ms = section.raw("window").and_then(|value| duration(0..=u64::MAX)(value).ok());
    let window_ms = window_ms.unwrap_or(WINDOW_MS);
    let longer = probes.iter().find(|probe| {
        probe.view != View::Dependency
            && probe.timeout_ms > window_ms
            && probe.timeout_ms != pace.timeout_ms
    });
    if let Some(probe) = longer {
        let (window, timeout) = (in_words(window_ms), in_words(probe.timeout_ms));
        let message = format!(
            "`window` ({window}) is shorter than the timeout of `{}` ({timeout})",
            probe.name
        );
        let hint = "one look must not last longer than the stretch that convicts".to_owned();
        section.refuse(section.span_of("window"), &message, Some(hint));
    }
}

/// Bursts of noise (garbage collection, a stalled disk) last 2 s in the mean and 13 s once a year; that one goes
/// on for 16 s after a look has met it happens less than once in ten years (docs/decisions/081).
const WINDOW_MS: u64 = 16_000;

fn window(section: &Section<'_>, pace: &Pace) -> u64 {
    let window_ms = section.get("window", duration(100..=3_600_000));
    let given = window_ms.is_some();
    let window_ms = window_ms.unwrap_or(WINDOW_MS);
    let (window, timeout) = (in_words(window_ms), in_words(pace.timeout_ms));
    if pace.fast_ms > pace.interval_ms {
        return window_ms;
    }
    if window_ms < pace.timeout_ms {
        let key = if given { "window" } else { "timeout" };
        let message = format!("`window` ({window}) is shorter than `timeout` ({timeout})");
        let hint = "one look must not last longer than the stretch that convicts".to_owned();
        section.refuse(section.span_of(key), &message, Some(hint));
    } else if window_ms < 2 * pace.fast_ms {
        let fast = in_words(pace.fast_ms);
        let key = if given { "window" } else { "fast" };
        section
            .problems
            .warning(
                section.span_of(key),
                format!("`window` ({window}) is less than twice `fast` ({fast})"),
            )
            .hint("a short stall is then taken for a fault; 16s rides out the usual pauses");
    } else if given && window_ms < 3_000 {
        section
            .problems
            .warning(section.span_of("window"), format!("`window` of {window} is very short"))
            .hint("pauses of 2s are usual (garbage collection, disks); 16s rides them out");
    }
    window_ms
}

fn backoff_max(section: &Section<'_>) -> u64 {
    let first = ms(section, "backoff", 100, 3_600_000, 10_000);
    let longest = section.get("backoff_max", duration(100..=86_400_000));
    let Some(longest) = longest else {
        return first.max(300_000);
    };
    if longest < first {
        let (longest, first) = (in_words(longest), in_words(first));
        let message = format!("`backoff_max` ({longest}) is shorter than `backoff` ({first})");
        section.refuse(section.span_of("backoff_max"), &message, None);
    }
    longest
}

fn gentle_every(section: &Section<'_>) -> u64 {
    let every_ms = ms(section, "gentle_every", 1_000, 86_400_000, 900_000);
    if every_ms < 300_000 {
        let message = format!("a hung app may be restarted every {} for ever", in_words(every_ms));
        let span = section.span_of("gentle_every");
        section.problems.warning(span, message).hint("15m is the default");
    }
    every_ms
}

fn budget(section: &Section<'_>) -> Budget {
    section.get("budget", read_budget(section)).unwrap_or(Budget::ACTS)
}

fn read_budget<'s, 't>(
    outer: &'s Section<'t>,
) -> impl FnOnce(&'t Value<'t>) -> Result<Budget, Wrong> + use<'s, 't> {
    move |value| {
        let Some(table) = value.as_ref().as_table() else {
            let kind = value.as_ref().type_str();
            return Err(Wrong::new(format!("must be a table, not {kind}"))
                .hint("budget = { hour = 4, day = 10 }"));
        };
        let name = format!("{}.budget", outer.name);
        let section = Section::new(name, value.span(), table, outer.problems);
        let hour = section.get("hour", number(0..=20));
        // The ledger keeps the last 32 acts of an app: a larger budget could never be seen spent.
        let day = section.get("day", number(0..=32));
        section.finish();
        let default = Budget::ACTS;
        let long_limit = day.map_or(default.long_limit, |day| day as u8);
        let short_limit = hour.map_or(default.short_limit.min(long_limit), |hour| hour as u8);
        if short_limit > long_limit {
            return Err(Wrong::new(format!(
                "allows {short_limit} acts an hour but only {long_limit} a day"
            ))
            .hint("raise `day` or lower `hour`"));
        }
        Ok(Budget { short_limit, long_limit, ..default })
    }
}

fn deadlines(section: &Section<'_>, machine: &Machine) -> Deadlines {
    let get = |key, default| ms(section, key, 1_000, 1_800_000, default) as u32;
    let deadlines = Deadlines {
        start_ms: get("start_timeout", 90_000),
        reload_ms: get("reload_timeout", 20_000),
        restart_ms: get("restart_timeout", 90_000),
        kill_ms: get("kill_timeout", 90_000),
        reboot_ms: machine.reboot_timeout_ms as u32 + AFTER_POLITE_MS,
    };
    let grace_ms = ms(section, "grace", 0, 60_000, 3_000);
    if grace_ms >= deadlines.restart_ms as u64 {
        let message = "`grace` leaves no time to start again within `restart_timeout`";
        section.refuse(section.span_of("grace"), message, None);
    }
    deadlines
}
