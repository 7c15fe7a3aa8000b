//! One `[app.NAME]`.

use crate::look::{self, Probe};
use crate::machine::Machine;
use crate::pace::Pace;
use crate::section::{Section, Value, Wrong};
use crate::spec::{App, Target};
use crate::units::{duration, in_words};
use crate::value::{choices, number};
use crate::{Host, target};
use defib_engine::note::Class;
use defib_engine::policy::{AppPolicy, Budget, ClassSet, Deadlines, Permission, View};

/// The most probes of one app, dependencies included.
const PROBES_MAX: usize = 16;

/// The classes that a reboot may follow.
pub(crate) const REBOOT_CLASSES: [(&str, Class); 10] = [
    ("dead", Class::Dead),
    ("crash-loop", Class::CrashLoop),
    ("hung", Class::Hung),
    ("spinning", Class::Spinning),
    ("memory", Class::Memory),
    ("kernel-io", Class::KernelIo),
    ("erroring", Class::Erroring),
    ("exhausted", Class::Exhausted),
    ("busy", Class::Busy),
    ("bad-change", Class::BadChange),
];

/// Reads one app. `None` if it cannot even be looked at; the reasons are reported.
pub(crate) fn read(
    section: &Section<'_>,
    name: &str,
    machine: &Machine,
    host: Host,
) -> Option<(AppPolicy, App)> {
    let pace = Pace::read(section, None);
    let look = look::network(section);
    let target = target::read(section, host.root);
    let process = target::process(section, &target, look.as_ref(), section.problems);
    let extra = extra_probes(section, &pace);
    let seen = extra.iter().any(|(policy, _)| policy.view == View::App) || section.has("command");
    let mut probes = look::own_probes(section, look.as_ref(), &pace, !seen);
    probes.extend(extra);
    check_probes(section, &probes);
    let reboot_on = reboot_on(section, machine, &target);
    let rungs =
        target::rungs(&target, machine.reboot == Permission::Allowed, section.has("reboot_on"));
    let process_known = process != crate::spec::ProcessSource::Unknown;
    let (policies, specs): (Vec<_>, Vec<_>) = probes.into_iter().unzip();
    let budget = budget(section);
    let policy = AppPolicy {
        name: name.to_owned(),
        probes: policies,
        rungs,
        process_known,
        reboot_on,
        window_ms: window(section, &pace),
        rise: section.get("rise", number(1..=100)).unwrap_or(5) as u8,
        verify_ms: ms(section, "verify", 0, 3_600_000, 20_000),
        start_grace_ms: ms(section, "start_grace", 0, 3_600_000, 60_000),
        relapse_ms: ms(section, "relapse", 0, 86_400_000, 600_000),
        healthy_reset_ms: ms(section, "healthy_reset", 1_000, 86_400_000, 600_000),
        backoff_first_ms: ms(section, "backoff", 100, 3_600_000, 10_000),
        backoff_max_ms: backoff_max(section),
        budget,
        incident_limit: section.get("incident_limit", number(0..=20)).unwrap_or(5) as u8,
        gentle_every_ms: gentle_every(section),
        unknown_wait_ms: ms(section, "unknown_wait", 1_000, 86_400_000, 300_000),
        deadlines: deadlines(section, machine),
    };
    section.finish();
    let has_eyes = policy.probes.iter().any(|probe| probe.view == View::App);
    let app = App { name: name.to_owned(), probes: specs, target, process };
    has_eyes.then_some((policy, app))
}

fn ms(section: &Section<'_>, key: &'static str, low: u64, high: u64, default: u64) -> u64 {
    section.get(key, duration(low..=high)).unwrap_or(default)
}

