//! What one app of the config is made of.

use super::classify::Heal;
use super::crontab::Entry;
use super::shell::finding::Place;
use super::shell::{Act, Launch, Look};
use super::surroundings::Surroundings;
use defib_config::{GuardOptions, guard_name};

/// What brings the app back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A service of the service manager.
    Service(String),
    /// A command.
    Recover(Vec<String>, String),
    /// defib starts and keeps it.
    Start(Launch),
    /// Nothing but a reboot.
    Nothing,
}

/// An `@reboot` line that starts an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    /// What.
    pub(crate) launch: Launch,
    /// Which of the lines.
    pub(crate) line: usize,
    /// Where.
    pub(crate) place: Place,
}

/// One app.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    /// Its name.
    pub(crate) name: String,
    /// What is looked at.
    pub(crate) look: Look,
    /// What is done.
    pub(crate) target: Target,
    /// Where a line reboots the machine.
    pub(crate) reboot: Option<Place>,
    /// The lines that it stands for.
    pub(crate) lines: Vec<usize>,
    /// The one of them that starts it at boot.
    pub(crate) start_line: Option<usize>,
    /// Where what it does was read.
    pub(crate) places: Vec<Place>,
    /// Conditions of the lines that the config does not have.
    pub(crate) also: Vec<String>,
}

impl Guard {
    /// Whether that line is the one that starts it at boot.
    pub(crate) fn starts(&self, line: usize) -> bool {
        self.start_line == Some(line)
    }
}

/// Makes an app, or says why not. A start that belongs to it is taken out of `starts`. `alone`: no other
/// site is looked at.
pub(crate) fn guard(
    heal: &Heal,
    entry: &Entry,
    starts: &mut Vec<Start>,
    alone: bool,
    machine: &dyn Surroundings,
) -> Result<Guard, String> {
    let reboot = heal.acts.iter().find(|(act, _)| *act == Act::Reboot).map(|(_, at)| at.clone());
    let healing: Vec<&Act> =
        heal.acts.iter().map(|(act, _)| act).filter(|act| **act != Act::Reboot).collect();
    let runs = healing.iter().find_map(|act| match act {
        Act::Run(launch) => Some(settled(launch, &entry.user, machine)),
        _ => None,
    });
    let start = matching(starts, &heal.look.url, &healing, runs.as_ref(), alone);
    let target = match (target(&healing, runs, entry)?, &start) {
        (Target::Nothing, Some(start)) => Target::Start(start.launch.clone()),
        // What is run when it fails and at boot is the application itself.
        (Target::Recover(argv, _), Some(start)) if argv == start.launch.argv => {
            Target::Start(start.launch.clone())
        }
        (target, _) => target,
    };
    if target == Target::Nothing && reboot.is_none() {
        return Err("it ends something, and nothing says what starts it again".to_owned());
    }
    let start = start.filter(|_| matches!(target, Target::Start(_)));
    starts.retain(|other| start.as_ref().is_none_or(|taken| taken.line != other.line));
    let mut places: Vec<Place> = vec![heal.look.place.clone()];
    places.extend(heal.acts.iter().map(|(_, at)| at.clone()));
    places.extend(start.as_ref().map(|start| start.place.clone()));
    places.sort();
    places.dedup();
    let start_line = start.map(|start| start.line);
    Ok(Guard {
        name: name(&heal.look.url, &target),
        look: heal.look.clone(),
        target,
        reboot,
        lines: start_line.into_iter().collect(),
        start_line,
        places,
        also: heal.also.clone(),
    })
}

/// As cron runs it: as the line's user, in that user's home.
pub(crate) fn settled(launch: &Launch, user: &str, machine: &dyn Surroundings) -> Launch {
    let mut launch = launch.clone();
    let user = launch.user.get_or_insert_with(|| user.to_owned()).clone();
    if launch.folder.is_none() {
        launch.folder = machine.home(&user);
    }
    launch
}

