//! One `[app.NAME]`.

use crate::look::{self, Probe};
use crate::machine::Machine;
use crate::pace::Pace;
use crate::section::{Section, Wrong};
use crate::spec::{App, ProbeKind, Target};
use crate::value::choices;
use crate::{Host, rules, target};
use defib_engine::effect::Rung;
use defib_engine::note::Class;
use defib_engine::policy::{AppPolicy, ClassSet, Permission, View};

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
    let seen = extra.iter().any(asks_the_app) || section.has("command");
    let mut probes = look::own_probes(section, look.as_ref(), &pace, !seen);
    probes.extend(extra);
    know_listeners(&mut probes);
    check_probes(section, &probes);
    let reboot_on = reboot_on(section, machine, &target);
    let rungs =
        target::rungs(&target, machine.reboot == Permission::Allowed, section.has("reboot_on"));
    // What is only looked at and reported on has nothing deleted for it, either.
    let is_cleaned_for = !machine.clean.is_empty() && target != Target::Nothing;
    let rungs = if is_cleaned_for { rungs.with(Rung::Clean) } else { rungs };
    let process_known = process != crate::spec::ProcessSource::Unknown;
    let (policies, specs): (Vec<_>, Vec<_>) = probes.into_iter().unzip();
    let has_eyes = policies.iter().any(|probe| probe.view == View::App);
    let policy = AppPolicy {
        name: name.to_owned(),
        rungs,
        process_known,
        reboot_on,
        ..rules::read(section, policies, &pace, machine)
    };
    section.finish();
    let app = App { name: name.to_owned(), probes: specs, target, process };
    has_eyes.then_some((policy, app))
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

/// Whether this look asks the app itself for an answer: a connect asks only the kernel.
fn asks_the_app((policy, spec): &Probe) -> bool {
    policy.view == View::App && !matches!(spec.kind, ProbeKind::Tcp(_))
}

/// A connect beside a look that asks for an answer must not contradict it: it succeeds however the app hangs.
fn know_listeners(probes: &mut [Probe]) {
    if !probes.iter().any(asks_the_app) {
        return;
    }
    for (policy, spec) in probes {
        if policy.view == View::App && matches!(spec.kind, ProbeKind::Tcp(_)) {
            policy.view = View::Listener;
        }
    }
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
