//! What is acted on, and how its process is known.

use crate::diagnostic::Problems;
use crate::look::Look;
use crate::section::{Entry, Section, Value, Wrong, entries};
use crate::spec::{ChildSpec, CommandSpec, ProcessSource, Target, UnitSpec};
use crate::units::duration;
use crate::value::{absolute_path, argv, boolean, number, text, word};
use defib_engine::effect::Rung;
use defib_engine::policy::RungSet;

/// The keys of which an app may have one.
const TARGETS: [&str; 3] = ["start", "unit", "recover"];

/// Keys of a `start` app.
const ONLY_WITH_START: [&str; 3] = ["directory", "environment", "reload_by_hup"];

/// What the section wants acted on. `root`: whether defib runs as root.
pub(crate) fn read(section: &Section<'_>, root: bool) -> Target {
    let start = section.get("start", argv);
    let unit = section.get("unit", unit_name);
    let recover = section.get("recover", argv);
    let user = section.get("user", user_name);
    let directory = section.get("directory", absolute_path);
    let environment = section.get("environment", environment).unwrap_or_default();
    let reload_by_hup = section.get("reload_by_hup", boolean).unwrap_or(false);
    let grace_ms = section.get("grace", duration(0..=60_000)).unwrap_or(3_000) as u32;
    check(section, root);
    if let Some(argv) = start {
        let child = ChildSpec { argv, user, directory, environment, reload_by_hup, grace_ms };
        return Target::Child(child);
    }
    if let Some(name) = unit {
        return Target::Unit(UnitSpec { name, grace_ms });
    }
    recover.map_or(Target::Nothing, |argv| Target::Recover(CommandSpec { argv, user }))
}

fn check(section: &Section<'_>, root: bool) {
    let given: Vec<&str> = TARGETS.into_iter().filter(|&key| section.has(key)).collect();
    if let [first, others @ ..] = given.as_slice() {
        for other in TARGETS.into_iter().filter(|key| others.contains(key)) {
            let message = format!("`{other}` cannot stand beside `{first}`");
            let hint = "an app is started, or a unit, or recovered by a command: keep one";
            section.refuse(section.span_of(other), &message, Some(hint.to_owned()));
        }
    }
    if !section.has("start") {
        refuse_without(section, &ONLY_WITH_START, "`start`");
    }
    if !section.has("start") && !section.has("unit") {
        refuse_without(section, &["grace"], "`start` or `unit`");
    }
    if !section.has("start") && !section.has("recover") {
        refuse_without(section, &["user"], "`start` or `recover`");
    }
    check_user(section, root);
}

fn check_user(section: &Section<'_>, root: bool) {
    if root && section.has("start") && !section.has("user") {
        let message = format!("[{}] would be started as root", section.name);
        let hint = "name its user: user = \"www-data\" (on the command line: --user www-data)";
        section.refuse(section.span_of("start"), &message, Some(hint.to_owned()));
    }
    let is_root = section.raw("user").and_then(|user| user.as_ref().as_str()) == Some("root");
    if root && is_root && section.has("start") {
        let message = "the app runs as root, because `user` says so";
        section.problems.warning(section.span_of("user"), message).hint("give it its own user");
    }
    if !root && section.has("user") && (section.has("start") || section.has("recover")) {
        section
            .problems
            .warning(section.span_of("user"), "`user` is not used: defib does not run as root")
            .hint("the app gets the user that defib runs as");
    }
}

fn refuse_without(section: &Section<'_>, keys: &[&'static str], needed: &str) {
    for key in keys {
        if section.has(key) {
            let message = format!("`{key}` means nothing without {needed}");
            section.refuse(section.span_of(key), &message, Some("take it out".to_owned()));
        }
    }
}

/// A unit that defib may act on: a service, and none that the machine itself or defib needs.
fn unit_name(value: &Value<'_>) -> Result<String, Wrong> {
    let name = word(value)?;
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b":_.\\@-".contains(&byte);
    if name.len() > 255 || !name.bytes().all(letter) {
        return Err(Wrong::new(format!("is not a unit name: \"{name}\"")));
    }
    let suffixes =
        ["socket", "target", "timer", "mount", "path", "slice", "scope", "device", "swap"];
    let suffix = name.rsplit_once('.').map(|(_, suffix)| suffix);
    if suffix.is_some_and(|suffix| suffixes.contains(&suffix)) {
        return Err(Wrong::new(format!("must be a service, not \"{name}\"")));
    }
    let name = match suffix {
        Some("service") => name,
        _ => format!("{name}.service"),
    };
    let own = ["dbus.service", "dbus-broker.service", "defib.service", "defib-web.service"];
    if own.contains(&name.as_str()) || name.starts_with("systemd-") {
        return Err(Wrong::new(format!(
            "cannot be {name}: restarting it would break the machine \
             or defib itself"
        )));
    }
    Ok(name)
}

fn user_name(value: &Value<'_>) -> Result<String, Wrong> {
    let name = text(value)?;
    let first = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let letter = |letter: char| first(letter) || "-.$@\\".contains(letter);
    if name.len() <= 32 && name.starts_with(first) && name.chars().all(letter) {
        return Ok(name.to_owned());
    }
    Err(Wrong::new(format!("is not a user name: {name:?}")))
}

