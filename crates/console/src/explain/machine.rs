//! What the flight recorder has of an incident: the machine, reading by reading.

use crate::clock::{offset, rfc3339};
use crate::explain::text::{Detail, heading};
use crate::page::put;
use crate::style::{Style, harmless};
use crate::view::{Incident, Point};
use defib_journal::recorder::{Largest, Sample};
use serde_json::{Value, json};

/// So long before the fault the machine is of interest, and after it is over.
const AROUND_MS: i64 = 60_000;

/// Rows unless all are asked for.
const ROWS: usize = 12;

/// Readings before and after a shortage that are shown with it.
const BESIDE: usize = 3;

const HEADS: [&str; 7] = ["", "LEFT", "SWAP", "WAIT", "CPU", "TASKS", "LARGEST PROCESS"];

/// The samples of an incident's time. The ring holds some minutes: none of one that is older.
pub(super) fn around<'a>(
    samples: &'a [Sample],
    incident: &Incident,
    now: Point,
) -> impl Iterator<Item = &'a Sample> {
    let ends_ms = incident.closed.unwrap_or(now).wall_ms.saturating_add(AROUND_MS);
    let span = incident.since.wall_ms.saturating_sub(AROUND_MS)..=ends_ms;
    samples.iter().filter(move |sample| span.contains(&sample.wall_ms.cast_signed()))
}

/// The section; empty if the ring has nothing of it.
pub(super) fn draw(
    samples: &[Sample],
    incident: &Incident,
    now: Point,
    detail: Detail,
    style: Style,
) -> String {
    let all: Vec<&Sample> = around(samples, incident, now).collect();
    if all.is_empty() {
        return String::new();
    }
    let (telling, every) = if detail == Detail::All { (&all[..], 1) } else { thin(&all) };
    // From the end backwards, so that the last one is among them.
    let mut shown: Vec<&Sample> = telling.iter().rev().step_by(every).copied().collect();
    shown.reverse();
    let mut out = heading("The machine", style);
    put!(out, "memory and swap in MB; WAIT: the time in which all waited for memory\n\n");
    row(&HEADS.map(str::to_owned), &mut out);
    for sample in &shown {
        row(&cells(sample, incident), &mut out);
    }
    if shown.len() < all.len() {
        put!(out, "\n{} of {} readings; all of them with -v\n", shown.len(), all.len());
    }
    out
}

/// Those in which memory was short, and what was just before and after; of more than have room, one in so many.
fn thin<'a, 'b>(all: &'b [&'a Sample]) -> (&'b [&'a Sample], usize) {
    let is_short = |sample: &&Sample| sample.is_short;
    let first = all.iter().position(is_short).map_or(0, |first| first.saturating_sub(BESIDE));
    let end = all.iter().rposition(is_short).map_or(all.len(), |last| last + 1 + BESIDE);
    let telling = &all[first..end.min(all.len())];
    (telling, telling.len().div_ceil(ROWS).max(1))
}

fn row([at, left, swap, wait, cpu, tasks, largest]: &[String; 7], out: &mut String) {
    let line =
        format!("  {at:>10}  {left:>7}  {swap:>6}  {wait:>5}  {cpu:>5}  {tasks:>6}  {largest}");
    put!(*out, "{}\n", line.trim_end());
}

fn cells(sample: &Sample, incident: &Incident) -> [String; 7] {
    let percent = |permille: u16| format!("{} %", permille / 10);
    let after_ms = sample.wall_ms.cast_signed().saturating_sub(incident.since.wall_ms);
    let largest = sample.hog.as_ref().map(|hog| harmless(&Largest::of(hog).to_string()));
    [
        offset(after_ms),
        (sample.available_kb / 1_024).to_string(),
        if sample.swap_kb == 0 {
            "-".to_owned()
        } else {
            (sample.swap_free_kb / 1_024).to_string()
        },
        sample.pressure.map_or_else(|| "?".to_owned(), |it| percent(it.memory_full)),
        percent(sample.busy_permille),
        sample.tasks.to_string(),
        largest.unwrap_or_default(),
    ]
}

/// The same for programs.
pub(super) fn json(samples: &[Sample], incident: &Incident, now: Point) -> Value {
    around(samples, incident, now).map(one).collect()
}

fn one(sample: &Sample) -> Value {
    json!({
        "wall": rfc3339(sample.wall_ms.cast_signed()),
        "memory_kb": sample.memory_kb,
        "available_kb": sample.available_kb,
        "swap_kb": sample.swap_kb,
        "swap_free_kb": sample.swap_free_kb,
        "short": sample.is_short,
        "memory_full_permille": sample.pressure.map(|it| it.memory_full),
        "io_full_permille": sample.pressure.map(|it| it.io_full),
        "busy_permille": sample.busy_permille,
        "steal_permille": sample.steal_permille,
        "running": sample.running,
        "blocked": sample.blocked,
        "tasks": sample.tasks,
        "largest": sample.hog.as_ref().map(|hog| json!({
            "pid": hog.pid,
            "comm": hog.comm.as_str(),
            "rss_kb": hog.rss_kb,
            "unit": hog.unit.as_str(),
            "app": hog.app.as_ref().map(|app| app.as_str().to_owned()),
        })),
        "apps": sample.apps.iter().map(|app| json!({
            "app": app.name.as_str(),
            "memory_kb": app.memory_kb,
            "cpu_permille": app.cpu_permille,
            "tasks": app.tasks,
        })).collect::<Vec<_>>(),
    })
}
