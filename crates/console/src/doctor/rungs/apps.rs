//! The rungs of each guarded app.

use super::{Case, OBSERVES, Rung, State};
use crate::doctor::facts::Facts;
use crate::doctor::facts::unit::UnitFile;
use defib_config::spec::{App, ChildSpec, CommandSpec, Target, UnitSpec};
use defib_engine::effect::Rung as Kind;

const RUNGS: [(Kind, &str); 4] = [
    (Kind::Start, "start"),
    (Kind::Reload, "reload"),
    (Kind::Restart, "restart"),
    (Kind::Kill, "kill"),
];

pub(super) fn rungs(case: Case<'_>) -> Vec<Rung> {
    let Some(config) = case.config else { return Vec::new() };
    let known = config.apps.iter().zip(&config.policy.apps);
    known
        .flat_map(|(app, policy)| {
            if app.target == Target::Nothing {
                return vec![nothing(app)];
            }
            let known = RUNGS.into_iter().filter(|(kind, _)| policy.rungs.has(*kind));
            known.map(|(kind, name)| rung(case, app, kind, name)).collect()
        })
        .collect()
}

fn nothing(app: &App) -> Rung {
    let why = "the config names nothing to act on: it is looked at and reported";
    let state = State::NotAllowed(why.to_owned());
    Rung { about: app.name.clone(), name: "start", state, is_promised: false }
}

fn rung(case: Case<'_>, app: &App, kind: Kind, name: &'static str) -> Rung {
    let possible = match &app.target {
        Target::Child(child) => of_child(case, app, child, kind),
        Target::Unit(unit) => of_unit(case, unit, kind),
        Target::Recover(command) => of_command(case.facts, command),
        Target::Nothing => Err(String::new()),
    };
    let said_no = case.words.iter().find_map(|word| word.why_not(&app.name, name));
    let state = match (possible, said_no) {
        (Err(why), _) => State::Cannot(why),
        (Ok(_), Some(why)) => State::Cannot(format!("the running agent says: {why}")),
        (Ok(_), None) if case.is_observing() => State::NotAllowed(OBSERVES.to_owned()),
        (Ok(how), None) => State::Can(how),
    };
    // A unit without ExecReload= is common, and no ladder counts on a reload.
    Rung { about: app.name.clone(), name, state, is_promised: kind != Kind::Reload }
}

fn of_unit(case: Case<'_>, unit: &UnitSpec, kind: Kind) -> Result<String, String> {
    let manager = &case.facts.manager;
    if !manager.is_systemd {
        let first = &manager.first_process;
        return Err(format!("a unit needs systemd, and PID 1 is {first}"));
    }
    if !manager.is_reachable() {
        return Err("neither the system bus nor PID 1's own socket is there".to_owned());
    }
    let Some(found) = case.facts.unit(&unit.name) else {
        return Err(format!("{} was not looked at", unit.name));
    };
    match found.file {
        UnitFile::Missing => return Err(format!("there is no unit {}", unit.name)),
        UnitFile::Masked => return Err(format!("{} is masked", unit.name)),
        UnitFile::At(_) => {}
    }
    if !case.as_root {
        return Err("only root may ask PID 1 for it".to_owned());
    }
    match kind {
        Kind::Reload if !found.has_reload => Err(format!("{} has no ExecReload=", unit.name)),
        Kind::Kill => Ok(format!("{}, then a systemd job", ending(case, false))),
        _ => Ok(format!("systemd job, by {}", road(case))),
    }
}

fn road(case: Case<'_>) -> &'static str {
    match (case.facts.manager.has_bus, case.facts.manager.has_private) {
        (true, true) => "D-Bus, else PID 1's own socket",
        (true, false) => "D-Bus",
        _ => "PID 1's own socket",
    }
}

fn of_child(case: Case<'_>, app: &App, child: &ChildSpec, kind: Kind) -> Result<String, String> {
    let user = child.user.as_ref().filter(|_| case.as_root);
    is_there(case.facts, child.argv.first(), user)?;
    let is_transient = case.as_root && case.facts.manager.is_systemd;
    let unit = format!("defib-app-{}.service", app.name);
    Ok(match (kind, is_transient) {
        (Kind::Kill, _) => format!("{}, then a start", ending(case, !is_transient)),
        (Kind::Reload, _) => "HUP".to_owned(),
        (_, true) => format!("transient unit {unit}"),
        (_, false) => "a child of defib".to_owned(),
    })
}

fn of_command(facts: &Facts, command: &CommandSpec) -> Result<String, String> {
    is_there(facts, command.argv.first(), command.user.as_ref())?;
    Ok(format!("runs {}", command.argv.join(" ")))
}

fn is_there(facts: &Facts, program: Option<&String>, user: Option<&String>) -> Result<(), String> {
    let absent = |name: &&String| facts.missing.contains(name);
    match (program.filter(absent), user.filter(absent)) {
        (Some(program), _) => Err(format!("{program} is not there")),
        (None, Some(user)) => Err(format!("there is no user {user}")),
        (None, None) => Ok(()),
    }
}

/// How an app is ended. v1 gives the unit of a service no freezer of its own; an app that is our own child
/// can be given one.
fn ending(case: Case<'_>, is_own_child: bool) -> String {
    let (cgroups, kernel) = (&case.facts.cgroups, &case.facts.kernel);
    let may_have_own = !is_own_child || case.as_root;
    let can_freeze = cgroups.has_freeze || cgroups.has_old_freezer && is_own_child;
    let reclaim = if kernel.has_mrelease() { ", its memory taken back at once" } else { "" };
    if cgroups.has_kill && may_have_own {
        return format!("cgroup.kill{reclaim}");
    }
    let frozen = if can_freeze && may_have_own { "its cgroup frozen, " } else { "" };
    let by = if kernel.has_pidfd() { "pidfd" } else { "number, start times compared" };
    format!("{frozen}each process killed by {by}{reclaim}")
}
