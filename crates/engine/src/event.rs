//! Everything that can happen, as one closed set.

use crate::effect::Rung;
use crate::freeze::Vain;
use crate::host::{AppFacts, MachineFacts};
use crate::id::{AppId, Identity, IncidentId, IntentId, ProbeId};
use crate::policy::RungSet;
use crate::seen::Seen;
use crate::time::Moment;
use alloc::vec::Vec;

/// One fact for [`step`](crate::step).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    /// The guardian has started, with what the ledger remembers.
    Started(Started),
    /// A probe run ended.
    Observed {
        /// Which probe.
        probe: ProbeId,
        /// The attempt number that the start effect carried.
        attempt: u32,
        /// When the run began.
        started: Moment,
        /// When it ended.
        ended: Moment,
        /// What it saw.
        seen: Seen,
    },
    /// The app's process is alive and known by this identity.
    Found {
        /// Which app.
        app: AppId,
        /// Its main process.
        identity: Identity,
    },
    /// The app's known process has ended: a kernel fact.
    Died {
        /// Which app.
        app: AppId,
        /// The process that ended, if it was known.
        identity: Option<Identity>,
        /// How.
        exit: Exit,
        /// If its own supervisor is going to start it again: in how many milliseconds.
        restart_in_ms: Option<u32>,
    },
    /// A person stopped the app (a stop job, a disabled or masked unit). Lasts until
    /// [`Event::Found`] or [`Event::Resumed`].
    Stopped {
        /// Which app.
        app: AppId,
    },
    /// A person's stop is over, though no process is there yet.
    Resumed {
        /// Which app.
        app: AppId,
    },
    /// A person asked for quiet (deploy, maintenance) until a moment.
    Held {
        /// Which app.
        app: AppId,
        /// When it ends by itself.
        until: Moment,
    },
    /// The hold was lifted.
    Released {
        /// Which app.
        app: AppId,
    },
    /// The guardian has reason to doubt its own probes.
    Doubted(Doubt),
    /// The evidence bundle is closed.
    EvidenceClosed {
        /// Which app.
        app: AppId,
        /// For which incident.
        incident: IncidentId,
        /// Whether all of it could be gathered.
        complete: bool,
    },
    /// What the executor can do for this app on this machine.
    Capable {
        /// Which app.
        app: AppId,
        /// The rungs that are possible.
        rungs: RungSet,
    },
    /// An order was carried out, or not.
    Acted {
        /// Which app.
        app: AppId,
        /// Which intent.
        intent: IntentId,
        /// How it ended.
        outcome: Outcome,
    },
    /// The machine is shutting down: nothing is begun any more.
    ShuttingDown,
    /// A person has looked after reboots in vain: they no longer forbid one (S23).
    Thawed,
    /// A deadline passed. The driver sends it when [`next_deadline`](crate::next_deadline) is due.
    Woke,
    /// One app's use of the machine was measured. It counts with the next [`Event::Machine`].
    Measured {
        /// Which app.
        app: AppId,
        /// What was measured.
        facts: AppFacts,
    },
    /// The machine was read. While nothing in it matters it is not told at all.
    Machine(MachineFacts),
}

/// What the guardian knows when it starts.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Started {
    /// When this boot began, on the up-time line.
    pub booted_at: Moment,
    /// Whether the machine has booted since the state was saved.
    pub new_boot: bool,
    /// How long the machine was away, in milliseconds by the wall clock, which the up-time line leaves out;
    /// `None`: no new boot, or nobody knows.
    pub away_ms: Option<u64>,
    /// The highest intent number that the executor has accepted.
    pub last_intent: u64,
    /// The disruptive acts that the ledger still counts, oldest first.
    pub charges: Vec<Charge>,
    /// Intents of the ledger that were accepted, and how they ended.
    pub intents: Vec<LedgerIntent>,
    /// Starts of apps that were not running (no budget), for the back-off.
    pub starts: Vec<StartCount>,
    /// Reboots in vain.
    pub vain: Vain,
}

/// One disruptive act that has been paid for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Charge {
    /// For which app. A reboot is charged to the app that asked for it, and counted for all.
    pub app: AppId,
    /// Which rung.
    pub rung: Rung,
    /// From which purse.
    pub purse: crate::effect::Purse,
    /// When the intent was written.
    pub at: Moment,
}

/// An intent as the ledger holds it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LedgerIntent {
    /// For which app.
    pub app: AppId,
    /// Its number.
    pub intent: IntentId,
    /// Which rung.
    pub rung: Rung,
    /// How it ended; `None` while it is still carried out. If the executor died in the middle it is
    /// [`Outcome::Interrupted`]: then it counts as done once and is never repeated.
    pub outcome: Option<Outcome>,
}

/// How often an app had to be started lately.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StartCount {
    /// Which app.
    pub app: AppId,
    /// Starts without a healthy stretch between them.
    pub count: u16,
    /// The last one.
    pub last: Moment,
}

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Exit {
    /// With this exit code.
    Code(u8),
    /// By this signal.
    Signal(u8),
    /// Nobody could see how: it was not our child.
    Unseen,
}

/// A reason to doubt our own eyes (Lifeguard's local health: Dadgar et al., arXiv 1707.00788).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Doubt {
    /// A deadline was served this many milliseconds late.
    LateTimer {
        /// How late.
        late_ms: u64,
    },
    /// The machine slept (CLOCK_BOOTTIME ran ahead of CLOCK_MONOTONIC).
    Resumed {
        /// For how long.
        slept_ms: u64,
    },
    /// The wall clock was stepped by more than a second.
    ClockStepped {
        /// By how much.
        by_ms: i64,
    },
}

/// How an order ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// The executor did what was asked.
    Done,
    /// It could not be done.
    Failed(Failure),
    /// The executor refused.
    Refused(OrderRefusal),
    /// Nobody knows how far it went: the executor died in the middle.
    Interrupted,
}

/// Why an order could not be done.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Failure {
    /// Its deadline passed first.
    Deadline,
    /// Our own process or descriptor or memory limit: to be tried again.
    OurLimit,
    /// The program is not there or may not be run.
    NotStartable,
    /// The command ended with this code.
    ExitCode(u8),
    /// The service manager says that the job failed.
    Job,
    /// The service manager cannot be reached.
    NoManager,
    /// The process would not go away.
    Unkillable,
    /// Not possible here at all.
    NotPossible,
    /// What the config names was cleaned, and a disk is as full as before.
    StillFull,
}

/// Why the executor refused an order. The two values that disagree are in the ledger record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum OrderRefusal {
    /// This intent, or a later one, was already carried out.
    Repeated,
    /// The app is not in the validated config.
    UnknownTarget,
    /// The budget is spent.
    Budget,
    /// The machine has not been up for long enough.
    MinUptime,
    /// Too many reboots without a verified recovery.
    Frozen,
    /// The config, or a person who has stopped the app, does not allow it.
    NotPermitted,
    /// The process is not the one that was judged.
    WrongIdentity,
    /// Another act on this app is running.
    Busy,
    /// The ledger could not be written.
    LedgerUnwritable,
    /// The order took so long on its way that the look it relies on is no longer fresh.
    Stale,
}

impl Event {
    /// Whether the event may change more than counters of a quiet state. The driver writes a
    /// checkpoint before the first notable event of a quiet state.
    pub fn is_notable(&self) -> bool {
        match self {
            // No fact of the machine speaks against an app that answers: a reading only counts.
            Event::Woke | Event::Measured { .. } | Event::Machine(_) => false,
            Event::Observed { seen, .. } => !seen.is_good(),
            _ => true,
        }
    }
}
