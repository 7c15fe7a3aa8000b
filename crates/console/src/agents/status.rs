//! What an agent says about its apps, as values, and the verb `status`.

use crate::agents::find::{Agent, Asked, find};
use crate::agents::{status_json, status_text};
use crate::answer::Answer;
use crate::cli::args::{Global, StatusArgs};
use crate::clock::Clock;
use crate::control::{AskError, ask};
use crate::style::Style;
use crate::view::{BootEnd, Reading, View, read_folder};
use serde_json::{Value, json};

/// One agent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AgentStatus {
    /// `act` or `observe`.
    pub mode: String,
    /// `allowed` or `never`.
    pub reboot: String,
    /// The guardian's pid.
    pub pid: Option<u64>,
    /// Its version.
    pub version: String,
    /// When its config was loaded (RFC 3339).
    pub config_loaded: Option<String>,
    /// Why a later config is not in force.
    pub config_error: Option<String>,
    /// What keeps its journal from being written.
    pub journal_error: Option<String>,
    /// Why no stall of memory wakes it.
    pub trigger_error: Option<String>,
    /// Readings of the machine that stalls have brought forward; `None` if it does not say.
    pub trigger_readings: Option<u64>,
    /// How much it doubts itself: 0 is not at all.
    pub doubt: u64,
    /// How the boot before this one ended.
    pub last_boot: Option<BootEnd>,
    /// So many reboots were in vain that there is none until then (RFC 3339).
    pub frozen: Option<(u64, String)>,
    /// Its apps.
    pub apps: Vec<AppStatus>,
}

/// One app.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AppStatus {
    /// Its name.
    pub app: String,
    /// One of the states of docs/formats/control.md.
    pub state: String,
    /// The fault's class.
    pub class: Option<String>,
    /// Since when (RFC 3339).
    pub since: Option<String>,
    /// Well for so long, in seconds.
    pub up_for_s: Option<f64>,
    /// The open incident.
    pub incident: Option<u64>,
    /// What comes next, as a sentence.
    pub next: Option<String>,
    /// Until when it is held (RFC 3339).
    pub held_until: Option<String>,
    /// The rungs that are possible.
    pub rungs: Vec<String>,
    /// Why the others are not.
    pub why_not: Option<String>,
    /// Its probes' last looks.
    pub probes: Vec<ProbeStatus>,
    /// Acts used and allowed in the shorter window.
    pub hour: Option<(u64, u64)>,
    /// Acts used and allowed in the longer window.
    pub day: Option<(u64, u64)>,
    /// Starts without a healthy stretch between them.
    pub starts: Option<u64>,
    /// A drill is under way.
    pub drill: bool,
}

/// A probe's last look.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProbeStatus {
    /// Its name.
    pub probe: String,
    /// What it looks at.
    pub view: String,
    /// What it saw last.
    pub seen: String,
    /// How long that took, in milliseconds.
    pub latency_ms: Option<f64>,
    /// How long ago that was, in seconds.
    pub age_s: Option<f64>,
}

/// What is known of one agent.
#[derive(Debug)]
pub(crate) enum Word {
    /// It answered.
    Live(Box<AgentStatus>),
    /// It did not; its journal's last word.
    Last(AskError, Box<Reading>),
    /// It did not, and there is no journal.
    Nothing(AskError),
}

/// `status`
pub fn status(args: &StatusArgs, global: &Global, clock: &Clock, style: Style) -> Answer {
    let agents = find(&Asked::of(global, args.state.as_deref()));
    let mut words: Vec<(Agent, Word)> =
        agents.into_iter().map(|agent| (agent.clone(), word_of(&agent))).collect();
    // Agents that ended long ago are of interest only where none is alive, or when asked for.
    let named = global.socket.is_some() || args.state.is_some();
    let alive = words.iter().any(|(_, word)| matches!(word, Word::Live(_)));
    if alive && !named && global.verbose == 0 {
        words.retain(|(_, word)| matches!(word, Word::Live(_)) || unfinished(word));
    }
    if let Some(app) = &args.app {
        for (_, word) in &mut words {
            word.keep_only(app);
        }
    }
    match (args.nagios, global.json) {
        (true, _) => status_text::nagios(&words),
        (false, true) => status_json::draw(&words),
        (false, false) => status_text::draw(&words, args, global, clock, style),
    }
}

