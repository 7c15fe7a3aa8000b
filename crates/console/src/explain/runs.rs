//! The same thing again and again (thirty equal looks at an app that stays down) is told once.

use crate::clock::offset;
use crate::explain::story::tell;
use crate::page::put;
use crate::style::harmless;
use crate::view::{Incident, Item, Point, What};

/// So many equal things are each told.
const TOLD_EACH: usize = 3;

/// One thing that is told: when, its line, and lines that explain it.
pub(super) struct Told {
    /// When.
    pub(super) at: Point,
    /// The first line, then its explanations.
    pub(super) lines: Vec<String>,
}

/// These items, in their order, with runs folded.
pub(super) fn told<'a>(items: impl Iterator<Item = &'a Item>, incident: &Incident) -> Vec<Told> {
    let mut runs: Vec<Vec<&Item>> = Vec::new();
    for item in items {
        match runs.iter_mut().rev().find(|run| is_of_one_stream(run[0], item)) {
            Some(run) if says_the_same(run[0], item) => run.push(item),
            _ => runs.push(vec![item]),
        }
    }
    let mut told: Vec<Told> = runs.iter().flat_map(|run| tell_run(run, incident)).collect();
    // Runs of two probes overlap; people read in the order of time.
    told.sort_by_key(|one| one.at.up_ms);
    told
}

/// Looks of one probe are compared with each other, whatever happened between them; all else only
/// with its like.
fn is_of_one_stream(one: &Item, other: &Item) -> bool {
    match (&one.what, &other.what) {
        (What::Look { probe: one, .. }, What::Look { probe: other, .. }) => one == other,
        (What::Look { .. }, _) | (_, What::Look { .. }) => false,
        _ => true,
    }
}

/// Looks may differ in their details (which of two calls was refused), not in what was seen.
fn says_the_same(one: &Item, other: &Item) -> bool {
    match (&one.what, &other.what) {
        (What::Look { seen: one, .. }, What::Look { seen: other, .. }) => one == other,
        (one, other) => one == other,
    }
}

fn tell_run(run: &[&Item], incident: &Incident) -> Vec<Told> {
    let lines_of = |item: &Item| {
        let lines = tell(item, incident).1;
        lines.iter().map(|line| harmless(line)).collect::<Vec<_>>()
    };
    if run.len() <= TOLD_EACH {
        return run.iter().map(|item| Told { at: item.at, lines: lines_of(item) }).collect();
    }
    let mut lines = lines_of(run[0]);
    if let (Some(head), Some(last)) = (lines.first_mut(), run.last()) {
        let until = offset(incident.offset_ms(last.at));
        put!(*head, ", {} times until {until}", run.len());
    }
    vec![Told { at: run[0].at, lines }]
}
