//! The report as text: for a terminal, and plain enough to be pasted where Markdown is read.

use crate::clock::{Clock, offset};
use crate::explain::runs::{Told, told};
use crate::explain::story::{Section, tell};
use crate::explain::{advice, evidence, machine, summary};
use crate::page::put;
use crate::style::{Style, Tone, harmless};
use crate::view::{Incident, Point, What};
use crate::words;
use defib_journal::recorder::Sample;

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The summary alone.
    Summary,
    /// The summary, and what happened in the order of time: no evidence, no advice.
    Story,
    /// The report, with the telling part of the evidence.
    Report,
    /// The report with all that the journal has.
    All,
}

/// The report, of the journal alone.
pub fn text(
    incident: &Incident,
    now: Point,
    detail: Detail,
    clock: &Clock,
    style: Style,
) -> String {
    text_with(&[], incident, now, detail, clock, style)
}

/// The report, with what the flight recorder has of the machine.
pub fn text_with(
    samples: &[Sample],
    incident: &Incident,
    now: Point,
    detail: Detail,
    clock: &Clock,
    style: Style,
) -> String {
    let line = style.paint(tone(incident), &harmless(&summary(incident, now)));
    if detail == Detail::Summary {
        return format!("{line}\n");
    }
    if detail == Detail::Story {
        return format!("{line}\n{}", story(incident));
    }
    let mut out = format!("{line}\n\n{}", facts(incident, now, clock));
    let sections = [
        (Section::Seen, "What was seen"),
        (Section::Decided, "What was decided, and why"),
        (Section::Done, "What was done"),
        (Section::Came, "What came of it"),
    ];
    for (section, title) in sections {
        out.push_str(&draw_section(incident, section, title, style));
    }
    out.push_str(&evidence::draw(incident, detail, style));
    out.push_str(&machine::draw(samples, incident, now, detail, style));
    out.push_str(&heading("What to do next", style));
    for line in advice(incident) {
        put!(out, "- {line}\n");
    }
    out
}

fn tone(incident: &Incident) -> Tone {
    match (incident.ending, incident.handed_over) {
        (Some(_), _) => Tone::Good,
        (None, Some(_)) => Tone::Bad,
        (None, None) => Tone::Warn,
    }
}

pub(super) fn heading(title: &str, style: Style) -> String {
    format!("\n{}\n\n", style.paint(Tone::Strong, &format!("## {title}")))
}

fn facts(incident: &Incident, now: Point, clock: &Clock) -> String {
    let classes: Vec<&str> = incident.classes.iter().map(|c| words::class(*c)).collect();
    let mut out = format!(
        "- app: {}\n- class: {}\n- began: {} (the times below count from here)\n",
        harmless(&incident.app),
        classes.join(", then "),
        clock.full(incident.since.wall_ms)
    );
    put!(out, "- judged: after {}\n", words::span(incident.detected_ms));
    match incident.back_ms.or(incident.down_ms) {
        Some(ms) => put!(out, "- back: after {}\n", words::span(ms)),
        None => put!(out, "- open for {}\n", words::span(incident.down_for_ms(now))),
    }
    out
}

/// All sections in one; the steps of an act are left to the report.
fn story(incident: &Incident) -> String {
    let items = incident.items.iter().filter(|item| !matches!(item.what, What::Step { .. }));
    told(items, incident).iter().fold(String::new(), |mut out, one| {
        let first = one.lines.iter().take(1);
        first.for_each(|line| put!(out, "  {:>10}  {line}\n", at(one, incident)));
        out
    })
}

fn draw_section(incident: &Incident, section: Section, title: &str, style: Style) -> String {
    let mut out = String::new();
    let items = incident.items.iter().filter(|item| tell(item, incident).0 == section);
    for one in told(items, incident) {
        draw_told(&one, incident, &mut out);
    }
    if section == Section::Done && incident.acts.count() == 0 {
        out.push_str("- nothing: no act was made\n");
    }
    if out.is_empty() {
        return out;
    }
    if section == Section::Seen && incident.items.lost() > 0 {
        put!(
            out,
            "- ({} things in the middle of this incident are only in the journal)\n",
            incident.items.lost()
        );
    }
    heading(title, style) + &out
}

fn draw_told(one: &Told, incident: &Incident, out: &mut String) {
    for (index, line) in one.lines.iter().enumerate() {
        match index {
            0 => put!(*out, "- {:>10}  {line}\n", at(one, incident)),
            _ => put!(*out, "  {:>10}  - {line}\n", ""),
        }
    }
}

fn at(one: &Told, incident: &Incident) -> String {
    offset(incident.offset_ms(one.at))
}
