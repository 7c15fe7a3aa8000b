//! The noise campaign: how often a server that has nothing but the fixed noise is disturbed for nothing.

use super::Wish;
use super::{Section, Tally, Trouble, on_every_core_for, trouble};
use crate::campaign::Who;
use crate::measure::Cause;
use crate::measure::chances::poisson_95;
use crate::plan::Profile;
use crate::run::Pace;
use std::fmt::Write as _;
use std::time::Instant;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Seeds, threads, logs. (The time is not bounded.)
    pub wish: Wish,
    /// How many worlds of a year each.
    pub years: u64,
    /// Of what.
    pub commit: String,
    /// When.
    pub date: String,
}

const SECTION: Section = Section {
    name: "fixed noise, quiet stretches skipped",
    profile: Profile::Noise,
    profile_name: "noise",
    who: &[Who::Engine],
    pace: Pace::Skip,
    judged: true,
    percent: 100,
};

/// Years after which the text so far is shown: a campaign that is cut short is worth what it has lived.
const BLOCK_YEARS: u64 = 4_000;

/// Lives all the years. `show` is given the artefact's text after each block of them; the last one is
/// that of the whole. Says whether nothing was broken.
pub fn campaign(asked: &Campaign, mut show: impl FnMut(&str)) -> bool {
    let began = Instant::now();
    let mut tally = Tally::default();
    let mut lived = 0;
    while lived < asked.years {
        let years = BLOCK_YEARS.min(asked.years - lived);
        let wish = Wish { seed: asked.wish.seed + lived, ..asked.wish.clone() };
        let block = on_every_core_for(&wish, &SECTION, years);
        trouble::leave_logs(&wish, &SECTION, &block.trouble);
        tally.merge(&block);
        lived += years;
        show(&text(asked, &tally, lived, began.elapsed().as_secs_f64() / 60.0));
    }
    tally.trouble.is_empty()
}

fn text(asked: &Campaign, tally: &Tally, lived: u64, minutes: f64) -> String {
    let mut text = String::new();
    let Some(sums) = tally.sums.get(&Who::Engine) else { return text };
    // Each world is a year of noise; the quiet hours after it are not counted.
    let years = sums.rows.len() as f64;
    let count = sums.unneeded_total();
    let (low, high) = poisson_95(count);
    let last = asked.wish.seed + lived - 1;
    let command = format!(
        "cargo xtask soak --noise --years {lived} --seed {} --jobs {}",
        asked.wish.seed, asked.wish.jobs
    );
    let _ = writeln!(
        text,
        "# False acts under the fixed noise\n\n\
        Default settings, one app with one probe each 5 s, no fault at all: independent probe loss 10^-3, 730 bursts a\n\
        year of mean 2 s, a pause of 25 s a week, 5 min of 90 % steal a day, a deploy a day (docs/decisions/081). Every\n\
        act that ends the app or the machine is a false one.\n\n\
        | | |\n|---|---|\n\
        | server-years | {years:.0} |\n\
        | false disruptive acts | {count} |\n\
        | a server-year | **{:.4}** |\n\
        | 95 % (exact Poisson) | {:.4} to {:.4} |\n\
        | promised | <= 0.1 |\n\
        | other promises broken | {} |\n\
        | seeds | {} to {last} |\n\
        | command | `{}` |\n\
        | commit | {} |\n\
        | date | {} |\n\
        | took | {minutes:.1} min on {} threads, {:.0} server-years a minute of one core |\n",
        count as f64 / years,
        low / years,
        high / years,
        tally.trouble.len(),
        asked.wish.seed,
        command,
        asked.commit,
        asked.date,
        asked.wish.jobs,
        years * 60.0 / tally.worked_s.max(f64::MIN_POSITIVE),
    );
    let _ = writeln!(
        text,
        "What each of them followed within 30 s:\n\n| noise | acts | a server-year |\n|---|---|---|"
    );
    for cause in Cause::ALL {
        let acts = sums.unneeded.get(&cause).copied().unwrap_or(0);
        let _ = writeln!(text, "| {} | {acts} | {:.4} |", cause.name(), acts as f64 / years);
    }
    let worst = sums.rows.iter().max_by_key(|row| row.disruptive);
    if let Some(row) = worst {
        let _ = writeln!(text, "\nThe worst year had {}: seed {}.", row.disruptive, row.seed);
    }
    for Trouble { seed, what, .. } in tally.trouble.iter().take(10) {
        let _ = writeln!(text, "\nBROKEN seed {seed}: {}", what.join("; "));
    }
    text
}
