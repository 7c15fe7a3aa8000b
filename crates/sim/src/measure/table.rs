//! The sums in words and columns.

use super::chances::{poisson_95, ratio_95};
use super::{Spread, Sums};
use std::fmt::Write as _;

/// Agents side by side, in the same worlds. The first is what the others' harm is measured against.
pub fn compare(agents: &[(&str, &Sums)]) -> String {
    let mut text = String::from(
        "| agent | worlds | server-years | lost s per server-day | acts that end | of these unneeded | unneeded per server-year (95 %) | reboots | lost beside nothing (95 %) |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    let Some((_, nothing)) = agents.first() else { return text };
    for (name, sums) in agents {
        let years = sums.years();
        let unneeded = sums.unneeded_total();
        let (low, high) = poisson_95(unneeded);
        let lost_s = sums.lost_total_ms() as f64 / 1_000.0 / (years * 365.0).max(f64::MIN_POSITIVE);
        let reboots: u64 = sums.rows.iter().map(|row| u64::from(row.reboots)).sum();
        let per_year = |count: f64| count / years.max(f64::MIN_POSITIVE);
        let _ = writeln!(
            text,
            "| {name} | {} | {years:.2} | {lost_s:.1} | {} | {unneeded} | {:.2} ({:.2} to {:.2}) | {reboots} | {} |",
            sums.rows.len(),
            sums.disruptive(),
            per_year(unneeded as f64),
            per_year(low),
            per_year(high),
            harm(sums, nothing),
        );
    }
    text
}

/// Lost under this agent, as a part of what is lost in the same worlds under nothing.
fn harm(sums: &Sums, nothing: &Sums) -> String {
    let mut pairs = Vec::new();
    for row in &sums.rows {
        if let Ok(place) = nothing.rows.binary_search_by_key(&row.seed, |other| other.seed) {
            pairs.push((row.lost_ms, nothing.rows[place].lost_ms));
        }
    }
    match ratio_95(&pairs) {
        Some((ratio, low, high)) => format!("{ratio:.4} ({low:.4} to {high:.4})"),
        None => "nothing to lose".to_owned(),
    }
}

/// What was lost by kind of fault, side by side, in seconds; the dearest under the first agent first.
pub fn by_fault(agents: &[(&str, &Sums)]) -> String {
    let mut text = String::from("| lost seconds while it |");
    for (name, _) in agents {
        let _ = write!(text, " {name} |");
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(agents.len()));
    let mut causes: Vec<&'static str> =
        agents.iter().flat_map(|(_, sums)| sums.lost_ms.keys().copied()).collect();
    causes.sort_unstable();
    causes.dedup();
    let lost = |sums: &Sums, cause: &str| sums.lost_ms.get(cause).copied().unwrap_or(0) / 1_000;
    causes.sort_by_key(|cause| {
        std::cmp::Reverse(agents.iter().map(|(_, sums)| lost(sums, cause)).max())
    });
    for cause in causes {
        let _ = write!(text, "| {cause} |");
        for (_, sums) in agents {
            let _ = write!(text, " {} |", lost(sums, cause));
        }
        text.push('\n');
    }
    text
}

/// Median, 95th of a hundred, worst with its seed.
pub fn times(agents: &[(&str, &Sums)]) -> String {
    let mut text = String::from(
        "| agent | from the first lost request to | times | median s | 95 % s | worst s (seed) |\n|---|---|---|---|---|---|\n",
    );
    for (name, sums) in agents {
        for (what, spread) in [
            ("the incident", &sums.detect),
            ("the first act", &sums.act),
            ("all answered", &sums.recover),
        ] {
            if spread.count() > 0 {
                let _ = writeln!(text, "| {name} | {what} | {} |", row(spread));
            }
        }
    }
    text
}

fn row(spread: &Spread) -> String {
    let seconds = |ms: Option<u64>| {
        ms.map_or_else(|| "-".to_owned(), |ms| format!("{:.1}", ms as f64 / 1_000.0))
    };
    let (worst_ms, seed) = spread.worst().unwrap_or_default();
    format!(
        "{} | {} | {} | {} ({seed})",
        spread.count(),
        seconds(spread.percentile_ms(50)),
        seconds(spread.percentile_ms(95)),
        seconds(Some(worst_ms)),
    )
}

/// The first acts that could not help, one a line.
pub fn unneeded(sums: &Sums) -> String {
    let mut text = String::new();
    for it in &sums.unneeded_first {
        let _ = writeln!(
            text,
            "  seed {} at {:.3} s: {:?} on app {}, after: {}",
            it.seed,
            it.at_ms as f64 / 1_000.0,
            it.rung,
            it.app,
            it.cause.name(),
        );
    }
    text
}

/// The worst of one agent: where to look first.
pub fn worst(sums: &Sums) -> String {
    let mut text = String::new();
    if let Some((ms, seed)) = sums.recover.worst() {
        let _ = writeln!(text, "  longest recovery: {:.1} s, seed {seed}", ms as f64 / 1_000.0);
    }
    if let Some(row) = sums.rows.iter().max_by_key(|row| row.disruptive) {
        let _ = writeln!(text, "  most acts that end: {}, seed {}", row.disruptive, row.seed);
    }
    if let Some(row) = sums.rows.iter().max_by_key(|row| row.unneeded) {
        let _ = writeln!(text, "  most unneeded: {}, seed {}", row.unneeded, row.seed);
    }
    if let Some(row) = sums.rows.iter().max_by_key(|row| row.lost_ms) {
        let _ = writeln!(text, "  most lost: {} s, seed {}", row.lost_ms / 1_000, row.seed);
    }
    text
}
