//! The items of an incident, sorted into the report's sections and put into words.

use crate::view::{Incident, Item, What};
use crate::words;
use defib_engine::effect::Purse;
use defib_engine::note::{Ending, Note, Tally};

/// A section of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// What was seen.
    Seen,
    /// What was decided, and why.
    Decided,
    /// What was done.
    Done,
    /// What came of it.
    Came,
}

/// Where an item belongs, and its words; further lines explain the first.
pub(crate) fn tell(item: &Item, incident: &Incident) -> (Section, Vec<String>) {
    match &item.what {
        What::Look { probe, timeout_ms, seen, detail } => {
            let saw = words::seen(*seen, *timeout_ms);
            let more = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
            (Section::Seen, vec![format!("{probe}: {saw}{more}")])
        }
        What::Step { intent, step } => {
            (Section::Done, vec![format!("act {}: {}", intent.0, words::step(*step))])
        }
        What::Answered { intent, rung, outcome, detail } => {
            let more = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
            let (rung, how) = (words::rung(*rung), words::outcome(*outcome));
            (Section::Done, vec![format!("act {}: {rung} {how}{more}", intent.0)])
        }
        What::Drill { kind, stage, detail } => {
            (Section::Seen, vec![words::drill(*kind, *stage, detail)])
        }
        What::Unstartable(why) => (Section::Decided, vec![words::cannot_start(why)]),
        What::GuardianStarted => {
            (Section::Done, vec!["defib's guardian was started anew, and went on".to_owned()])
        }
        What::Booted(end) => {
            let section = if end.is_ours() { Section::Done } else { Section::Seen };
            let traces = end.traces.iter().map(|trace| words::trace(*trace).to_owned());
            (section, std::iter::once(words::boot_end(end)).chain(traces).collect())
        }
        What::Note(note) => tell_note(note, item, incident),
    }
}

fn tell_note(note: &Note, item: &Item, incident: &Incident) -> (Section, Vec<String>) {
    let names = &incident.names;
    let one = |section, line: String| (section, vec![line]);
    match note {
        Note::Suspected { source: Some((probe, seen)), score_db, .. } => {
            let saw = words::seen(*seen, names.timeout_ms(*probe));
            let name = names.probe(*probe);
            one(Section::Seen, format!("first failing look: {name}: {saw} ({score_db} dB)"))
        }
        Note::Suspected { source: None, score_db, .. } => {
            one(Section::Seen, format!("its process is gone ({score_db} dB)"))
        }
        Note::Died { identity, exit, .. } => {
            let who = identity.map_or_else(String::new, |i| format!(" {}", i.pid));
            one(Section::Seen, format!("process{who} ended: {}", words::exit(*exit)))
        }
        Note::Found { identity, .. } => {
            one(Section::Came, format!("a new process is there: {}", identity.pid))
        }
        Note::Doubted { doubt, .. } => {
            one(Section::Seen, format!("defib doubts its own eyes: {}", words::doubt(*doubt)))
        }
        Note::Opened { class, .. } => {
            one(Section::Decided, format!("incident opened: class {}", words::class(*class)))
        }
        Note::Reclassed { from, to, .. } => one(
            Section::Decided,
            format!("class {}, no longer {}", words::class(*to), words::class(*from)),
        ),
        Note::Decided { .. } => (Section::Decided, decision(note, incident)),
        Note::Refused { rung, refusal, .. } => {
            let now = defib_engine::time::Moment(item.at.up_ms);
            let why = words::refusal(*refusal, names, Some(now));
            let held = rung.map_or("no act", words::rung);
            one(Section::Decided, format!("held back ({held}): {why}"))
        }
        Note::Spared { rung, seen, .. } => one(
            Section::Decided,
            format!(
                "spared from {}: a fresh look saw {}",
                words::rung(*rung),
                words::seen(*seen, None)
            ),
        ),
        Note::HandedOver { why, .. } => {
            one(Section::Decided, format!("over to a person: {}", words::hand_over(*why)))
        }
        note => one(section_of_rest(note), rest(note)),
    }
}

fn section_of_rest(note: &Note) -> Section {
    match note {
        Note::Ordered { .. } | Note::Acted { .. } => Section::Done,
        Note::Held { .. }
        | Note::Released { .. }
        | Note::Stopped { .. }
        | Note::Resumed { .. }
        | Note::Capable { .. }
        | Note::Trusted
        | Note::Frozen { .. }
        | Note::Thawed { .. } => Section::Decided,
        _ => Section::Came,
    }
}

