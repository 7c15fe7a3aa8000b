//! The report as JSON: `defib.explain/1`. It only ever grows.

use crate::clock::rfc3339;
use crate::explain::story::{Section, tell};
use crate::explain::{advice, machine, summary};
use crate::view::{Act, BootEnd, Incident, Item, Point, What};
use crate::words;
use defib_journal::json::{Shape, to_vec};
use defib_journal::recorder::Sample;
use serde_json::{Value, json};

/// The whole report.
pub fn json(samples: &[Sample], incident: &Incident, now: Point) -> Value {
    let mut report = head(incident, now);
    report["schema"] = json!("defib.explain/1");
    report["timeline"] = incident.items.iter().map(|item| moment(item, incident)).collect();
    report["timeline_lost"] = json!(incident.items.lost());
    let piece = |piece: &crate::view::Piece| json!({"name": piece.name, "text": piece.text});
    report["evidence"] = incident.evidence.iter().map(piece).collect();
    report["evidence_lost"] = json!(incident.evidence.lost());
    report["machine"] = machine::json(samples, incident, now);
    report["advice"] = json!(advice(incident));
    report
}

/// The figures of an incident, as `incidents` lists them too.
pub(crate) fn head(incident: &Incident, now: Point) -> Value {
    let classes: Vec<&str> = incident.classes.iter().map(|c| words::class(*c)).collect();
    json!({
        "id": incident.id,
        "app": incident.app,
        "drill": incident.drill,
        "summary": summary(incident, now),
        "class": words::class(incident.class()),
        "classes": classes,
        "since": rfc3339(incident.since.wall_ms),
        "opened": rfc3339(incident.opened.wall_ms),
        "closed": incident.closed.map(|point| rfc3339(point.wall_ms)),
        "ending": incident.ending.map(words::ending),
        "handed_over": incident.handed_over.map(words::hand_over),
        "detected_in_seconds": seconds(incident.detected_ms),
        "back_in_seconds": incident.back_ms.map(seconds),
        "down_for_seconds": seconds(incident.down_for_ms(now)),
        "boots": incident.boots.iter().map(|(_, end)| boot(end)).collect::<Vec<_>>(),
        "acts": incident.acts.iter().map(|one| act(one, incident)).collect::<Vec<_>>(),
    })
}

/// How a boot ended.
pub(crate) fn boot(end: &BootEnd) -> Value {
    let wall = |ms: Option<u64>| ms.map(|ms| rfc3339(ms.cast_signed()));
    json!({
        "text": words::boot_end(end),
        "ending": plain(&end.ending),
        "by_defib": end.is_ours(),
        "app": end.app,
        "class": end.class.map(words::class),
        "step": end.step.map(|step| plain(&step)),
        "traces": end.traces.iter().map(plain).collect::<Vec<_>>(),
        "last_heard": wall(end.last_wall_ms),
        "began": wall(end.began_wall_ms),
        "away_seconds": end.gap_ms.map(seconds),
        "machine": plain(&end.machine),
    })
}

/// Milliseconds as seconds.
pub(crate) fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

fn act(act: &Act, incident: &Incident) -> Value {
    json!({
        "intent": act.intent.0,
        "rung": plain(&act.rung),
        "purse": plain(&act.purse),
        "after_seconds": incident.offset_ms(act.ordered) as f64 / 1000.0,
        "outcome": act.outcome.map(words::outcome),
        "helped": incident.cure().is_some_and(|cure| cure.intent == act.intent),
        "detail": act.detail,
    })
}

/// An engine type in its journal shape, so that a program finds the same names in both.
fn plain<T: Shape>(value: &T) -> Value {
    serde_json::from_slice(&to_vec(value)).unwrap_or(Value::Null)
}

fn moment(item: &Item, incident: &Incident) -> Value {
    let (section, lines) = tell(item, incident);
    let mut moment = json!({
        "after_seconds": incident.offset_ms(item.at) as f64 / 1000.0,
        "wall": rfc3339(item.at.wall_ms),
        "section": match section {
            Section::Seen => "seen",
            Section::Decided => "decided",
            Section::Done => "done",
            Section::Came => "came",
        },
        "text": lines.join("; "),
    });
    match &item.what {
        What::Note(note) => moment["note"] = plain(note),
        What::Look { probe, seen, .. } => {
            moment["probe"] = json!(probe);
            moment["seen"] = plain(seen);
        }
        What::Step { intent, .. } | What::Answered { intent, .. } => {
            moment["intent"] = json!(intent.0);
        }
        What::Booted(end) => moment["boot"] = boot(end),
        What::GuardianStarted | What::Drill { .. } | What::Unstartable(_) => {}
    }
    moment
}