fn extra_probes(section: &Section<'_>, pace: &Pace) -> Vec<Probe> {
    let mut probes: Vec<Probe> = Vec::new();
    for (key, dependency) in [("probe", false), ("depends", true)] {
        for (entry, inner) in section.sections(key) {
            if let Err(wrong) = check_name(entry.name) {
                section.refuse(entry.span.clone(), &wrong.message, wrong.hint);
            }
            let taken = ["url", "tcp", "command", "loopback"].contains(&entry.name)
                && (!dependency || entry.name == "loopback");
            let twice = probes.iter().any(|(policy, _)| policy.name == entry.name);
            if taken || twice {
                let message = format!("the name `{}` is taken by another look", entry.name);
                let hint = Some("choose another name".to_owned());
                section.refuse(entry.span.clone(), &message, hint);
            }
            probes.extend(look::extra_probe(&inner, entry.name, pace, dependency));
        }
    }
    probes
}

fn check_probes(section: &Section<'_>, probes: &[Probe]) {
    if probes.len() > PROBES_MAX {
        let message = format!(
            "[{}] has {} looks; at most {PROBES_MAX} are taken",
            section.name,
            probes.len()
        );
        section.refuse(section.span.clone(), &message, None);
    }
    let given = ["url", "tcp", "command", "probe"].iter().any(|key| section.has(key));
    if !given {
        let message = format!("[{}] says nothing about where to look", section.name);
        let hint = "add url = \"http://127.0.0.1:8000/\" (or `tcp`, or `command`)".to_owned();
        section.refuse(section.span.clone(), &message, Some(hint));
    } else if !probes.is_empty() && !probes.iter().any(|(policy, _)| policy.view == View::App) {
        let message = format!("[{}] has no look at the app itself", section.name);
        let hint = "add one on the loopback, a unix socket or a `command`, or say view = \"app\"";
        section.refuse(section.span.clone(), &message, Some(hint.to_owned()));
    }
}

fn window(section: &Section<'_>, pace: &Pace) -> u64 {
    let window_ms = section.get("window", duration(100..=3_600_000));
    let given = window_ms.is_some();
    let window_ms = window_ms.unwrap_or(10_000);
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
            .hint("a short stall is then taken for a fault; 10s rides out the usual pauses");
    } else if given && window_ms < 3_000 {
        section
            .problems
            .warning(section.span_of("window"), format!("`window` of {window} is very short"))
            .hint("pauses of 2s are usual (garbage collection, disks); 10s rides them out");
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
        let day = section.get("day", number(0..=100));
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
        reboot_ms: machine.reboot_timeout_ms as u32,
    };
    let grace_ms = ms(section, "grace", 0, 60_000, 3_000);
    if grace_ms >= deadlines.restart_ms as u64 {
        let message = "`grace` leaves no time to start again within `restart_timeout`";
        section.refuse(section.span_of("grace"), message, None);
    }
    deadlines
}

fn reboot_on(section: &Section<'_>, machine: &Machine, target: &Target) -> ClassSet {
    let classes = section.get("reboot_on", choices(&REBOOT_CLASSES));
    let allowed = machine.reboot == Permission::Allowed;
    if !allowed && classes.as_ref().is_some_and(|classes| !classes.is_empty()) {
        section
            .problems
            .warning(section.span_of("reboot_on"), "`reboot_on` has no effect")
            .hint("the machine is never rebooted unless [machine] says reboot = \"allowed\"");
    }
    if allowed && classes.is_none() && *target == Target::Nothing {
        section
            .problems
            .warning(section.span.clone(), format!("[{}] never reboots the machine", section.name))
            .hint("it is only reported on; to change that, give it a target or `reboot_on`");
    }
    match classes {
        Some(classes) => classes.into_iter().fold(ClassSet::NONE, ClassSet::with),
        None => ClassSet::REBOOT_DEFAULT,
    }
}

/// A name of an app or a look: it becomes part of unit names, file names and metrics.
pub(crate) fn check_name(name: &str) -> Result<(), Wrong> {
    if (1..=40).contains(&name.len()) && name.chars().all(is_name_letter) {
        return Ok(());
    }
    Err(Wrong::new(format!("{name:?} cannot be a name"))
        .hint("1 to 40 of the letters a-z, digits, `-` and `_`"))
}

pub(crate) fn is_name_letter(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-' || letter == '_'
}
