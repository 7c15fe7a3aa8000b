//! `explain ID`: finds the incident, and says where it looked if there is none.

use crate::agents::{Agent, Asked};
use crate::answer::Answer;
use crate::cli::args::{ExplainArgs, Global, Which};
use crate::clock::Clock;
use crate::explain::{Detail, json, text_with};
use crate::past::{readings, remarks};
use crate::style::Style;
use crate::view::{Incident, Point, Reading};
use defib_journal::recorder::Sample;

/// `explain ID`
pub fn explain(args: &ExplainArgs, global: &Global, clock: &Clock, style: Style) -> Answer {
    let readings = match readings(&Asked::of(global, args.state.as_deref())) {
        Ok(readings) => readings,
        Err(answer) => return answer,
    };
    let found = candidates(&readings, args);
    let (incident, now, samples) = match found.as_slice() {
        [] => return nothing(args, &readings),
        [(_, incident, now, samples)] => (*incident, *now, *samples),
        many => return several(many, args),
    };
    let mut answer = if global.json {
        Answer::done(format!("{}\n", json(samples, incident, now)))
    } else {
        Answer::done(text_with(samples, incident, now, detail(global), clock, style))
    };
    answer.err = remarks(&readings);
    answer
}

fn detail(global: &Global) -> Detail {
    match (global.quiet, global.verbose) {
        (true, _) => Detail::Summary,
        (false, 0) => Detail::Report,
        (false, _) => Detail::All,
    }
}

type Candidate<'a> = (&'a Agent, &'a Incident, Point, &'a [Sample]);

fn candidates<'a>(readings: &'a [(Agent, Reading)], args: &ExplainArgs) -> Vec<Candidate<'a>> {
    let wanted = |i: &&Incident| args.app.as_ref().is_none_or(|app| &i.app == app);
    let of = |(agent, reading): &'a (Agent, Reading)| {
        let mut newest_first = reading.view.incidents().rev().filter(wanted);
        let incident = match args.which {
            Which::Last => newest_first.next(),
            Which::Number(id) => newest_first.find(|incident| incident.id == id),
        };
        let samples = reading.samples.as_slice();
        incident.map(|incident| (agent, incident, reading.view.now(), samples))
    };
    let mut found: Vec<Candidate<'_>> = readings.iter().filter_map(of).collect();
    if args.which == Which::Last {
        found.sort_by_key(|(_, incident, ..)| incident.opened.wall_ms);
        found = found.split_off(found.len().saturating_sub(1));
    }
    found
}

fn nothing(args: &ExplainArgs, readings: &[(Agent, Reading)]) -> Answer {
    let newest = readings.iter().flat_map(|(_, r)| r.view.incidents()).map(|i| i.id).max();
    let whose = args.app.as_ref().map_or_else(String::new, |app| format!(" of {app}"));
    let sentence = match (args.which, newest) {
        (_, None) => "there is no incident: nothing went wrong".to_owned(),
        (Which::Last, Some(_)) => format!("there is no incident{whose}\nsee: defib incidents"),
        (Which::Number(id), Some(newest)) => {
            format!(
                "there is no incident {id}{whose}; the newest is {newest}\nsee: defib incidents"
            )
        }
    };
    Answer::failed(1, sentence)
}

/// Two agents count their incidents apart.
fn several(many: &[Candidate<'_>], args: &ExplainArgs) -> Answer {
    let number = match args.which {
        Which::Number(id) => id.to_string(),
        Which::Last => "last".to_owned(),
    };
    let mut sentence = format!("{} agents have an incident {number}: which one?", many.len());
    for (agent, incident, ..) in many {
        let folder = agent.journal.as_deref().unwrap_or(&agent.socket).display();
        crate::page::put!(
            sentence,
            "\n  defib explain {number} --state {folder}    ({})",
            incident.app
        );
    }
    Answer::failed(1, sentence)
}
