//! Worlds in which something was broken: what, how to live them again, and their event logs.

use super::{Section, Wish};
use crate::campaign::{Who, name_of};
use crate::check::Breach;
use crate::fact::{Fact, Witness};
use crate::plan::generate;
use crate::run::run;
use crate::world::World;
use std::any::Any;
use std::fs::{File, create_dir_all};
use std::io::{BufWriter, Write};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

/// Event logs that are left at most: a broken engine breaks thousands of worlds.
const LOGS_MAX: usize = 8;

/// Facts of one log at most: the first that is broken comes early, and a look is a fact.
const LINES_MAX: u64 = 400_000;

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
        format!("{}-{}-{}.log", self.profile, name_of(self.who), self.seed)
    }
}

/// Lives the first broken worlds again, and writes down what happens in them.
pub(super) fn leave_logs(wish: &Wish, section: &Section, troubles: &[Trouble]) {
    for trouble in troubles.iter().take(LOGS_MAX) {
        let path = wish.logs.join(trouble.log_name());
        let left = create_dir_all(&wish.logs).and_then(|()| {
            let mut log = Log { file: BufWriter::new(File::create(&path)?), lines: 0 };
            let _ = std::panic::catch_unwind(AssertUnwindSafe(|| {
                live_again(section, trouble, &mut log);
            }));
            log.file.flush()
        });
        match left {
            Ok(()) => println!("event log: {}", path.display()),
            Err(error) => println!("no event log at {}: {error}", path.display()),
        }
    }
}

fn live_again(section: &Section, trouble: &Trouble, log: &mut Log) {
    let plan = Rc::new(generate(trouble.seed, section.profile));
    let _ = writeln!(log.file, "{}\n{plan:#?}", trouble.what.join("\n"));
    let Ok(mut world) = World::new(Rc::clone(&plan)) else { return };
    let mut agent = trouble.who.agent(&world);
    run(&mut world, &mut *agent, section.pace, plan.ends_at_ms, log);
}

/// Facts as lines.
struct Log {
    file: BufWriter<File>,
    lines: u64,
}

impl Witness for Log {
    fn take(&mut self, at_ms: u64, fact: &Fact) {
        self.lines += 1;
        if self.lines <= LINES_MAX {
            let _ = writeln!(self.file, "{:>14.3} {fact:?}", at_ms as f64 / 1_000.0);
        }
    }
}
