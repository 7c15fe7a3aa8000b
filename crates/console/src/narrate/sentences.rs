//! The sentences that need nothing but their note.

use crate::narrate::told::Level;
use crate::words;
use defib_engine::effect::Rung;
use defib_engine::event::Outcome;
use defib_engine::note::{Class, Note, Refusal};

/// A sentence before it has a time and a name.
pub(crate) struct Sentence {
    pub(crate) level: Level,
    pub(crate) event: &'static str,
    pub(crate) incident: Option<u32>,
    pub(crate) text: String,
}

pub(crate) fn say(level: Level, event: &'static str, text: String) -> Sentence {
    Sentence { level, event, incident: None, text }
}

impl Sentence {
    pub(crate) fn of(mut self, incident: defib_engine::id::IncidentId) -> Sentence {
        self.incident = Some(incident.0);
        self
    }
}

pub(crate) const fn is_down(class: Class) -> bool {
    !matches!(
        class,
        Class::Outside
            | Class::Certificate
            | Class::Contract
            | Class::Dependency
            | Class::Intended
            | Class::Busy
    )
}

pub(crate) const fn lead(class: Class) -> &'static str {
    match class {
        Class::Outside => "well by itself, but not reachable",
        Class::Certificate => "the certificate is the fault",
        Class::Contract => "answers what is not expected",
        Class::Dependency => "what it depends on is down",
        Class::Intended => "away as announced",
        Class::Busy => "has more work than it can do",
        Class::CrashLoop => "down again and again",
        Class::Erroring => "answers wrongly",
        _ => "down",
    }
}

/// Refusals that only say "not yet, a moment" would be told at every incident.
pub(crate) const fn is_worth_telling(refusal: Refusal) -> bool {
    !matches!(
        refusal,
        Refusal::BelowBar { .. }
            | Refusal::TooFewLooks { .. }
            | Refusal::DependencyUnseen { .. }
            | Refusal::StartGrace { .. }
            | Refusal::Spacing { .. }
            | Refusal::SupervisorFirst { .. }
    )
}

pub(crate) fn acted(rung: Rung, outcome: Outcome, detail: &str) -> Sentence {
    let more = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
    let text = format!("{} {}{more}", words::rung(rung), words::outcome(outcome));
    let level = if outcome == Outcome::Done { Level::Info } else { Level::Error };
    say(level, "acted", text)
}

/// Notes whose sentence needs no memory.
pub(crate) fn plain(note: &Note) -> Option<Sentence> {
    let sentence = match note {
        Note::Back { incident, down_ms, .. } => {
            say(Level::Notice, "back", format!("back after {}", words::span(*down_ms)))
                .of(*incident)
        }
        Note::RungFailed { incident, rung, fault, .. } => {
            let why = words::rung_fault(*fault);
            let text = format!("{} did not help: {why}", words::rung(*rung));
            say(Level::Error, "rung_failed", text).of(*incident)
        }
        Note::HandedOver { incident, why, .. } => {
            let text = format!(
                "needs a person: {} (defib explain {})",
                words::hand_over(*why),
                incident.0
            );
            say(Level::Critical, "handed_over", text).of(*incident)
        }
        Note::Closed { incident, ending, down_ms, .. } => {
            let text = format!(
                "incident {} closed: {}, down {} (defib explain {})",
                incident.0,
                words::ending(*ending),
                words::span(*down_ms),
                incident.0
            );
            say(Level::Notice, "closed", text).of(*incident)
        }
        Note::Spared { incident, rung, seen, .. } => {
            let saw = words::seen(*seen, None);
            let text = format!("spared from {}: a fresh look saw {saw}", words::rung(*rung));
            say(Level::Notice, "spared", text).of(*incident)
        }
        Note::Reclassed { incident, from, to, .. } => {
            let text = format!("{}, no longer {}", words::class(*to), words::class(*from));
            say(Level::Info, "reclassed", text).of(*incident)
        }
        Note::Host { incident, fact, .. } => {
            say(Level::Warning, "host", words::host_fact(*fact)).of(*incident)
        }
        Note::Alarm { invariant, .. } => say(
            Level::Critical,
            "alarm",
            format!("ALARM: defib broke its own rule S{invariant}; it only observes from here on"),
        ),
        note => return of_people(note),
    };
    Some(sentence)
}

/// What people did, and what defib thinks of itself.
fn of_people(note: &Note) -> Option<Sentence> {
    let (level, event, text) = match note {
        Note::Held { .. } => (Level::Notice, "held", "held: acts wait".to_owned()),
        Note::Released { expired: true, .. } => {
            (Level::Notice, "released", "the hold ended by itself".to_owned())
        }
        Note::Released { expired: false, .. } => {
            (Level::Notice, "released", "the hold was released".to_owned())
        }
        Note::Stopped { .. } => {
            (Level::Notice, "stopped", "a person stopped it: it is left alone".to_owned())
        }
        Note::Resumed { .. } => (Level::Notice, "resumed", "guarded again".to_owned()),
        Note::Doubted { doubt, .. } => {
            let text = format!("doubts its own eyes: {}", words::doubt(*doubt));
            (Level::Warning, "doubted", text)
        }
        Note::Trusted => (Level::Notice, "trusted", "trusts its own eyes again".to_owned()),
        Note::Frozen { reboots, .. } => {
            let text = format!(
                "frozen: {reboots} reboots without recovery; no other for a day, or until 'defib resume'"
            );
            (Level::Warning, "frozen", text)
        }
        Note::Thawed { by } => {
            let text = format!("no longer frozen: {}", words::thaw(*by));
            (Level::Notice, "thawed", text)
        }
        _ => return None,
    };
    Some(say(level, event, text))
}