/// Notes whose words need nothing but themselves.
fn rest(note: &Note) -> String {
    match note {
        Note::Ordered { intent, rung, purse, .. } => {
            format!("act {}: {} ordered, {}", intent.0, words::rung(*rung), purse_words(*purse))
        }
        Note::Acted { intent, rung, outcome, .. } => {
            format!("act {}: {} {}", intent.0, words::rung(*rung), words::outcome(*outcome))
        }
        Note::Back { down_ms, .. } => {
            format!("first good look: down {}", words::span(*down_ms))
        }
        Note::RungFailed { rung, fault, .. } => {
            format!("{} did not help: {}", words::rung(*rung), words::rung_fault(*fault))
        }
        Note::Closed { ending, down_ms, .. } => {
            let helped = match ending {
                Ending::Recovered { rung } => format!(" by {}", words::rung(*rung)),
                _ => String::new(),
            };
            let ending = words::ending(*ending);
            format!("closed: {ending}{helped}, down {}", words::span(*down_ms))
        }
        Note::Held { .. } => "a person asked for quiet (hold)".to_owned(),
        Note::Released { expired: true, .. } => "the hold ended by itself".to_owned(),
        Note::Released { expired: false, .. } => "the hold was released".to_owned(),
        Note::Stopped { .. } => "a person stopped it".to_owned(),
        Note::Resumed { .. } => "the person's stop is over".to_owned(),
        Note::Alarm { invariant, .. } => {
            format!("ALARM: defib broke its own rule S{invariant}; from here on it only observes")
        }
        Note::Host { fact, .. } => words::host_fact(*fact),
        Note::Up { .. } => "the first good look since its start".to_owned(),
        Note::Cleared { after_ms, .. } => {
            format!("no suspicion any more, after {}", words::span(*after_ms))
        }
        Note::Capable { rungs, .. } => {
            format!("possible on this machine: {}", words::rungs(*rungs))
        }
        Note::Trusted => "defib trusts its own eyes again".to_owned(),
        Note::Frozen { reboots, .. } => format!("no reboot for now: {reboots} have been in vain"),
        Note::Thawed { .. } => "a reboot is possible again".to_owned(),
        // Those that the caller has worded.
        other => format!("{other:?}"),
    }
}

const fn purse_words(purse: Purse) -> &'static str {
    match purse {
        Purse::Free => "free of charge",
        Purse::Ladder => "paid from the budget",
        Purse::Gentle => "the gentle restart",
    }
}

fn decision(note: &Note, incident: &Incident) -> Vec<String> {
    let Note::Decided { class, rung, score_db, bar_db, evidence, .. } = note else {
        return Vec::new();
    };
    let head = format!(
        "{}: class {}, evidence {score_db} dB, {bar_db} dB needed",
        words::rung(*rung),
        words::class(*class)
    );
    let parts = evidence.iter().map(|tally| tally_words(tally, incident));
    std::iter::once(head).chain(parts).collect()
}

/// `url: no answer in 3 s (timeout at first byte), 3 times in a row: +81 dB`
pub(crate) fn tally_words(tally: &Tally, incident: &Incident) -> String {
    let source = match tally.source {
        Some((probe, seen)) => {
            let saw = words::seen(seen, incident.names.timeout_ms(probe));
            format!("{}: {saw}", incident.names.probe(probe))
        }
        None => "the kernel says that the process is gone".to_owned(),
    };
    let times =
        if tally.count > 1 { format!(", {} times in a row", tally.count) } else { String::new() };
    format!("{source}{times}: {:+} dB", tally.db)
}

#[cfg(test)]
mod tests {
    use super::*;
    use defib_engine::id::AppId;
    use defib_engine::policy::RungSet;

    /// A person reads it: no name of a type, no brace.
    #[test]
    fn what_an_incident_seldom_has_is_said_in_words() {
        let app = AppId(0);
        let rungs = RungSet(0b1_1101);
        let notes = [
            Note::Up { app },
            Note::Cleared { app, after_ms: 1_500 },
            Note::Capable { app, rungs },
            Note::Trusted,
            Note::Frozen { reboots: 2, until: defib_engine::time::Moment(5) },
            Note::Thawed { by: defib_engine::note::Thaw::Person },
        ];
        for note in notes {
            let text = rest(&note);
            assert!(!text.contains(['{', '(', '_']), "{text}");
        }
        let text = rest(&Note::Capable { app, rungs });
        assert_eq!(text, format!("possible on this machine: {}", words::rungs(rungs)));
    }
}
