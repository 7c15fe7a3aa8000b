//! What a soak prints.

use super::{Section, Tally, Trouble, Wish};
use crate::campaign::{Who, name_of};
use crate::measure::{Sums, table};
use std::time::Instant;

/// Troubles that are shown.
const SHOWN_MAX: usize = 10;

/// The report, as it grows.
pub(super) struct Report {
    began: Instant,
    trouble: Vec<Trouble>,
    worlds: usize,
    years: f64,
    facts: u64,
}

impl Report {
    pub(super) fn new(wish: &Wish) -> Report {
        let minutes = wish.lasts.as_secs_f64() / 60.0;
        println!(
            "soak: {minutes:.1} min on {} threads, seeds from {} on; event logs go to {}",
            wish.jobs,
            wish.seed,
            wish.logs.display()
        );
        Report { began: Instant::now(), trouble: Vec::new(), worlds: 0, years: 0.0, facts: 0 }
    }

    /// One section is over.
    pub(super) fn section(&mut self, section: &Section, tally: Tally) {
        println!("\n## {}", section.name);
        for (who, sums) in &tally.sums {
            self.count(sums);
            if tally.sums.len() == 1 {
                print_pace(*who, sums, &tally);
                print!("{}", table::worst(sums));
                print_acts(sums);
            }
        }
        println!("  time: {} (one call in 64 timed)", tally.shares.text());
        println!("  breaches: {}", tally.trouble.len());
        if tally.sums.len() > 1 {
            print_tables(&tally);
        }
        for trouble in tally.trouble.iter().take(SHOWN_MAX) {
            println!("BROKEN {} seed {}:", name_of(trouble.who), trouble.seed);
            trouble.what.iter().for_each(|what| println!("  {what}"));
            println!("  again: {}", trouble.again());
        }
        self.trouble.extend(tally.trouble);
    }

    fn count(&mut self, sums: &Sums) {
        self.worlds += sums.rows.len();
        self.years += sums.years();
        self.facts += sums.facts;
    }

    /// The end. `true`: nothing was broken.
    pub(super) fn close(&self) -> bool {
        println!(
            "\n{} worlds, {:.1} server-years, {} facts, {} breaches in {:.1} min",
            self.worlds,
            self.years,
            self.facts,
            self.trouble.len(),
            self.began.elapsed().as_secs_f64() / 60.0
        );
        self.trouble.is_empty()
    }
}

fn print_pace(who: Who, sums: &Sums, tally: &Tally) {
    let years = sums.years();
    let minutes = (tally.worked_s / 60.0).max(f64::MIN_POSITIVE);
    let seeds = (sums.rows.first().map(|row| row.seed), sums.rows.last().map(|row| row.seed));
    println!(
        "  {}: {} worlds (seeds {} to {}), {years:.2} server-years, {} facts; {:.2} server-years a minute of one core, {:.0} facts a ms",
        name_of(who),
        sums.rows.len(),
        seeds.0.unwrap_or_default(),
        seeds.1.unwrap_or_default(),
        sums.facts,
        years / minutes,
        sums.facts as f64 / (minutes * 60_000.0),
    );
}

fn print_acts(sums: &Sums) {
    let acts: Vec<String> =
        sums.acts.iter().map(|(rung, count)| format!("{rung:?} {count}")).collect();
    println!(
        "  acts: {}; {} ended something that ran, {} of these unneeded",
        if acts.is_empty() { "none".to_owned() } else { acts.join(", ") },
        sums.disruptive(),
        sums.unneeded_total(),
    );
    print!("{}", table::unneeded(sums));
}

fn print_tables(tally: &Tally) {
    let agents: Vec<(&str, &Sums)> =
        tally.sums.iter().map(|(who, sums)| (name_of(*who), sums)).collect();
    println!("\n{}", table::compare(&agents));
    println!("{}", table::times(&agents));
    println!("{}", table::by_fault(&agents));
}
