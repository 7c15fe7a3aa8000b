//! A note as one line of a story.

use defib_engine::effect::{Effect, Purse, Rung};
use defib_engine::note::{Note, Refusal, Tally};
use defib_engine::policy::Policy;
use defib_engine::seen::Seen;
use defib_engine::time::Moment;

/// Seconds since `zero`, with one decimal.
pub fn clock(at: Moment, zero: Moment) -> String {
    let ms = at.since(zero);
    format!("{:>7}.{}s", ms / 1000, ms % 1000 / 100)
}

/// One effect in words; `None` for what would only be noise (probe starts).
pub fn effect(policy: &Policy, effect: &Effect) -> Option<String> {
    match effect {
        Effect::Probe { .. } => None,
        Effect::Gather { .. } => Some("gather evidence".into()),
        Effect::Order(order) => Some(format!(
            "ORDER {} {} for {:?} ({}), {} ms",
            rung(order.rung),
            policy.apps[usize::from(order.app.0)].name,
            order.class,
            purse(order.purse),
            order.deadline_ms
        )),
        Effect::Recovered { app } => {
            let name = app.map(|app| policy.apps[usize::from(app.0)].name.as_str());
            Some(format!("no reboot was in vain for {}", name.unwrap_or("the machine")))
        }
        Effect::Note(note) => Some(say(policy, note)),
    }
}

fn rung(rung: Rung) -> &'static str {
    match rung {
        Rung::Start => "start",
        Rung::Reload => "reload",
        Rung::Restart => "restart",
        Rung::Kill => "kill+start",
        Rung::Reboot => "reboot",
        Rung::Clean => "clean",
    }
}

fn purse(purse: Purse) -> &'static str {
    match purse {
        Purse::Free => "free",
        Purse::Ladder => "budget",
        Purse::Gentle => "gentle",
    }
}

fn say(policy: &Policy, note: &Note) -> String {
    match note {
        Note::Up { .. } => "up".into(),
        Note::Suspected { source, score_db, .. } => {
            format!("suspected: {} S={score_db}", source.map_or("death".into(), |(_, s)| seen(s)))
        }
        Note::Cleared { after_ms, .. } => format!("cleared after {after_ms} ms"),
        Note::Died { exit, .. } => format!("died: {exit:?}"),
        Note::Found { .. } => "found a process".into(),
        Note::Opened { incident, class, .. } => {
            format!("incident {} opened: {class:?}", incident.0)
        }
        Note::Reclassed { from, to, .. } => format!("reclassed: {from:?} -> {to:?}"),
        Note::Decided { class, rung: r, purse: p, score_db, bar_db, evidence, .. } => format!(
            "decided {} ({}): {class:?} S={score_db}>={bar_db} [{}]",
            rung(*r),
            purse(*p),
            evidence.iter().map(|t| tally(policy, t)).collect::<Vec<_>>().join(" + ")
        ),
        Note::Refused { rung: r, refusal, .. } => {
            format!("refused {}: {}", r.map_or("any rung", rung), why(refusal))
        }
        Note::Spared { rung: r, seen: s, .. } => format!("spared {}: {}", rung(*r), seen(*s)),
        Note::Ordered { rung: r, intent, .. } => format!("ordered {} as {}", rung(*r), intent.0),
        Note::Acted { rung: r, outcome, .. } => format!("acted {}: {outcome:?}", rung(*r)),
        Note::Back { down_ms, .. } => format!("back after {down_ms} ms"),
        Note::RungFailed { rung: r, fault, .. } => format!("{} failed: {fault:?}", rung(*r)),
        Note::HandedOver { why, .. } => format!("handed over: {why:?}"),
        Note::Closed { incident, class, ending, down_ms, .. } => {
            format!("incident {} closed: {class:?} {ending:?}, down {down_ms} ms", incident.0)
        }
        Note::Held { .. } => "held".into(),
        Note::Released { expired, .. } => format!("released (expired: {expired})"),
        Note::Stopped { .. } => "stopped by a person".into(),
        Note::Resumed { .. } => "resumed by a person".into(),
        Note::Doubted { doubt, level } => format!("doubt {level}: {doubt:?}"),
        Note::Trusted => "trusted again".into(),
        Note::Frozen { reboots, .. } => format!("frozen: {reboots} reboots in vain"),
        Note::Thawed { by } => format!("thawed: {by:?}"),
        Note::Capable { .. } => "capabilities changed".into(),
        Note::Alarm { invariant, .. } => format!("ALARM S{invariant}"),
        Note::Host { fact, .. } => format!("because {fact:?}"),
    }
}

fn seen(seen: Seen) -> String {
    match seen {
        Seen::Status { code, retry_after_s: Some(s) } => format!("status {code} retry {s}s"),
        Seen::Status { code, .. } => format!("status {code}"),
        Seen::Timeout(phase) => format!("timeout({phase:?})").to_lowercase(),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn tally(policy: &Policy, tally: &Tally) -> String {
    match tally.source {
        None => format!("death {}", tally.db),
        Some((probe, what)) => {
            let name = &policy.apps[usize::from(probe.app.0)].probes[usize::from(probe.index)].name;
            format!("{name} {} x{} {}", seen(what), tally.count, tally.db)
        }
    }
}

/// Moments in a refusal are left out: the line's own time tells enough.
fn why(refusal: &Refusal) -> String {
    let text = format!("{refusal:?}");
    match text.split_once(" { until: Moment(") {
        Some((name, _)) => name.into(),
        None => text,
    }
}
