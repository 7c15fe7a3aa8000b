//! The one line that stands alone: in tables, in messages, at the head of the report.

use crate::view::{Incident, Point, What};
use crate::words;
use defib_engine::event::Outcome;
use defib_engine::note::{Class, Ending, Note};

/// The most characters: what a lock screen and a subject line show.
const SUMMARY_MAX: usize = 120;

/// `RECOVERED shop: killed and started after 3 timeouts: down 17.2 s [incident 4]`
pub fn summary(incident: &Incident, now: Point) -> String {
    let tail = format!(": {} [incident {}]", down(incident, now), incident.id);
    let mark = if incident.drill { "DRILL " } else { "" };
    let head = format!("{mark}{} {}: {}", word(incident), incident.app, what(incident));
    let room = SUMMARY_MAX.saturating_sub(tail.chars().count());
    let line = format!("{}{tail}", cut(&head, room));
    cut(&line, SUMMARY_MAX)
}

fn word(incident: &Incident) -> &'static str {
    match (incident.ending, incident.handed_over) {
        (Some(Ending::Recovered { .. }), _) => "RECOVERED",
        (Some(Ending::SelfHealed), _) => "SELF-HEALED",
        (Some(Ending::Passed), _) => "PASSED",
        (Some(Ending::Superseded), _) => "SUPERSEDED",
        (None, Some(_)) => "NEEDS YOU",
        (None, None) => "DOWN",
    }
}

fn down(incident: &Incident, now: Point) -> String {
    let length = words::span(incident.down_for_ms(now));
    let healthy = matches!(incident.class(), Class::Outside | Class::Certificate | Class::Contract);
    let verb = match (incident.ending.is_some() || incident.back_ms.is_some(), healthy) {
        (true, false) => "down",
        (true, true) => "lasted",
        (false, false) => "down for",
        (false, true) => "for",
    };
    format!("{verb} {length}")
}

fn what(incident: &Incident) -> String {
    let cause = cause(incident);
    match (incident.cure(), acts_in_words(incident)) {
        (Some(_), acts) => format!("{acts} after {cause}"),
        (None, acts) if acts.is_empty() => {
            format!("{}, {cause}, no act", words::class(incident.class()))
        }
        (None, acts) => {
            format!("{}, {cause}, {acts} in vain", words::class(incident.class()))
        }
    }
}

/// The acts that were done, each kind once: `restarted, then killed and started 2x`.
fn acts_in_words(incident: &Incident) -> String {
    let mut kinds: Vec<(&'static str, usize)> = Vec::new();
    for act in incident.acts.iter().filter(|act| act.outcome == Some(Outcome::Done)) {
        let past = words::rung_past(act.rung);
        match kinds.last_mut() {
            Some((last, count)) if *last == past => *count += 1,
            _ => kinds.push((past, 1)),
        }
    }
    let parts = kinds.into_iter().map(|(past, count)| match count {
        1 => past.to_owned(),
        _ => format!("{past} {count}x"),
    });
    parts.collect::<Vec<_>>().join(", then ")
}

/// What began it, or convicted it: `3 timeouts`, `the process ended (signal 9 (KILL))`.
pub(crate) fn cause(incident: &Incident) -> String {
    died(incident)
        .or_else(|| counted(incident))
        .or_else(|| first_look(incident))
        .unwrap_or_else(|| format!("a fault of class {}", words::class(incident.class())))
}

fn died(incident: &Incident) -> Option<String> {
    if !matches!(incident.class(), Class::Dead | Class::CrashLoop) {
        return None;
    }
    incident.items.iter().find_map(|item| match &item.what {
        What::Note(Note::Died { exit, .. }) => {
            Some(format!("its process ended: {}", words::exit(*exit)))
        }
        _ => None,
    })
}

fn counted(incident: &Incident) -> Option<String> {
    incident.items.iter().find_map(|item| match &item.what {
        What::Note(Note::Decided { evidence, .. }) => {
            let heaviest = evidence.iter().max_by_key(|tally| tally.db)?;
            Some(match heaviest.source {
                Some((_, seen)) => words::seen_kind(seen, heaviest.count),
                None => "its process ended".to_owned(),
            })
        }
        _ => None,
    })
}

fn first_look(incident: &Incident) -> Option<String> {
    incident.items.iter().find_map(|item| match &item.what {
        What::Note(Note::Suspected { source: Some((_, seen)), .. }) => {
            Some(words::seen(*seen, None))
        }
        What::Look { seen, .. } if seen.is_failure() => Some(words::seen(*seen, None)),
        _ => None,
    })
}

fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max.saturating_sub(3)).collect();
    format!("{}...", kept.trim_end())
}
