//! Which noise an unneeded act followed.

use crate::fact::{By, Fact};
use crate::plan::{Happening, MachineFault};

/// Noise this long ago may still be what an act was about: the default window, and what an act waits for.
const RECENT_MS: u64 = 30_000;

/// What led to an act that could not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// A burst of failing looks.
    Burst,
    /// A pause of the whole machine.
    Pause,
    /// Stolen CPU.
    Steal,
    /// A person's restart.
    Deploy,
    /// A fault that this act could not end.
    Fault,
    /// Looks that were lost one by one.
    Loss,
}

impl Cause {
    /// In a word.
    pub const fn name(self) -> &'static str {
        match self {
            Cause::Burst => "burst",
            Cause::Pause => "pause",
            Cause::Steal => "steal",
            Cause::Deploy => "deploy",
            Cause::Fault => "fault that it could not end",
            Cause::Loss => "lost looks",
        }
    }

    /// All of them.
    pub const ALL: [Cause; 6] =
        [Cause::Burst, Cause::Pause, Cause::Steal, Cause::Deploy, Cause::Fault, Cause::Loss];
}

/// When the last noise of each kind was over.
#[derive(Clone, Debug)]
pub(super) struct Noises {
    bursts: Vec<Option<u64>>,
    deploys: Vec<Option<u64>>,
    steal: Option<u64>,
    pause: Option<u64>,
}

impl Noises {
    pub(super) fn new(apps_len: usize) -> Noises {
        Noises {
            bursts: vec![None; apps_len],
            deploys: vec![None; apps_len],
            steal: None,
            pause: None,
        }
    }

    pub(super) fn take(&mut self, at_ms: u64, fact: &Fact) {
        match *fact {
            Fact::Burst { app, ms } => self.bursts[app] = Some(at_ms + ms),
            Fact::Happened(Happening::Machine(MachineFault::Steal { ms, .. })) => {
                self.steal = Some(at_ms + ms);
            }
            Fact::Froze { ms } => self.pause = Some(at_ms + ms),
            Fact::Died { app, by: By::Person, .. } | Fact::Born { app, by: By::Person, .. } => {
                self.deploys[app] = Some(at_ms);
            }
            _ => {}
        }
    }

    /// What an act that begins now followed. A burst is the most likely one wherever it stands beside
    /// another.
    pub(super) fn cause(&self, at_ms: u64, app: usize, has_fault: bool) -> Cause {
        let recent = |ended_ms: Option<u64>| ended_ms.is_some_and(|ms| at_ms < ms + RECENT_MS);
        match () {
            () if has_fault => Cause::Fault,
            () if recent(self.deploys[app]) => Cause::Deploy,
            () if recent(self.bursts[app]) => Cause::Burst,
            () if recent(self.pause) => Cause::Pause,
            () if recent(self.steal) => Cause::Steal,
            () => Cause::Loss,
        }
    }
}
