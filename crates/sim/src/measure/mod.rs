//! Measures: what a run cost the app's users, and how often it was disturbed for nothing.
//!
//! A witness like the checkers: it knows the plan and the facts, and never what the agent thinks. Sums
//! are whole numbers; floats appear where they are printed.

mod blame;
pub mod chances;
mod spread;
mod sums;
pub mod table;
mod truth;

pub use blame::Cause;
pub use spread::Spread;
pub use sums::{Row, Sums, Unneeded};

use crate::fact::{By, Fact, Witness};
use crate::plan::{Happening, Person};
use crate::world::World;
use blame::Noises;
use defib_engine::effect::Rung;
use defib_engine::note::Note;
use truth::Truth;

/// A stretch in which an app does not answer all of its users, though it should.
#[derive(Clone, Copy, Debug)]
struct Episode {
    since_ms: u64,
    detected: bool,
    acted: bool,
}

/// One app.
#[derive(Clone, Debug)]
struct Meter {
    truth: Truth,
    permille: u16,
    /// Up to here it has been counted.
    counted_ms: u64,
    /// What the present loss is put down to.
    cause: &'static str,
    lost_permille_ms: u64,
    episode: Option<Episode>,
}

/// Counts one world. [`Measure::finish`] gives the sums.
#[derive(Clone, Debug)]
pub struct Measure {
    seed: u64,
    apps: Vec<Meter>,
    noises: Noises,
    sums: Sums,
    row: Row,
    died_by: By,
}

impl Measure {
    /// For a world at its beginning.
    pub fn new(world: &World) -> Measure {
        let plan = world.plan();
        let meter = |app| Meter {
            truth: Truth::new(plan, app),
            permille: 0,
            counted_ms: 0,
            cause: "not started yet",
            lost_permille_ms: 0,
            episode: None,
        };
        Measure {
            seed: plan.seed,
            apps: (0..plan.apps.len()).map(meter).collect(),
            noises: Noises::new(plan.apps.len()),
            sums: Sums::default(),
            row: Row { seed: plan.seed, ..Row::default() },
            died_by: By::Itself,
        }
    }

    /// The world has ended.
    pub fn finish(mut self, at_ms: u64) -> Sums {
        for app in 0..self.apps.len() {
            self.count(app, at_ms);
        }
        let lost: u64 = self.apps.iter().map(|meter| meter.lost_permille_ms).sum();
        self.row.lost_ms = lost / 1_000;
        for lost_ms in self.sums.lost_ms.values_mut() {
            *lost_ms /= 1_000;
        }
        self.sums.lived_ms = at_ms;
        self.sums.rows.push(self.row);
        self.sums
    }

    /// Adds what was lost since the last count.
    fn count(&mut self, app: usize, at_ms: u64) {
        let meter = &mut self.apps[app];
        let from_ms = meter.counted_ms.max(meter.truth.excused_until_ms().min(at_ms));
        meter.counted_ms = at_ms;
        let lost = (at_ms - from_ms) * u64::from(1_000 - meter.permille.min(1_000));
        if lost > 0 {
            meter.lost_permille_ms += lost;
            *self.sums.lost_ms.entry(meter.cause).or_default() += lost;
        }
    }

    fn serves(&mut self, app: usize, at_ms: u64, permille: u16) {
        let died_by = self.died_by;
        let (meter, sums) = (&mut self.apps[app], &mut self.sums);
        let was_well = meter.permille >= 1_000;
        meter.permille = permille;
        if was_well && permille < 1_000 {
            let by_nobody = match died_by {
                By::Agent => "an act of the agent",
                By::Person => "a person",
                _ => "the machine",
            };
            meter.cause = meter.truth.latest(at_ms).unwrap_or(by_nobody);
            if at_ms >= meter.truth.excused_until_ms() {
                meter.episode = Some(Episode { since_ms: at_ms, detected: false, acted: false });
            }
        }
        if permille >= 1_000
            && let Some(episode) = meter.episode.take()
        {
            sums.recover.add(at_ms - episode.since_ms, self.seed);
        }
    }

    fn began(&mut self, app: usize, at_ms: u64, rung: Rung, ends: bool) {
        *self.sums.acts.entry(rung).or_default() += 1;
        let meter = &mut self.apps[app];
        if let Some(episode) = meter.episode.as_mut().filter(|episode| !episode.acted) {
            episode.acted = true;
            self.sums.act.add(at_ms - episode.since_ms, self.seed);
        }
        if !ends {
            return;
        }
        self.row.disruptive += 1;
        self.row.reboots += u32::from(rung == Rung::Reboot);
        if !meter.truth.needs(at_ms, rung) {
            self.row.unneeded += 1;
            let cause = self.noises.cause(at_ms, app, meter.truth.latest(at_ms).is_some());
            self.sums.keep(Unneeded { seed: self.seed, at_ms, app, rung, cause });
        }
    }

    /// Whose loss a fact may change: one app's, or that of all.
    fn concerns(&self, fact: &Fact) -> std::ops::Range<usize> {
        match *fact {
            Fact::Born { app, .. }
            | Fact::Died { app, .. }
            | Fact::Serves { app, .. }
            | Fact::Wanted { app, .. }
            | Fact::Mended { app }
            | Fact::Happened(
                Happening::App { app, .. } | Happening::Person(Person::Mend { app }),
            ) => app..app + 1,
            Fact::Booted { .. } | Fact::Healed => 0..self.apps.len(),
            _ => 0..0,
        }
    }
}

impl Witness for Measure {
    fn take(&mut self, at_ms: u64, fact: &Fact) {
        self.sums.facts += 1;
        if matches!(fact, Fact::Looked { .. }) {
            return;
        }
        for app in self.concerns(fact) {
            self.count(app, at_ms);
            self.apps[app].truth.take(at_ms, fact);
        }
        self.noises.take(at_ms, fact);
        match *fact {
            Fact::Died { by, .. } => self.died_by = by,
            Fact::Serves { app, permille } => self.serves(app, at_ms, permille),
            Fact::Wanted { app, runs: false } => self.apps[app].episode = None,
            Fact::Began { app, rung, ends, .. } => self.began(app, at_ms, rung, ends),
            Fact::Noted(Note::Opened { app, .. }) => {
                let meter = &mut self.apps[usize::from(app.0)];
                if let Some(episode) = meter.episode.as_mut().filter(|episode| !episode.detected) {
                    episode.detected = true;
                    self.sums.detect.add(at_ms - episode.since_ms, self.seed);
                }
            }
            Fact::WentDown { by, .. } => {
                for meter in &mut self.apps {
                    if meter.cause == "the machine" {
                        meter.cause = match by {
                            By::Agent => "a reboot by the agent",
                            By::Person => "a person",
                            _ => "a power cut",
                        };
                    }
                }
            }
            _ => {}
        }
    }
}