fn word_of(agent: &Agent) -> Word {
    match ask(&agent.socket, &json!({"do": "status"})) {
        Ok(answer) => Word::Live(Box::new(from_wire(&answer))),
        Err(error) => match agent.journal.as_deref().map(read_folder) {
            Some(reading) if reading.view.lines() > 0 => Word::Last(error, Box::new(reading)),
            _ => Word::Nothing(error),
        },
    }
}

/// An agent that did not stop in order is missing, not finished.
fn unfinished(word: &Word) -> bool {
    match word {
        Word::Last(error, reading) => {
            *error != AskError::NotThere || reading.view.stopped().is_none()
        }
        _ => false,
    }
}

impl Word {
    fn keep_only(&mut self, app: &str) {
        match self {
            Word::Live(status) => status.apps.retain(|one| one.app == app),
            Word::Last(_, reading) => reading.view.keep_only(app),
            Word::Nothing(_) => {}
        }
    }

    /// The journal's last word.
    pub(crate) fn last(&self) -> Option<&View> {
        match self {
            Word::Last(_, reading) => Some(&reading.view),
            _ => None,
        }
    }
}

/// What the agent says, if it answers.
pub(crate) fn live(agent: &Agent) -> Option<AgentStatus> {
    ask(&agent.socket, &json!({"do": "status"})).ok().map(|answer| from_wire(&answer))
}

/// The wire's shape as values. A field that is missing is one that this agent does not say.
pub(crate) fn from_wire(answer: &Value) -> AgentStatus {
    let apps = answer["apps"].as_array().into_iter().flatten();
    AgentStatus {
        mode: text(&answer["mode"]),
        reboot: text(&answer["reboot"]),
        pid: answer["pid"].as_u64(),
        version: text(&answer["version"]),
        config_loaded: maybe(&answer["config"]["loaded"]),
        config_error: maybe(&answer["config"]["error"]),
        journal_error: maybe(&answer["journal"]["error"]),
        trigger_error: maybe(&answer["trigger"]["error"]),
        trigger_readings: answer["trigger"]["readings"].as_u64(),
        doubt: answer["doubt"].as_u64().unwrap_or(0),
        last_boot: BootEnd::of_wire(&answer["last_boot"]),
        frozen: frozen_of(answer),
        apps: apps.map(app_from_wire).collect(),
    }
}

/// How many reboots in vain forbid the next, and until when (RFC 3339).
pub(crate) fn frozen_of(answer: &Value) -> Option<(u64, String)> {
    let frozen = &answer["frozen"];
    frozen["reboots"].as_u64().map(|reboots| (reboots, text(&frozen["until"])))
}

fn app_from_wire(app: &Value) -> AppStatus {
    let budget = &app["budget"];
    let pair = |used: &str, limit: &str| Some((budget[used].as_u64()?, budget[limit].as_u64()?));
    AppStatus {
        app: text(&app["app"]),
        state: text(&app["state"]),
        class: maybe(&app["class"]),
        since: maybe(&app["since"]),
        up_for_s: app["up_for_s"].as_f64(),
        incident: app["incident"].as_u64(),
        next: maybe(&app["next"]),
        held_until: maybe(&app["held_until"]),
        rungs: app["rungs"].as_array().into_iter().flatten().map(text).collect(),
        why_not: maybe(&app["why_not"]),
        probes: app["probes"].as_array().into_iter().flatten().map(probe_from_wire).collect(),
        hour: pair("hour_used", "hour_limit"),
        day: pair("day_used", "day_limit"),
        starts: app["starts"].as_u64(),
        drill: app["drill"].as_bool().unwrap_or(false),
    }
}

fn probe_from_wire(probe: &Value) -> ProbeStatus {
    ProbeStatus {
        probe: text(&probe["probe"]),
        view: text(&probe["view"]),
        seen: text(&probe["seen"]),
        latency_ms: probe["latency_ms"].as_f64(),
        age_s: probe["age_s"].as_f64(),
    }
}

/// A string as it is; any other value as its JSON, so that a richer agent is still shown.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(crate) fn maybe(value: &Value) -> Option<String> {
    Some(text(value)).filter(|text| !text.is_empty())
}
