//! What the engine wants remembered: each decision, and each decision not to.

mod reason;

pub use reason::{Ending, HandOver, Refusal, RungFault, Thaw};

use crate::effect::{Purse, Rung};
use crate::event::{Doubt, Exit, Outcome};
use crate::host::HostFact;
use crate::id::{AppId, Identity, IncidentId, IntentId, ProbeId};
use crate::seen::Seen;
use crate::time::Moment;
use alloc::vec::Vec;

/// The kinds of fault (docs/decisions/006).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// Stopped, held or announced by a person.
    Intended,
    /// The known process is gone.
    Dead,
    /// It dies soon after each start.
    CrashLoop,
    /// Stuck in the kernel, or on a disk.
    KernelIo,
    /// Out of memory.
    Memory,
    /// The certificate is the fault.
    Certificate,
    /// The app is well; the way to it is not.
    Outside,
    /// Something that it needs is down.
    Dependency,
    /// It answers something that was never expected of it: 3xx, 4xx, or it never passed.
    Contract,
    /// Alive, without progress.
    Hung,
    /// Alive, without progress, and busy at it.
    Spinning,
    /// It answers wrongly: 5xx, a wrong or broken body.
    Erroring,
    /// More work than it can do.
    Busy,
    /// A fault that came with a change.
    BadChange,
    /// Disk, inodes, descriptors, pids used up.
    Exhausted,
    /// The proxy before it is the fault.
    Proxy,
    /// The evidence is unclear.
    Unknown,
}

/// One piece of evidence in a decision.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tally {
    /// What was seen, and by which probe; `None` for a kernel fact (death).
    pub source: Option<(ProbeId, Seen)>,
    /// How often in a row.
    pub count: u16,
    /// What it adds, after the cap, in decibans.
    pub db: i16,
}

/// One thing to remember.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Note {
    /// The first good look since start.
    Up {
        /// Which app.
        app: AppId,
    },
    /// The first failing look.
    Suspected {
        /// Which app.
        app: AppId,
        /// Who saw what; `None` for a death.
        source: Option<(ProbeId, Seen)>,
        /// The evidence so far.
        score_db: i16,
    },
    /// Suspicion fell back to nothing without an incident.
    Cleared {
        /// Which app.
        app: AppId,
        /// How long it lasted, in milliseconds.
        after_ms: u64,
    },
    /// The process ended.
    Died {
        /// Which app.
        app: AppId,
        /// The process.
        identity: Option<Identity>,
        /// How.
        exit: Exit,
    },
    /// A new process is known.
    Found {
        /// Which app.
        app: AppId,
        /// The process.
        identity: Identity,
    },
    /// An incident begins.
    Opened {
        /// Which app.
        app: AppId,
        /// Its number.
        incident: IncidentId,
        /// The class at first.
        class: Class,
        /// Start of the first failing look, or the death.
        since: Moment,
    },
    /// The class changed.
    Reclassed {
        /// Which app.
        app: AppId,
        /// Which incident.
        incident: IncidentId,
        /// From.
        from: Class,
        /// To.
        to: Class,
    },
    /// Decided to act.
    Decided {
        /// Which app.
        app: AppId,
        /// Which incident.
        incident: IncidentId,
        /// The class.
        class: Class,
        /// The rung.
        rung: Rung,
        /// What pays.
        purse: Purse,
        /// The evidence.
        score_db: i16,
        /// The bar that it reached.
        bar_db: i16,
        /// What the evidence is made of.
        evidence: Vec<Tally>,
    },
    /// Decided not to act. Written once per reason, not once per look.
    Refused {
        /// Which app.
        app: AppId,
        /// Which incident.
        incident: IncidentId,
        /// The rung that would have been next; `None` where the class has none.
        rung: Option<Rung>,
        /// Why not.
        refusal: Refusal,
    },
    /// The fresh look before the act contradicted it: nothing was done.
    Spared {
        /// Which app.
        app: AppId,
        /// Which incident.
        incident: IncidentId,
        /// The rung that was not used.
        rung: Rung,
        /// What the look saw.
        seen: Seen,
    },
    /// The order leaves.
    Ordered {
        /// Which app.
        app: AppId,
        /// Which incident.
        incident: IncidentId,
        /// Its number.
        intent: IntentId,
        /// The rung.
        rung: Rung,
        /// What pays.
        purse: Purse,
    },
    /// The executor has answered.
    Acted {
        /// Which app.
        app: AppId,
        /// Which incident; `None` when the answer outlived it.
        incident: Option<IncidentId>,
        /// Which intent.
        intent: IntentId,
        /// The rung.
        rung: Rung,
        /// How it ended.
        outcome: Outcome,
    },
    /// The first good look after an act, or after the fault.
    Back {
        /// Which app.
        app: AppId,
        /// Which incident.
        incident: IncidentId,
        /// Down since the incident's beginning, in milliseconds.
        down_ms: u64,
    },
    /// The act did not help.
    RungFailed {
        /// Which app.
        app: AppId,
        /// Which incident.
        incident: IncidentId,
        /// The rung.
        rung: Rung,
        /// Why it counts as failed.
        fault: RungFault,
    },
    /// Over to a person; looking goes on.
    HandedOver {
        /// Which app.
        app: AppId,
        /// Which incident.
        incident: IncidentId,
        /// Why.
        why: HandOver,
    },
    /// An incident ends.
    Closed {
        /// Which app.
        app: AppId,
        /// Which incident.
        incident: IncidentId,
        /// The class at last.
        class: Class,
        /// How it ended.
        ending: Ending,
        /// From the beginning to the first good look of the last stretch, in milliseconds.
        down_ms: u64,
    },
    /// A hold begins.
    Held {
        /// Which app.
        app: AppId,
        /// Its end.
        until: Moment,
    },
    /// A hold ends.
    Released {
        /// Which app.
        app: AppId,
        /// By itself.
        expired: bool,
    },
    /// A person stopped the app.
    Stopped {
        /// Which app.
        app: AppId,
    },
    /// A person's stop is over.
    Resumed {
        /// Which app.
        app: AppId,
    },
    /// We doubt ourselves: failures seen meanwhile are void.
    Doubted {
        /// Why.
        doubt: Doubt,
        /// How much, 1 to 8.
        level: u8,
    },
    /// We trust ourselves again.
    Trusted,
    /// Reboots have been in vain: there is none until then, unless a person says so before.
    Frozen {
        /// How many.
        reboots: u8,
        /// Its end by time alone.
        until: Moment,
    },
    /// A reboot is possible again, as far as those before it are concerned.
    Thawed {
        /// Why.
        by: Thaw,
    },
    /// What can be done for the app on this machine.
    Capable {
        /// Which app.
        app: AppId,
        /// The rungs that are possible.
        rungs: crate::policy::RungSet,
    },
    /// An invariant was broken: the app is only observed from here on.
    Alarm {
        /// Which app.
        app: AppId,
        /// Which invariant, by its number in SPECIFICATION.md.
        invariant: u8,
    },
    /// What the class of an incident stands on, where that is a fact of the machine.
    Host {
        /// Which app.
        app: AppId,
        /// Which incident.
        incident: IncidentId,
        /// The fact.
        fact: HostFact,
    },
}