/// `mode` and `reboot` in a free-form table are the rest of a `[machine]` whose head line was
/// lost: taken as variables they would silently widen what defib may do.
pub(crate) fn refuse_machine_key(name: &str) -> Result<(), Wrong> {
    if name != "mode" && name != "reboot" {
        return Ok(());
    }
    Err(Wrong::new(format!("cannot have the name `{name}`, which is a key of [machine]"))
        .hint("is the line [machine] missing before it?"))
}

fn environment(value: &Value<'_>) -> Result<Vec<(String, String)>, Wrong> {
    let Some(table) = value.as_ref().as_table() else {
        let kind = value.as_ref().type_str();
        return Err(Wrong::new(format!("must be a table, not {kind}"))
            .hint("environment = { PORT = \"8000\" }"));
    };
    if table.len() > 256 {
        return Err(Wrong::new("has more than 256 variables"));
    }
    entries(table)
        .iter()
        .map(|entry| variable(entry).map_err(|wrong| wrong.at(entry.span.clone())))
        .collect()
}

fn variable(entry: &Entry<'_>) -> Result<(String, String), Wrong> {
    let name = entry.name;
    refuse_machine_key(name)?;
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(Wrong::new(format!("has a bad name: {name:?}")));
    }
    let before = format!("has a bad value: {name}");
    let value = entry.value.span();
    let text = text(entry.value).map_err(|wrong| wrong.within(&before).at(value.clone()))?;
    if text.contains('\0') || text.len() > 32_768 {
        return Err(Wrong::new(format!("{before} (a NUL, or over 32768 bytes)")).at(value));
    }
    Ok((name.to_owned(), text.to_owned()))
}

/// The rungs that a target knows. A machine rung for an app that nothing is done for is granted
/// only by its own `reboot_on`: a report-only app must not reboot the machine by a default.
pub(crate) fn rungs(target: &Target, reboot_allowed: bool, reboot_on_given: bool) -> RungSet {
    let base = match target {
        Target::Child(child) => {
            let rungs = RungSet::NONE.with(Rung::Start).with(Rung::Restart).with(Rung::Kill);
            if child.reload_by_hup { rungs.with(Rung::Reload) } else { rungs }
        }
        Target::Unit(_) => {
            RungSet::NONE.with(Rung::Start).with(Rung::Reload).with(Rung::Restart).with(Rung::Kill)
        }
        Target::Recover(_) => RungSet::NONE.with(Rung::Start).with(Rung::Restart),
        Target::Nothing => RungSet::NONE,
    };
    let reboot = reboot_allowed && (reboot_on_given || *target != Target::Nothing);
    if reboot { base.with(Rung::Reboot) } else { base }
}

/// How the app's main process is known.
pub(crate) fn process(
    section: &Section<'_>,
    target: &Target,
    look: Option<&Look>,
    problems: &Problems,
) -> ProcessSource {
    let given = section.raw("process").and_then(|value| given_process(section, value, problems));
    let own = match target {
        Target::Child(_) => Some((ProcessSource::Child, "it is the child of defib")),
        Target::Unit(_) => Some((ProcessSource::Unit, "the service manager knows it")),
        Target::Recover(_) | Target::Nothing => None,
    };
    if let Some((source, why)) = own {
        if section.has("process") {
            let message = format!("`process` is not needed: {why}");
            section.refuse(section.span_of("process"), &message, Some("take it out".to_owned()));
        }
        return source;
    }
    if matches!((&given, target), (Some(ProcessSource::Pid(_)), Target::Recover(_))) {
        problems
            .warning(section.span_of("process"), "`pid` is only right until the app is restarted")
            .hint("a `pidfile` or a `port` finds the next process too");
    }
    given.unwrap_or_else(|| match look {
        Some(look) if look.place.is_local() => {
            look.place.port().map_or(ProcessSource::Unknown, ProcessSource::Port)
        }
        _ => ProcessSource::Unknown,
    })
}

fn given_process(
    outer: &Section<'_>,
    value: &Value<'_>,
    problems: &Problems,
) -> Option<ProcessSource> {
    let forms = "{ pidfile = \"/run/app.pid\" }, { port = 8000 } or { pid = 4711 }";
    let Some(table) = value.as_ref().as_table() else {
        let kind = value.as_ref().type_str();
        let message = format!("`process` must be a table, not {kind}");
        outer.refuse(value.span(), &message, Some(forms.to_owned()));
        return None;
    };
    let section = Section::new(format!("{}.process", outer.name), value.span(), table, problems);
    let pidfile = section.get("pidfile", absolute_path).map(ProcessSource::Pidfile);
    let port = section.get("port", number(1..=65_535)).map(|port| ProcessSource::Port(port as u16));
    // 4194304 is the kernel's PID_MAX_LIMIT; 1 is never an app.
    let pid = section.get("pid", number(2..=4_194_304)).map(|pid| ProcessSource::Pid(pid as u32));
    section.finish();
    if table.len() != 1 {
        outer.refuse(value.span(), "`process` takes exactly one key", Some(forms.to_owned()));
    }
    pidfile.or(port).or(pid)
}
