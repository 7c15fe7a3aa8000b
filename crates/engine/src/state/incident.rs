//! What is wrong with an app, and what has been done about it.

use crate::effect::{Purse, Rung};
use crate::id::{Identity, IncidentId, IntentId};
use crate::note::{Class, HandOver, Refusal};
use crate::time::Moment;

/// What is wrong, and what has been done about it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// The class as judged now.
    pub class: Class,
    /// The start of the first failing look, or the death.
    pub since: Moment,
    /// Where it stands.
    pub stage: Stage,
    /// How far each ladder has been climbed.
    pub used: Used,
    /// Disruptive acts of the ladder so far.
    pub disruptive: u8,
    /// The end of the last act.
    pub acted: Option<LastAct>,
    /// The first good look of the stretch that goes on now.
    pub back_at: Option<Moment>,
    /// The time since its beginning that the up-time line leaves out, in milliseconds: the machine was away.
    pub away_ms: Option<u64>,
    /// The bundle is closed.
    pub bundled: bool,
    /// The last refusal that was written down.
    pub refused: Option<(Option<Rung>, Refusal)>,
    /// Handed over to a person.
    pub handed_over: Option<HandOver>,
}

impl Incident {
    /// From its beginning to this moment, in milliseconds, the time without a machine included.
    pub(crate) fn down_ms(&self, at: Moment) -> u64 {
        at.since(self.since).saturating_add(self.away_ms.unwrap_or(0))
    }
}

/// How far each ladder has been climbed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Used {
    /// Steps by [`Ladder`](crate::ladder::Ladder), as its index.
    pub steps: [u8; 10],
}

/// An act that is over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LastAct {
    /// Which rung.
    pub rung: Rung,
    /// When the order left.
    pub ordered_at: Moment,
    /// When it ended.
    pub ended_at: Moment,
    /// Whether it was done, as far as anybody knows.
    pub done: bool,
    /// The process that an interrupted act was to end: if it is still there, nothing was ended.
    pub spared: Option<Identity>,
}

/// Where an incident stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// Each event is judged; nothing runs.
    Judging,
    /// A fresh look is awaited before this rung.
    Looking {
        /// The rung.
        rung: Rung,
        /// What pays.
        purse: Purse,
        /// Since when.
        since: Moment,
    },
    /// The evidence bundle is awaited before this rung.
    Bundling {
        /// The rung.
        rung: Rung,
        /// What pays.
        purse: Purse,
        /// When it was decided: the bundle has one second from then.
        since: Moment,
    },
    /// The executor is at work.
    Acting {
        /// By this intent.
        intent: IntentId,
        /// The rung.
        rung: Rung,
        /// When the order left.
        since: Moment,
        /// When we stop waiting for the answer.
        until: Moment,
        /// The ladders before it: an act that a limit of ours prevented was not taken.
        before: Used,
    },
    /// Waiting for sustained health.
    Verifying {
        /// After this rung.
        rung: Rung,
        /// Since the act ended.
        since: Moment,
    },
}
