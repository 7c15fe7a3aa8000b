//! The long run: many worlds on every core, until the time is over.
//!
//! Nothing is shared between threads but the seeds, and each seed is one thread's: the same seeds give
//! the same sums, however many threads there are.

mod noise;
mod report;
mod sampled;
mod section;
mod trouble;

pub use noise::{Campaign, campaign};
pub use sampled::{Sampled, Shares};
pub use section::{SECTIONS, Section};
pub use trouble::Trouble;

use crate::campaign::{Lived, Who, live};
use crate::measure::Sums;
use crate::plan::generate;
use report::Report;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// How long.
    pub lasts: Duration,
    /// The first seed.
    pub seed: u64,
    /// Threads.
    pub jobs: u64,
    /// Where the event logs of broken worlds are left.
    pub logs: PathBuf,
}

/// What one section gave, under each of its agents.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sums: BTreeMap<Who, Sums>,
    pub(crate) shares: Shares,
    pub(crate) trouble: Vec<Trouble>,
    /// CPU seconds of its threads, added up.
    pub(crate) worked_s: f64,
}

impl Tally {
    fn merge(&mut self, other: &Tally) {
        for (who, sums) in &other.sums {
            self.sums.entry(*who).or_default().merge(sums);
        }
        self.shares.merge(&other.shares);
        self.trouble.extend_from_slice(&other.trouble);
        self.worked_s += other.worked_s;
    }
}

/// Runs every section for its share of the time, prints what was found, and says whether nothing was
/// broken.
pub fn soak(wish: &Wish) -> bool {
    let mut report = Report::new(wish);
    for section in SECTIONS {
        let lasts = wish.lasts.mul_f64(f64::from(section.percent) / 100.0);
        let until = Instant::now() + lasts;
        let tally = on_every_core(wish, section, |_| Enough::At(until));
        trouble::leave_logs(wish, section, &tally.trouble);
        report.section(section, tally);
    }
    report.close()
}

/// When a thread has lived enough worlds.
#[derive(Clone, Copy)]
enum Enough {
    At(Instant),
    Seeds(u64),
}

impl Enough {
    fn is_reached(self, seeds: u64) -> bool {
        match self {
            Enough::At(until) => Instant::now() >= until,
            Enough::Seeds(limit) => seeds >= limit,
        }
    }
}

fn on_every_core_for(wish: &Wish, section: &Section, seeds: u64) -> Tally {
    let share = |job: u64| Enough::Seeds(seeds / wish.jobs + u64::from(job < seeds % wish.jobs));
    on_every_core(wish, section, share)
}

fn on_every_core(wish: &Wish, section: &Section, enough: impl Fn(u64) -> Enough) -> Tally {
    let mut whole = Tally::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..wish.jobs)
            .map(|job| {
                let enough = enough(job);
                scope.spawn(move || one_core(section, wish.seed + job, wish.jobs, enough))
            })
            .collect();
        for thread in threads {
            match thread.join() {
                Ok(tally) => whole.merge(&tally),
                Err(_) => whole.trouble.push(Trouble::lost_thread(section)),
            }
        }
    });
    whole
}

/// Seeds from `first` on in steps of `stride`.
fn one_core(section: &Section, first: u64, stride: u64, enough: Enough) -> Tally {
    let mut tally = Tally::default();
    let began_s = cpu_s();
    let mut seeds = 0;
    while !enough.is_reached(seeds) {
        one_seed(section, first + seeds * stride, &mut tally);
        seeds += 1;
    }
    tally.worked_s = cpu_s() - began_s;
    tally
}

/// CPU seconds of this thread: what it could do does not depend on who else works on the machine. (The
/// first field of schedstat is the time on a CPU, in nanoseconds.)
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ns = stat.split_whitespace().next().and_then(|word| word.parse::<u64>().ok());
    ns.unwrap_or(0) as f64 / 1e9
}

/// One world, under each agent of the section.
fn one_seed(section: &Section, seed: u64, tally: &mut Tally) {
    let plan = Rc::new(generate(seed, section.profile));
    for who in section.who {
        let lived = std::panic::catch_unwind(AssertUnwindSafe(|| {
            live(&plan, *who, section.pace, section.judged)
        }));
        let Lived { sums, breaches, shares } = match lived {
            Ok(Ok(lived)) => lived,
            Ok(Err(refused)) => {
                tally.trouble.push(Trouble::refused(section, *who, seed, &refused));
                continue;
            }
            Err(panic) => {
                tally.trouble.push(Trouble::panic(section, *who, seed, &*panic));
                continue;
            }
        };
        tally.sums.entry(*who).or_default().merge(&sums);
        tally.shares.merge(&shares);
        if !breaches.is_empty() {
            tally.trouble.push(Trouble::breaches(section, *who, seed, breaches));
        }
    }
}
