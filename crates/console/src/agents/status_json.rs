//! `status --json`: `defib.status/1`, all agents in one list.

use crate::agents::find::Agent;
use crate::agents::status::{AgentStatus, AppStatus, ProbeStatus, Word};
use crate::answer::Answer;
use crate::clock::rfc3339;
use crate::explain::boot;
use crate::view::View;
use serde_json::{Value, json};

pub(crate) fn draw(words: &[(Agent, Word)]) -> Answer {
    let agents: Vec<Value> = words.iter().map(|(agent, word)| one(agent, word)).collect();
    Answer::done(format!("{}\n", json!({"schema": "defib.status/1", "agents": agents})))
        .with_code(u8::from(!words.iter().any(|(_, word)| matches!(word, Word::Live(_)))))
}

fn one(agent: &Agent, word: &Word) -> Value {
    let mut shown = match word {
        Word::Live(status) => live(status),
        Word::Last(error, reading) => {
            let mut shown = last(&reading.view);
            shown["error"] = json!(error.sentence(&agent.socket));
            shown
        }
        Word::Nothing(error) => {
            json!({"answers": false, "error": error.sentence(&agent.socket), "apps": []})
        }
    };
    shown["socket"] = json!(agent.socket.to_string_lossy());
    shown["journal"] = json!(agent.journal.as_ref().map(|path| path.to_string_lossy()));
    shown
}

fn live(status: &AgentStatus) -> Value {
    json!({
        "answers": true,
        "mode": status.mode,
        "reboot": status.reboot,
        "pid": status.pid,
        "version": status.version,
        "config_loaded": status.config_loaded,
        "config_error": status.config_error,
        "journal_error": status.journal_error,
        "trigger_error": status.trigger_error,
        "trigger_readings": status.trigger_readings,
        "doubt": status.doubt,
        "last_boot": status.last_boot.as_ref().map(boot),
        "frozen": status.frozen.as_ref().map(|(reboots, until)| json!({"reboots": reboots, "until": until})),
        "apps": status.apps.iter().map(app).collect::<Vec<_>>(),
    })
}

fn app(app: &AppStatus) -> Value {
    let budget = |pair: Option<(u64, u64)>| pair.map(|(used, limit)| json!([used, limit]));
    json!({
        "app": app.app,
        "state": app.state,
        "class": app.class,
        "since": app.since,
        "up_for_seconds": app.up_for_s,
        "incident": app.incident,
        "next": app.next,
        "held_until": app.held_until,
        "rungs": app.rungs,
        "why_not": app.why_not,
        "probes": app.probes.iter().map(probe).collect::<Vec<_>>(),
        "budget_hour": budget(app.hour),
        "budget_day": budget(app.day),
        "starts": app.starts,
    })
}

fn probe(probe: &ProbeStatus) -> Value {
    json!({
        "probe": probe.probe,
        "view": probe.view,
        "seen": probe.seen,
        "latency_seconds": probe.latency_ms.map(|ms| ms / 1000.0),
        "age_seconds": probe.age_s,
    })
}

fn last(view: &View) -> Value {
    let apps: Vec<Value> = view
        .apps()
        .iter()
        .map(|app| {
            json!({
                "app": app.name,
                "state": "unknown",
                "last_state": app.word.text(),
                "since": rfc3339(app.since.wall_ms),
                "incident": app.incident,
            })
        })
        .collect();
    json!({
        "answers": false,
        "last_word": rfc3339(view.now().wall_ms),
        "stopped": view.stopped(),
        "last_boot": view.last_boot().map(boot),
        "apps": apps,
    })
}
