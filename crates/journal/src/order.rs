//! What guardian and executor say to each other: one message a datagram of a SOCK_SEQPACKET
//! socketpair, fixed little-endian layout, at most [`MESSAGE_MAX`] bytes. A closed set: the executor
//! takes nothing else, and each message is validated before it is believed.

mod codec;
#[cfg(test)]
mod tests;

use crate::boot::LastBoot;
use crate::drill::{DrillKind, DrillStage};
pub use crate::malformed::Malformed;
use defib_engine::effect::{Order, Rung};
use defib_engine::event::{Charge, Exit, LedgerIntent, Outcome, StartCount};
use defib_engine::freeze::VainReboot;
use defib_engine::id::{AppId, Identity, IncidentId, IntentId};
use defib_engine::policy::RungSet;
use defib_engine::time::Moment;

/// The most bytes of one message. Evidence is cut into pieces of this size.
pub const MESSAGE_MAX: usize = 4096;

/// The version of this protocol. Both processes come from one binary, so a mismatch means that the
/// binary was replaced while we ran: the guardian is then started again from the new one.
pub const PROTOCOL: u16 = 3;

/// From the guardian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The first message.
    Hello {
        /// [`PROTOCOL`].
        protocol: u16,
    },
    /// A loop turn was completed. Silence of 5 s gets the guardian killed and started again.
    Beat,
    /// Carry this out.
    Order(Order),
    /// The next order may be begun until then: after that the look that it relies on is no longer fresh (S6).
    /// An executor that stood still, or was busy, does not do what was right a minute ago.
    Fresh {
        /// CLOCK_BOOTTIME, in milliseconds.
        until_ms: u64,
    },
    /// Look now for the app's process (after a first good look, or when a port got a listener).
    Identify {
        /// Which app.
        app: AppId,
    },
    /// Send raw evidence about the app's process that needs privilege.
    Evidence {
        /// Which app.
        app: AppId,
        /// For which incident.
        incident: IncidentId,
    },
    /// The config text that came with [`Report::Config`] was loaded, or refused.
    ConfigRead {
        /// Whether it is in force in the guardian now.
        accepted: bool,
    },
    /// No reboot for this app was in vain: it has been seen well since, for as long as verifies a recovery.
    Recovered {
        /// Which app; `None`: the whole machine, after resets that nobody asked for.
        app: Option<AppId>,
    },
    /// A person wants a fault made, to see it healed.
    Drill {
        /// Of which app.
        app: AppId,
        /// Which.
        kind: DrillKind,
        /// To which process: to no other.
        identity: Identity,
    },
}

/// From the executor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// The answer to `Hello`, before all `Ledger*` messages.
    Welcome {
        /// [`PROTOCOL`].
        protocol: u16,
        /// To be added to CLOCK_BOOTTIME (ms) to get a [`Moment`].
        line_offset_ms: u64,
        /// When this boot began.
        booted_at: Moment,
        /// This boot.
        boot_id: [u8; 16],
        /// The highest intent number accepted so far.
        last_intent: u64,
    },
    /// One charge that the ledger still counts.
    LedgerCharge(Charge),
    /// One intent that the ledger holds.
    LedgerIntent(LedgerIntent),
    /// One app's start count.
    LedgerStarts(StartCount),
    /// One reboot after which nobody has been seen well.
    LedgerVain(VainReboot),
    /// The ledger has been sent.
    LedgerEnd,
    /// What can be done for the app on this machine.
    Capable {
        /// Which app.
        app: AppId,
        /// The rungs that are possible.
        rungs: RungSet,
        /// Why the others are not, for people; at most 200 bytes.
        why_not: String,
    },
    /// The app's process is known.
    Found {
        /// Which app.
        app: AppId,
        /// Its main process.
        identity: Identity,
    },
    /// The app's process has ended.
    Died {
        /// Which app.
        app: AppId,
        /// Which process.
        identity: Option<Identity>,
        /// How.
        exit: Exit,
        /// If its own supervisor starts it again: in how many milliseconds.
        restart_in_ms: Option<u32>,
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
    /// A step of an act, as it happens; for the journal.
    Step {
        /// Which app.
        app: AppId,
        /// Which intent.
        intent: IntentId,
        /// What was done.
        step: ActStep,
        /// When.
        at: Moment,
    },
    /// An order ended.
    Acted {
        /// Which app.
        app: AppId,
        /// Which intent.
        intent: IntentId,
        /// Which rung.
        rung: Rung,
        /// How.
        outcome: Outcome,
        /// A sentence for people; at most 200 bytes.
        detail: String,
    },
    /// A piece of evidence.
    Evidence {
        /// Which app.
        app: AppId,
        /// For which incident.
        incident: IncidentId,
        /// What it is: `status`, `wchan`, `stack`, `output`, `exit`; at most 32 bytes.
        name: String,
        /// At most 3 KiB of it, as read.
        bytes: Vec<u8>,
        /// Whether it is the last piece of the bundle.
        last: bool,
    },
    /// A new config text: a descriptor comes with the message.
    Config,
    /// The reload was refused by the executor; for people; at most 1 KiB.
    ConfigRefused {
        /// What was wrong.
        message: String,
    },
    /// Between the ledger and the config: decide and record, and do nothing, until another guardian is
    /// started without this. Guardians before this one died too often.
    ObserveOnly {
        /// Why and for how long, for people; at most 200 bytes.
        message: String,
    },
    /// Between the ledger and the config: how the boot before this one ended.
    LastBoot(LastBoot),
    /// The machine is shutting down.
    ShuttingDown,
    /// A person has looked after reboots in vain.
    Thawed,
    /// Stop now, within 2 s.
    Stop,
    /// How far a drill is.
    Drilled {
        /// Of which app.
        app: AppId,
        /// Which.
        kind: DrillKind,
        /// How far.
        stage: DrillStage,
        /// A sentence for people; at most 200 bytes.
        detail: String,
    },
}

/// A step of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActStep {
    /// The ledger holds the intent.
    Written,
    /// TERM was sent.
    TermSent,
    /// KILL was sent.
    KillSent,
    /// HUP, or the reload job, was sent.
    ReloadSent,
    /// The old process is gone.
    Ended,
    /// Processes of an earlier life were ended.
    OrphansEnded,
    /// The new process was started.
    Started,
    /// The service manager took the job.
    JobQueued,
    /// The service manager finished the job.
    JobDone,
    /// The user's command was started.
    CommandStarted,
    /// The service manager is asked to reboot the machine.
    RebootAsked,
    /// The app's whole cgroup was ended by the kernel.
    GroupKilled,
    /// The app's cgroup was frozen and its processes killed one by one.
    Frozen,
    /// It has accepted.
    RebootAccepted,
    /// The machine stood all the same: the manager is asked to reboot without stop jobs.
    RebootForced,
    /// Still: the disks are synced, and reboot(2) is called.
    ResetCalled,
    /// Still: sysrq s, u, b.
    SysrqSent,
    /// Still: the hardware watchdog is fed no more.
    FeedingEnded,
}
