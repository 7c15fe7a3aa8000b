//! `incidents`: one line each.

use crate::agents::{Agent, Asked, unknown_app};
use crate::answer::Answer;
use crate::cli::args::{Global, IncidentsArgs};
use crate::clock::Clock;
use crate::page::put;
use crate::past::{readings, remarks};
use crate::style::{Style, Tone, harmless};
use crate::view::{Incident, Point, Reading};
use crate::words;
use serde_json::{Value, json};

/// `incidents`
pub fn incidents(args: &IncidentsArgs, global: &Global, clock: &Clock, style: Style) -> Answer {
    let readings = match readings(&Asked::of(global, args.state.as_deref())) {
        Ok(readings) => readings,
        Err(answer) => return answer,
    };
    if let Some(answer) = args.app.as_deref().and_then(|app| unknown(app, &readings)) {
        return answer;
    }
    let chosen = choose(&readings, args);
    if global.json {
        return json_list(&chosen);
    }
    let mut answer = if chosen.is_empty() {
        let whose = args.app.as_ref().map_or_else(String::new, |app| format!(" of {app}"));
        Answer::done(format!("no incident{whose}: nothing went wrong\n"))
    } else if global.plain {
        Answer::done(plain(&chosen))
    } else {
        Answer::done(table(&chosen, clock, style))
    };
    answer.err = remarks(&readings);
    answer
}

/// An app that no journal has heard of is a typo rather than a healthy app.
fn unknown(app: &str, readings: &[(Agent, Reading)]) -> Option<Answer> {
    let views = || readings.iter().map(|(_, reading)| &reading.view);
    let apps = views().flat_map(|view| view.apps().iter().map(|one| one.name.clone()));
    let names: Vec<String> =
        apps.chain(views().flat_map(|view| view.incidents().map(|one| one.app.clone()))).collect();
    let known = names.iter().any(|name| name == app);
    (!known).then(|| Answer::failed(1, unknown_app(app, &names)))
}

type Chosen<'a> = (&'a Incident, Point);

/// The newest last, of all agents together.
fn choose<'a>(readings: &'a [(Agent, Reading)], args: &IncidentsArgs) -> Vec<Chosen<'a>> {
    let wanted = |i: &&Incident| args.app.as_ref().is_none_or(|app| &i.app == app);
    let mut chosen: Vec<Chosen<'_>> = readings
        .iter()
        .flat_map(|(_, r)| r.view.incidents().filter(wanted).map(|i| (i, r.view.now())))
        .collect();
    chosen.sort_by_key(|(incident, _)| incident.since.wall_ms);
    chosen.split_off(chosen.len().saturating_sub(args.last))
}

fn json_list(chosen: &[Chosen<'_>]) -> Answer {
    let list: Vec<Value> =
        chosen.iter().map(|(incident, now)| crate::explain::head(incident, *now)).collect();
    Answer::done(format!("{}\n", json!({"schema": "defib.incidents/1", "incidents": list})))
}

const HEADS: [&str; 7] = ["ID", "WHEN", "APP", "CLASS", "ACTS", "DOWN FOR", "ENDING"];

fn table(chosen: &[Chosen<'_>], clock: &Clock, style: Style) -> String {
    let mut rows: Vec<[String; 7]> = vec![HEADS.map(ToOwned::to_owned)];
    rows.extend(chosen.iter().map(|(incident, now)| row(incident, *now, clock)));
    let widths: Vec<usize> = (0..HEADS.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        let tone = if index == 0 { Tone::Strong } else { Tone::Good };
        let line = line.trim_end();
        put!(out, "{}\n", if index == 0 { style.paint(tone, line) } else { line.to_owned() });
    }
    if let Some((incident, _)) = chosen.last() {
        put!(out, "\nthe story of one: defib explain {}\n", incident.id);
    }
    out
}

fn row(incident: &Incident, now: Point, clock: &Clock) -> [String; 7] {
    [
        incident.id.to_string(),
        clock.date_time(incident.since.wall_ms),
        harmless(&incident.app),
        words::class(incident.class()).to_owned(),
        acts(incident),
        words::span(incident.down_for_ms(now)),
        ending(incident),
    ]
}

fn acts(incident: &Incident) -> String {
    let names: Vec<&str> = incident.acts.iter().map(|act| words::rung(act.rung)).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        [one, rest @ ..] if rest.iter().all(|other| other == one) && !rest.is_empty() => {
            format!("{}x {one}", incident.acts.count())
        }
        few if few.len() <= 3 => few.join(", "),
        many => format!("{} acts, last {}", incident.acts.count(), many[many.len() - 1]),
    }
}

fn ending(incident: &Incident) -> String {
    let mark = if incident.drill { "DRILL: " } else { "" };
    let ending = match (incident.ending, incident.handed_over) {
        (Some(ending), _) => words::ending(ending),
        (None, Some(_)) => "open: needs a person",
        (None, None) => "open",
    };
    let boots = incident.boots.iter().map(|(_, end)| format!("; {}", words::boot_end_short(end)));
    format!("{mark}{ending}{}", boots.collect::<String>())
}

/// One record a line, tabs between the fields, times in UTC: for `cut` and `awk`.
fn plain(chosen: &[Chosen<'_>]) -> String {
    let line = |(incident, now): &Chosen<'_>| {
        let mut fields = row(incident, *now, &Clock::utc());
        fields[1] = crate::clock::rfc3339(incident.since.wall_ms);
        fields[5] = (incident.down_for_ms(*now) as f64 / 1000.0).to_string();
        fields.join("\t") + "\n"
    };
    chosen.iter().map(line).collect()
}
