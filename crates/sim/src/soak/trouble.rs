//! Worlds in which something was broken: what, how to live them again, and their event logs.

use super::{Section, Wish};
use crate::campaign::{Who, name_of};
use crate::check::Breach;
use crate::plan::generate;
use crate::trial::{Accused, record};
use std::any::Any;
use std::panic::AssertUnwindSafe;

/// Event logs that are left at most: a broken engine breaks thousands of worlds.
const LOGS_MAX: usize = 8;

/// A world in which something was broken.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// Its seed.
    pub seed: u64,
    /// Who lived in it.
    pub who: Who,
    /// The profile's name.
    pub profile: &'static str,
    /// What, in words; the first few.
    pub what: Vec<String>,
}

impl Trouble {
    fn new(section: &Section, who: Who, seed: u64, what: Vec<String>) -> Trouble {
        Trouble { seed, who, profile: section.profile_name, what }
    }

    pub(super) fn breaches(
        section: &Section,
        who: Who,
        seed: u64,
        breaches: Vec<Breach>,
    ) -> Trouble {
        let line = |it: Breach| {
            format!("{} at {:.3} s: {}", it.number, it.at_ms as f64 / 1_000.0, it.what)
        };
        Trouble::new(section, who, seed, breaches.into_iter().take(3).map(line).collect())
    }

    pub(super) fn refused(section: &Section, who: Who, seed: u64, why: &str) -> Trouble {
        Trouble::new(section, who, seed, vec![format!("the plan's config is refused: {why}")])
    }

    pub(super) fn panic(section: &Section, who: Who, seed: u64, panic: &dyn Any) -> Trouble {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
        let what = format!("panic: {}", said.unwrap_or("without a word"));
        Trouble::new(section, who, seed, vec![what])
    }

    pub(super) fn lost_thread(section: &Section) -> Trouble {
        let what = vec!["a thread of the soak itself has ended with a panic".to_owned()];
        Trouble::new(section, Who::Nothing, 0, what)
    }

    /// How to live it again.
    pub fn again(&self) -> String {
        let (seed, profile, who) = (self.seed, self.profile, name_of(self.who));
        format!(
            "cargo run --release -p defib-sim --bin sim -- run {seed} --profile {profile} --agent {who}"
        )
    }

    fn log_name(&self) -> String {
        format!("{}-{}-{}", self.profile, name_of(self.who), self.seed)
    }
}

/// Lives the first broken worlds again, and writes down what happens in them.
pub(super) fn leave_logs(wish: &Wish, section: &Section, troubles: &[Trouble]) {
    for trouble in troubles.iter().take(LOGS_MAX) {
        let left =
            std::panic::catch_unwind(AssertUnwindSafe(|| live_again(wish, section, trouble)));
        match left {
            Ok(Ok(path)) => println!("event log: {path}"),
            Ok(Err(why)) => println!("no event log of seed {}: {why}", trouble.seed),
            Err(_) => println!("no event log of seed {}: it panics, as before", trouble.seed),
        }
    }
}

fn live_again(wish: &Wish, section: &Section, trouble: &Trouble) -> Result<String, String> {
    let accused = match trouble.who {
        Who::Engine => Accused::Engine,
        Who::Whole => Accused::Whole,
        _ => return Err("it is none of defib's".to_owned()),
    };
    let plan = generate(trouble.seed, section.profile);
    let (log, breaches) = record(&plan, accused, section.pace)?;
    let path = log.leave(&wish.logs, &trouble.log_name(), &plan, &breaches);
    path.map(|path| path.display().to_string()).map_err(|error| error.to_string())
}
