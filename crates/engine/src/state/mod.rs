//! Everything the engine remembers: a value that can be cloned, compared, hashed and written down.
//!
//! All fields are public so that the journal can write a checkpoint and a person can read one; only
//! this crate changes them.

mod app;
mod incident;
mod probe;

pub use app::{Announcement, AppPhase, AppState, Process, Recovery, Starts};
pub use incident::{Incident, LastAct, Stage, Used};
pub use probe::{Look, ProbeState, Stretch};

use crate::event::Charge;
use crate::freeze::Vain;
use crate::host::MachineFacts;
use crate::policy::Policy;
use crate::time::Moment;
use alloc::vec::Vec;

/// The engine's memory.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct State {
    /// The last time that the engine was told.
    pub now: Moment,
    /// The number of the next incident.
    pub next_incident: u32,
    /// The number of the next intent.
    pub next_intent: u64,
    /// When this boot began, on the up-time line.
    pub booted_at: Moment,
    /// How much we doubt our own probes.
    pub doubt: SelfDoubt,
    /// The machine is going down, and is believed to until then.
    pub shutting_down: Option<Moment>,
    /// Disruptive acts of the last day, oldest first. Bounded by the budgets: at most 10 and 96
    /// (gentle) an app and 2 for the machine.
    pub charges: Vec<Charge>,
    /// The apps, in the policy's order.
    pub apps: Vec<AppState>,
    /// The last reading of the machine, and when it was made.
    pub machine: Option<(Moment, MachineFacts)>,
    /// Reboots after which nobody has been seen well.
    pub vain: Vain,
    /// The end of the freeze that was noted last and has not been ended since.
    pub frozen_until: Option<Moment>,
}

/// How much we doubt our own probes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct SelfDoubt {
    /// 0 (none) to 8.
    pub level: u8,
    /// When it last was none and began.
    pub since: Moment,
    /// When it falls by one.
    pub falls_at: Moment,
}

impl State {
    /// The state of a guardian that has never seen anything.
    pub fn new(policy: &Policy, now: Moment) -> State {
        State {
            now,
            next_incident: 1,
            next_intent: 1,
            booted_at: Moment(0),
            doubt: SelfDoubt::default(),
            shutting_down: None,
            charges: Vec::new(),
            apps: policy.apps.iter().map(|app| AppState::new(app, now)).collect(),
            machine: None,
            vain: Vain::default(),
            frozen_until: None,
        }
    }

    /// Whether nothing is suspected, open, held or doubted: passes may be folded away.
    pub fn is_quiet(&self) -> bool {
        self.doubt.level == 0
            && self.shutting_down.is_none()
            && self.vain.0.is_empty()
            && self.apps.iter().all(AppState::is_quiet)
    }
}