fn target(healing: &[&Act], runs: Option<Launch>, entry: &Entry) -> Result<Target, String> {
    let mut services: Vec<String> = Vec::new();
    let mut commands: Vec<Vec<String>> = Vec::new();
    let mut launches: Vec<&Launch> = Vec::new();
    let mut kills = false;
    for act in healing {
        match act {
            Act::Service(units) => services.extend(units.iter().cloned()),
            Act::Keeper(argv) => commands.push(argv.clone()),
            Act::Run(launch) => launches.push(launch),
            Act::Kill(_) => kills = true,
            Act::Reboot => {}
        }
    }
    services.sort();
    services.dedup();
    commands.dedup();
    launches.dedup();
    match (services.as_slice(), commands.as_slice(), launches.as_slice()) {
        ([], [], []) => Ok(Target::Nothing),
        ([unit], [], []) => Ok(Target::Service(unit.clone())),
        (units, [], []) => {
            let words = ["systemctl", "restart"].map(str::to_owned);
            Ok(Target::Recover(
                words.into_iter().chain(units.iter().cloned()).collect(),
                entry.user.clone(),
            ))
        }
        ([], [argv], []) => Ok(Target::Recover(argv.clone(), entry.user.clone())),
        ([], [], [launch]) => {
            let settled = runs.unwrap_or_else(|| (*launch).clone());
            Ok(if kills || launch.is_detached { Target::Start(settled) } else { recover(settled) })
        }
        _ => Err("it does several things when the look fails, and the config has one".to_owned()),
    }
}

/// A command that comes to an end: run as it stands, in its folder and with its variables, by `env`.
fn recover(launch: Launch) -> Target {
    let user = launch.user.unwrap_or_default();
    let mut argv = Vec::new();
    let needs_folder = launch.argv.iter().any(|word| !word.starts_with(['/', '-']));
    let folder = launch.folder.filter(|_| needs_folder);
    if folder.is_some() || !launch.environment.is_empty() {
        argv.push("env".to_owned());
        argv.extend(folder.map(|folder| format!("--chdir={folder}")));
        argv.extend(launch.environment.iter().map(|(name, value)| format!("{name}={value}")));
    }
    argv.extend(launch.argv);
    Target::Recover(argv, user)
}

/// The start that belongs to the URL: by the same command, by what is killed, by the port; or because
/// there is one site and one start.
fn matching(
    starts: &[Start],
    url: &str,
    healing: &[&Act],
    runs: Option<&Launch>,
    alone: bool,
) -> Option<Start> {
    let port = port(url);
    let is_same = |start: &&Start| runs.is_some_and(|run| run.argv == start.launch.argv);
    let is_killed = |start: &&Start| {
        let line = start.launch.argv.join(" ");
        healing
            .iter()
            .any(|act| matches!(act, Act::Kill(whom) if !whom.is_empty() && line.contains(whom)))
    };
    let has_port = |start: &&Start| {
        let words = start.launch.argv.iter().map(String::as_str);
        let values = start.launch.environment.iter().map(|(_, value)| value.as_str());
        port.as_ref().is_some_and(|port| words.chain(values).any(|word| names_port(word, port)))
    };
    let found = starts.iter().find(is_same).or_else(|| starts.iter().find(is_killed));
    let found = found.or_else(|| starts.iter().find(has_port));
    let only = (alone && starts.len() == 1).then(|| &starts[0]);
    found.or(only).cloned()
}

fn port(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    match authority.rsplit_once(':') {
        Some((_, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.to_owned()),
        _ => Some(if scheme == "https" { "443" } else { "80" }.to_owned()),
    }
}

/// `8000`, `:8000`, `0.0.0.0:8000`, `--port=8000`, but not `18000`.
fn names_port(word: &str, port: &str) -> bool {
    let before = word.strip_suffix(port);
    before.is_some_and(|before| !before.ends_with(|letter: char| letter.is_ascii_digit()))
}

/// Folders that say nothing of the application in them.
const NO_NAMES: [&str; 12] =
    ["app", "current", "src", "www", "html", "bin", "root", "public", "web", "home", "opt", "srv"];

fn name(url: &str, target: &Target) -> String {
    let options = match target {
        Target::Service(unit) => {
            GuardOptions { url: url.to_owned(), unit: Some(unit.clone()), ..Default::default() }
        }
        _ => GuardOptions { url: url.to_owned(), ..Default::default() },
    };
    let folder = match target {
        Target::Start(launch) => launch.folder.as_deref(),
        _ => None,
    };
    let named = folder.and_then(|folder| {
        let mut parts = folder.trim_end_matches('/').rsplit('/').filter(|part| !part.is_empty());
        parts.find(|part| !NO_NAMES.contains(part))
    });
    match named {
        // The name of a folder goes the same way as that of a unit: to letters that a name may have.
        Some(part) => guard_name(&GuardOptions { unit: Some(part.to_owned()), ..options }),
        None => guard_name(&options),
    }
}
