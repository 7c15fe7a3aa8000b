//! What truly happened, one fact after another: what checkers judge, measures count and event logs hold.
//!
//! The world writes down what it does, the agent what it meant. No checker asks the engine.

use crate::plan::{AgentFault, Happening};
use defib_engine::effect::{Order, Rung};
use defib_engine::event::{Doubt, Exit, Outcome};
use defib_engine::id::{Identity, IntentId};
use defib_engine::note::Note;
use defib_engine::seen::Seen;
use defib_engine::time::Moment;

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The thing itself, or a fault of the plan.
    Itself,
    /// The agent.
    Agent,
    /// The service manager, of its own.
    Manager,
    /// A person.
    Person,
    /// The machine going down.
    Machine,
    /// The hardware watchdog.
    Watchdog,
}

/// What is done with the hardware watchdog.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DogFact {
    /// It is open and counts.
    Armed,
    /// It was fed.
    Fed,
    /// It counts no more.
    Disarmed,
}

/// What a machine can be short of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sickness {
    /// Memory: everything is slow, nothing can be started.
    Memory,
    /// Processes: nothing can be started.
    Tasks,
}

/// One thing that truly happened. Apps and probes are indices into the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    // --- the world
    /// The machine is up: the world begins, or a boot has ended.
    Booted {
        /// Counted from 1.
        boot: u32,
    },
    /// The machine goes down: nothing runs any more.
    WentDown {
        /// Who did it.
        by: By,
        /// Without a polite end: what was not durable is lost.
        hard: bool,
    },
    /// A process became an app.
    Born {
        /// Which app.
        app: usize,
        /// Which process.
        identity: Identity,
        /// Who started it.
        by: By,
    },
    /// The main process of an app ended.
    Died {
        /// Which app.
        app: usize,
        /// Which process.
        identity: Identity,
        /// How.
        exit: Exit,
        /// Who did it.
        by: By,
    },
    /// What part of its users' requests an app answers as it should has changed.
    Serves {
        /// Which app.
        app: usize,
        /// Of a thousand.
        permille: u16,
    },
    /// Something of the plan happened.
    Happened(Happening),
    /// A fault is over.
    Mended {
        /// Which app.
        app: usize,
    },
    /// A person's will about an app: `false` is a stop, `true` its end.
    Wanted {
        /// Which app.
        app: usize,
        /// Whether it is to run.
        runs: bool,
    },
    /// The machine did not run.
    Froze {
        /// For how long.
        ms: u64,
    },
    /// A burst of noise begins: every look at an app fails or waits, and it is no fault.
    Burst {
        /// Which app.
        app: usize,
        /// For how long.
        ms: u64,
    },
    /// All that the plan broke is mended; from now on the world is fair.
    Healed,

    /// Something of the machine is gone.
    Sickened {
        /// The app that has taken it; `None`: something that is no app of the plan.
        app: Option<usize>,
        /// What.
        of: Sickness,
    },
    /// It is there again, as far as that lies with this one.
    Eased {
        /// Who had taken it.
        app: Option<usize>,
        /// What.
        of: Sickness,
    },

    /// The machine was told to go down.
    Pushed {
        /// Which step of the reboot ladder this is, from 1: polite, forced, reboot(2), sysrq.
        step: u8,
        /// By whom.
        by: By,
        /// Whether it was taken. It may stand all the same.
        taken: bool,
    },

    // --- what the agent was told
    /// A look ended and was told. Quiet stretches that are skipped leave these out.
    Looked {
        /// Which app.
        app: usize,
        /// Which probe.
        probe: usize,
        /// When it began.
        began_ms: u64,
        /// What it saw.
        seen: Seen,
    },
    /// The agent doubts its own eyes.
    Doubted(Doubt),

    // --- the agent
    /// A guardian is there, with what is remembered.
    GuardianBegan,
    /// The guardian is gone.
    GuardianEnded,
    /// An executor is there.
    ExecutorBegan,
    /// The executor is gone (and the guardian with it).
    ExecutorEnded,
    /// A turn of the guardian's loop is complete.
    Turned,
    /// Something was done with the hardware watchdog.
    Watchdog(DogFact),
    /// A guardian is told to observe and do nothing: those before it died too often.
    ObservesOnly,
    /// A fault of the agent took effect.
    AgentFault(AgentFault),
    /// A decision that is written down.
    Noted(Note),
    /// An order left the guardian.
    Ordered(Order),
    /// An intent is in the ledger, durably; nothing was done yet. `at` is its time on the up-time line.
    Intended {
        /// The order.
        order: Order,
        /// On the up-time line.
        at: Moment,
    },
    /// An act touches the world for the first time: it ends something that runs (a signal, a stop job, a
    /// reboot that was asked for), or begins to start something.
    Began {
        /// Which intent.
        intent: IntentId,
        /// On which app.
        app: usize,
        /// Which rung.
        rung: Rung,
        /// Whether something that runs is being ended.
        ends: bool,
    },
    /// The hand is through with an act, and the ledger says so. The guardian may not be there to know.
    Finished {
        /// Which app.
        app: usize,
        /// Which intent.
        intent: IntentId,
        /// How.
        outcome: Outcome,
    },
    /// The result is known to the guardian.
    Acted {
        /// Which app.
        app: usize,
        /// Which intent.
        intent: IntentId,
        /// How.
        outcome: Outcome,
    },
    /// The evidence bundle of an incident is closed.
    Bundled {
        /// Which app.
        app: usize,
        /// Which incident.
        incident: u32,
    },
}

/// A fact and when, in milliseconds of true time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated {
    /// When.
    pub at_ms: u64,
    /// What.
    pub fact: Fact,
}

/// Whoever wants to know facts as they happen.
pub trait Witness {
    /// Takes one fact. Facts come in the order of time.
    fn take(&mut self, at_ms: u64, fact: &Fact);
}
