//! What the engine wants done, in an order that is a promise: whatever stands before an
//! [`Effect::Order`] is durable before the order leaves the guardian.

use crate::id::{AppId, Identity, IncidentId, IntentId, ProbeId};
use crate::note::{Class, Note};

/// One thing to do.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Effect {
    /// Start this probe now.
    Probe {
        /// Which probe.
        probe: ProbeId,
        /// Echoed in [`Event::Observed`](crate::event::Event::Observed); a stale number is dropped.
        attempt: u32,
    },
    /// Begin the evidence bundle; [`Event::EvidenceClosed`](crate::event::Event::EvidenceClosed)
    /// answers.
    Gather {
        /// Which app.
        app: AppId,
        /// For which incident.
        incident: IncidentId,
    },
    /// Write this down.
    Note(Note),
    /// Send this order to the executor.
    Order(Order),
    /// Tell the executor that no reboot for this app was in vain: it has been seen well since (S23).
    Recovered {
        /// Which app; `None`: the whole machine, after resets that nobody asked for.
        app: Option<AppId>,
    },
}

/// One action.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rung {
    /// Start what is not running. Ends nothing, so it has no budget.
    Start,
    /// Ask the app to read its configuration again.
    Reload,
    /// Stop politely (TERM, grace, KILL) and start, through the service manager if there is one.
    Restart,
    /// End every process of the app at once (TERM, a short grace, KILL) and start.
    Kill,
    /// Restart the machine.
    Reboot,
    /// Delete what the config names, on file systems that are full. Stands last because the numbers of the
    /// others are in journals and ledgers.
    Clean,
}

impl Rung {
    /// Whether the rung ends something that runs.
    pub const fn is_disruptive(self) -> bool {
        matches!(self, Rung::Restart | Rung::Kill | Rung::Reboot)
    }

    /// Whether the rung cannot be taken back: it ends something that runs, or deletes files. It is paid for,
    /// and needs a fresh look.
    pub const fn is_charged(self) -> bool {
        self.is_disruptive() || matches!(self, Rung::Clean)
    }
}

/// Which allowance pays for an act.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Purse {
    /// Costs nothing: starts and reloads.
    Free,
    /// The ladder's budget.
    Ladder,
    /// One restart every 15 min when the ladder's budget is spent or its rungs are used up; or one clean-up.
    Gentle,
}

/// An order to the executor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Order {
    /// Its number.
    pub intent: IntentId,
    /// On which app.
    pub app: AppId,
    /// For which incident.
    pub incident: IncidentId,
    /// What to do.
    pub rung: Rung,
    /// What pays.
    pub purse: Purse,
    /// Why.
    pub class: Class,
    /// The process that was judged, where one is known: the executor refuses to end another.
    pub identity: Option<Identity>,
    /// How long the act may take, in milliseconds.
    pub deadline_ms: u32,
}
