//! What one line of a crontab is: a look with an act, a start, or something else.

use super::crontab::Entry;
use super::shell::finding::{Place, When};
use super::shell::{Act, Done, Finding, Launch, Look, Setting, read};
use super::surroundings::Surroundings;

/// A look of a line, and what the line does when it fails.
#[derive(Clone, Debug)]
pub(crate) struct Heal {
    /// The look.
    pub(crate) look: Look,
    /// The acts, in order.
    pub(crate) acts: Vec<(Act, Place)>,
    /// Conditions besides, for people.
    pub(crate) also: Vec<String>,
}

/// What a line is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Looks, and acts when they fail.
    Heals(Vec<Heal>),
    /// Starts an application when the machine comes up.
    Starts(Launch, Place),
    /// It has to do with this, but cannot be a config; the reason is for people.
    Left(String),
    /// It has nothing to do with this.
    Unrelated,
}

/// A line, read.
#[derive(Clone, Debug)]
pub(crate) struct Classified {
    /// What it is.
    pub(crate) kind: Kind,
    /// What it does besides.
    pub(crate) besides: Vec<String>,
}

/// Words without which a line that cannot be read is not worth a mention.
const SMELLS: [&str; 8] =
    ["curl", "wget", "reboot", "restart", "shutdown", "http://", "https://", "sysrq"];

/// Reads a line and the scripts that it names.
pub(crate) fn classify(entry: &Entry, machine: &dyn Surroundings) -> Classified {
    let setting = Setting {
        place: entry.place.clone(),
        user: Some(entry.user.clone()),
        environment: entry
            .environment
            .iter()
            .filter(|(name, _)| is_for_apps(name))
            .cloned()
            .collect(),
    };
    match read(&entry.command, setting, machine) {
        Err(why) => {
            let why = if entry.is_cut {
                format!("{why}: cron cuts a line at its first `%` that has no backslash before it")
            } else {
                why
            };
            Classified { kind: smelling(entry, why), besides: Vec::new() }
        }
        Ok(finding) => {
            let besides = finding.besides.iter().chain(&finding.unread).cloned().collect();
            Classified { kind: kind(entry, &finding), besides }
        }
    }
}

/// What cron itself sets or uses is not the application's.
fn is_for_apps(name: &str) -> bool {
    !["MAILTO", "MAILFROM", "SHELL", "HOME", "LOGNAME", "USER", "CRON_TZ"].contains(&name)
}

fn smelling(entry: &Entry, why: String) -> Kind {
    let smells = SMELLS.iter().any(|word| entry.command.contains(word));
    if smells { Kind::Left(why) } else { Kind::Unrelated }
}

fn kind(entry: &Entry, finding: &Finding) -> Kind {
    let heals = heals(finding);
    match heals {
        Ok(heals) if !heals.is_empty() => return Kind::Heals(heals),
        Err(why) => return Kind::Left(why),
        Ok(_) => {}
    }
    if entry.is_boot() && finding.looks.is_empty() {
        return starts(finding);
    }
    if let Some(done) = finding.done.iter().find(|done| is_heavy(done)) {
        return Kind::Left(without_a_look(done, finding));
    }
    match finding.unread.iter().next() {
        Some(_) => smelling(entry, finding.unread.iter().cloned().collect::<Vec<_>>().join("; ")),
        None => Kind::Unrelated,
    }
}

/// The looks that have acts, each URL once.
fn heals(finding: &Finding) -> Result<Vec<Heal>, String> {
    let mut heals: Vec<Heal> = Vec::new();
    for done in &finding.done {
        let When::Failed(failed) = &done.when else { continue };
        let looks: Vec<&Look> = failed.iter().filter_map(|&at| finding.looks.get(at)).collect();
        let Some(look) = looks.first() else { continue };
        if looks.iter().any(|other| other.url != look.url) {
            return Err(format!("{}: it acts only when several sites fail at once", done.place));
        }
        if let Some(why) = looks.iter().find_map(|look| look.obstacle.as_ref()) {
            return Err(format!("{}: {why}", look.place));
        }
        let at = heals.iter().position(|heal| heal.look.url == look.url).unwrap_or_else(|| {
            heals.push(Heal { look: (*look).clone(), acts: Vec::new(), also: Vec::new() });
            heals.len() - 1
        });
        heals[at].also.extend(done.also.iter().cloned());
        heals[at].acts.push((done.act.clone(), done.place.clone()));
    }
    Ok(heals)
}

fn starts(finding: &Finding) -> Kind {
    let mut runs = finding.done.iter().filter(|done| done.when == When::Always);
    match (runs.next(), runs.next()) {
        (Some(Done { act: Act::Run(launch), place, .. }), None) => {
            Kind::Starts(launch.clone(), place.clone())
        }
        (Some(Done { act: Act::Service(units), .. }), None) => Kind::Left(format!(
            "it starts a service at boot, which is the service manager's: systemctl enable {}",
            units.join(" ")
        )),
        (Some(Done { act: Act::Reboot | Act::Kill(_), .. }), None) | (None, _) => {
            match finding.unread.iter().next() {
                Some(why) => Kind::Left(why.clone()),
                None => Kind::Unrelated,
            }
        }
        (Some(_), None) => Kind::Left("it starts something that defib does not keep".to_owned()),
        (Some(_), Some(_)) => Kind::Left("it starts several things".to_owned()),
    }
}

/// Whether an act that no look decides on is worth a mention.
fn is_heavy(done: &Done) -> bool {
    match (&done.act, &done.when) {
        (Act::Reboot | Act::Service(_) | Act::Keeper(_), _) | (_, When::Passed(_)) => true,
        (Act::Run(_), When::Other(what)) => {
            ["pgrep", "pidof", "is-active", "kill -0", "ps "].iter().any(|word| what.contains(word))
        }
        _ => false,
    }
}

fn without_a_look(done: &Done, finding: &Finding) -> String {
    let what = match &done.act {
        Act::Reboot => "reboots".to_owned(),
        Act::Service(units) => format!("restarts {}", units.join(" ")),
        Act::Keeper(argv) => format!("runs `{}`", argv.join(" ")),
        Act::Kill(whom) => format!("ends {whom}"),
        Act::Run(launch) => format!("runs `{}`", launch.argv.join(" ")),
    };
    match &done.when {
        When::Passed(look) => {
            let url = finding.looks.get(*look).map_or("a look", |look| look.url.as_str());
            format!("{}: it {what} when {url} is well", done.place)
        }
        When::Other(condition) => {
            format!(
                "{}: it {what} on a condition that is no look at a site: {condition}",
                done.place
            )
        }
        _ => format!("{}: it {what} by the clock, whatever a look says", done.place),
    }
}
