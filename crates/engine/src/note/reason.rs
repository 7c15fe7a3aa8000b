//! Reasons: why not, why it failed, why it ended. Each a closed set.

use super::Class;
use crate::effect::Rung;
use crate::event::Outcome;
use crate::id::{AppId, ProbeId};
use crate::time::Moment;

/// A reason not to act, with the two values that disagree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Refusal {
    /// The config says observe.
    Observing,
    /// The machine is going down, and is believed to until then.
    ShuttingDown {
        /// Until then.
        until: Moment,
    },
    /// A person stopped the app.
    Stopped,
    /// A hold lasts until then.
    Held {
        /// Its end.
        until: Moment,
    },
    /// The app itself announced it (503 with Retry-After).
    Announced {
        /// Until when.
        until: Moment,
    },
    /// No act cures this class.
    ClassForbids {
        /// The class.
        class: Class,
    },
    /// A dependency is down.
    DependencyDown {
        /// The probe that shows it.
        probe: ProbeId,
    },
    /// A dependency has not been looked at since the fault began.
    DependencyUnseen {
        /// The probe that is waited for.
        probe: ProbeId,
    },
    /// Its own supervisor is about to start it.
    SupervisorFirst {
        /// When it should have.
        until: Moment,
    },
    /// It was just started.
    StartGrace {
        /// Until when only death counts.
        until: Moment,
    },
    /// The pause between two starts.
    BackOff {
        /// Its end.
        until: Moment,
    },
    /// The pause between two disruptive acts.
    Spacing {
        /// Its end.
        until: Moment,
    },
    /// We doubt ourselves.
    SelfDoubt {
        /// How much, 1 to 8.
        level: u8,
    },
    /// Too few looks since start, resume or a config change.
    TooFewLooks {
        /// How many there are.
        have: u8,
        /// How many are needed.
        need: u8,
    },
    /// Not enough evidence.
    BelowBar {
        /// The evidence.
        have_db: i16,
        /// The bar.
        need_db: i16,
    },
    /// The unclear is watched for longer; and a reboot for memory waits for a reading of now.
    Unclear {
        /// Until when.
        until: Moment,
    },
    /// This rung is not allowed here.
    NotPermitted {
        /// Which.
        rung: Rung,
    },
    /// This rung cannot be done here.
    NotPossible {
        /// Which.
        rung: Rung,
    },
    /// The budget is spent.
    BudgetSpent {
        /// Acts in the window.
        used: u8,
        /// Acts allowed in it.
        limit: u8,
        /// When the next one is free.
        until: Moment,
    },
    /// Reboots have been in vain: none until a person says so, or until then.
    Frozen {
        /// Reboots without a verified recovery.
        reboots: u8,
        /// So many forbid the next.
        limit: u8,
        /// Its end by time alone.
        until: Moment,
    },
    /// The incident has had its acts.
    IncidentSpent {
        /// Acts in this incident.
        used: u8,
        /// Acts allowed.
        limit: u8,
    },
    /// The machine has not been up for long enough.
    MinUptime {
        /// Up-time, in milliseconds.
        have_ms: u64,
        /// Needed, in milliseconds.
        need_ms: u64,
    },
    /// An act on another app is running, or comes first: one at a time for the machine rung, nothing beside a
    /// reboot, and no reboot for memory that another app's kill gives back.
    ActRunning {
        /// The app that is acted on, or will be.
        app: AppId,
    },
}

/// How an incident ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Ending {
    /// An act of ours helped, and it was verified.
    Recovered {
        /// The act.
        rung: Rung,
    },
    /// It came back without us.
    SelfHealed,
    /// It was nothing to act on, and it is over.
    Passed,
    /// The app left the config, or its target changed.
    Superseded,
}

/// Why a rung did not help.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RungFault {
    /// The executor could not do it, or refused.
    NotDone(Outcome),
    /// No sustained health in time.
    NoHealth {
        /// Good looks seen.
        passes: u8,
        /// Good looks needed.
        need: u8,
    },
    /// It died again.
    DiedAgain {
        /// This soon after the start, in milliseconds.
        after_ms: u64,
    },
    /// It was well, and went down again within the relapse window.
    Relapsed {
        /// This soon after the recovery, in milliseconds.
        after_ms: u64,
    },
}

/// Why defib hands over to a person (and goes on looking).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum HandOver {
    /// The ladder has no further rung that is allowed and possible.
    LadderEnds,
    /// The budget is spent.
    BudgetSpent,
    /// The incident has had its acts.
    IncidentSpent,
    /// No act of ours cures this class.
    NoCure,
    /// It dies after every start; starting goes on, ever more slowly.
    CrashLoop,
    /// Reboots have been in vain.
    Frozen,
}

/// What ended a freeze.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Thaw {
    /// An app that was rebooted for is well.
    Recovery,
    /// A person.
    Person,
    /// A day.
    Time,
}
