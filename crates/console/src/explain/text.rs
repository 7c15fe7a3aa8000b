//! The report as text: for a terminal, and plain enough to be pasted where Markdown is read.

use crate::clock::Clock;
use crate::explain::story::{Section, tell};
use crate::explain::{advice, summary};
use crate::page::put;
use crate::style::{Style, Tone, harmless};
use crate::view::{Incident, Item, Piece, Point};
use crate::words;

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The summary alone.
    Summary,
    /// The report; long evidence is cut.
    Report,
    /// The report with all that the journal has.
    All,
}

/// So many equal things are each told.
const RUN_LINES: usize = 4;

/// A piece of evidence shows so many lines unless all are asked for: the last ones, because a
/// process says last what ended it.
const PIECE_LINES: usize = 12;

/// The report.
pub fn text(
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
    out.push_str(&evidence(incident, detail, style));
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

fn heading(title: &str, style: Style) -> String {
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

fn draw_section(incident: &Incident, section: Section, title: &str, style: Style) -> String {
    let mut out = String::new();
    let items: Vec<&Item> =
        incident.items.iter().filter(|item| tell(item, incident).0 == section).collect();
    for run in items.chunk_by(|one, next| one.what == next.what) {
        draw_run(run, incident, &mut out);
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

/// The same thing again and again (thirty equal looks at an app that stays down) is told once.
fn draw_run(run: &[&Item], incident: &Incident, out: &mut String) {
    let shown = if run.len() > RUN_LINES { 1 } else { run.len() };
    for item in &run[..shown] {
        let at = offset(incident.offset_ms(item.at));
        for (index, line) in tell(item, incident).1.iter().enumerate() {
            let line = harmless(line);
            match index {
                0 => put!(*out, "- {at:>10}  {line}\n"),
                _ => put!(*out, "  {:>10}  - {line}\n", ""),
            }
        }
    }
    if let (true, Some(last)) = (shown < run.len(), run.last()) {
        let at = offset(incident.offset_ms(last.at));
        put!(*out, "- {at:>10}  the same, for the {}th time in a row\n", run.len());
    }
}

/// `+9.012 s`, `-0.100 s`: to the millisecond, because promises are about tenths of a second.
fn offset(ms: i64) -> String {
    let sign = if ms < 0 { '-' } else { '+' };
    let ms = ms.unsigned_abs();
    format!("{sign}{}.{:03} s", ms / 1000, ms % 1000)
}

fn evidence(incident: &Incident, detail: Detail, style: Style) -> String {
    if incident.evidence.count() == 0 {
        return String::new();
    }
    let mut out = heading("Evidence", style);
    let pieces: Vec<String> =
        incident.evidence.iter().map(|piece| draw_piece(piece, detail)).collect();
    out.push_str(&pieces.join("\n"));
    if incident.evidence.lost() > 0 {
        put!(out, "\n({} more pieces are in the journal)\n", incident.evidence.lost());
    }
    out
}

fn draw_piece(piece: &Piece, detail: Detail) -> String {
    let text = harmless(&piece.text);
    let lines: Vec<&str> = text.lines().collect();
    let skipped = match detail {
        Detail::All => 0,
        _ => lines.len().saturating_sub(PIECE_LINES),
    };
    let mut out = format!("{}:\n\n", harmless(&piece.name));
    if skipped > 0 {
        put!(out, "    ({skipped} lines before; -v shows them)\n");
    }
    for line in &lines[skipped..] {
        put!(out, "    {line}\n");
    }
    out
}
