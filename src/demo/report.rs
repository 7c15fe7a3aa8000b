//! What the demo prints while it runs and at its end.

use crate::demo::judge::{Course, Verdict};
use crate::demo::scenario::Scenario;
use defib_console::clock::Clock;
use defib_console::explain::{self, Detail};
use defib_console::style::{Style, Tone};
use defib_console::view::{Incident, View};
use defib_console::words;
use std::collections::BTreeMap;
use std::time::Duration;

/// Prints what is new since the last look.
#[derive(Default)]
pub(crate) struct Progress {
    /// By incident: how many of its lines were printed.
    printed: BTreeMap<u32, usize>,
}

impl Progress {
    /// Prints the lines that this view has and the last had not.
    pub(crate) fn show(&mut self, view: &View, since_start: Duration) {
        for incident in view.incidents() {
            let lines = milestones(incident);
            let printed = self.printed.entry(incident.id).or_default();
            for line in lines.iter().skip(*printed) {
                println!("{:6.1} s  {:<13} {line}", since_start.as_secs_f64(), incident.app);
            }
            *printed = lines.len().max(*printed);
        }
    }
}

/// What has happened in an incident so far, in an order in which nothing is ever put between two
/// lines that were there before.
fn milestones(incident: &Incident) -> Vec<String> {
    let mut lines = vec!["is down".to_owned()];
    for act in incident.acts.iter() {
        let class = words::class(incident.class());
        lines.push(format!("{}: {} ordered", class, words::rung(act.rung)));
    }
    if let Some(ending) = incident.ending {
        let back = incident.back_ms.or(incident.down_ms).map_or_else(String::new, words::span);
        lines.push(format!("{}; was back in {back}", words::ending(ending)));
    }
    lines
}

/// What happened in each incident. `defib explain` has more to say, and the journal is gone when
/// the demo was right: so the story alone.
pub(crate) fn print_reports(view: &View, style: Style) {
    let clock = Clock::local();
    for incident in view.incidents() {
        println!("{}", explain::text(incident, view.now(), Detail::Story, &clock, style));
    }
}

/// One row an application: what was broken, and how it went.
pub(crate) fn print_table(rows: &[(Scenario, Vec<Course>, Verdict)], style: Style) {
    let head = format!(
        "{:<13} {:<11} {:>11} {:>14} {:>10}  outcome",
        "app", "class", "detected in", "acts", "back in"
    );
    println!("{}", style.paint(Tone::Strong, &head));
    for (scenario, courses, verdict) in rows {
        let course = courses.first();
        let class = course.map_or("-", |course| words::class(course.class));
        let span = |ms: Option<u64>| ms.map_or_else(|| "-".to_owned(), words::span);
        let (tone, outcome) = match verdict {
            Verdict::Right => (Tone::Good, "right".to_owned()),
            Verdict::Open(what) => (Tone::Bad, format!("WRONG: not over in time, {what}")),
            Verdict::Wrong(why) => (Tone::Bad, format!("WRONG: {why}")),
        };
        println!(
            "{:<13} {class:<11} {:>11} {:>14} {:>10}  {}",
            scenario.name,
            span(course.map(|course| course.detected_ms)),
            acts(courses),
            span(course.and_then(|course| course.back_ms)),
            style.paint(tone, &outcome)
        );
    }
}

fn acts(courses: &[Course]) -> String {
    let made = courses.iter().flat_map(|course| &course.acts);
    let names: Vec<&str> = made.map(|(rung, _)| words::rung(*rung)).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
