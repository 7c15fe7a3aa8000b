//! One state of the modelled world: truth, guardian, executor, and what is on its way between them.

use super::watch::Watch;
use defib_engine::effect::Order;
use defib_engine::event::Event;
use defib_engine::id::{AppId, Identity, IntentId, ProbeId};
use defib_engine::state::State;
use defib_journal::ledger::Ledger;

/// Everything.
#[derive(Clone, Debug)]
pub(crate) struct Whole {
    /// True time, in milliseconds.
    pub(crate) now: u64,
    /// When this boot began.
    pub(crate) booted: u64,
    /// Which boot this is.
    pub(crate) boot: u8,
    /// The machine goes down: nothing is started any more.
    pub(crate) going_down: bool,
    /// The next process's number.
    pub(crate) next_pid: u32,
    /// What the apps are in truth.
    pub(crate) lives: Vec<Life>,
    /// Whether the dependency of the first app answers.
    pub(crate) is_needed_up: bool,
    /// The guardian.
    pub(crate) guardian: Guardian,
    /// The executor's memory; `None`: it is dead.
    pub(crate) hands: Option<Vec<Hand>>,
    /// What the executor has made durable.
    pub(crate) ledger: Ledger,
    /// On the way to the executor.
    pub(crate) orders: Vec<Order>,
    /// On the way to the guardian, as the events that it makes of them.
    pub(crate) reports: Vec<Event>,
    /// What may still happen to it all.
    pub(crate) left: Left,
    /// The checkers' own memory.
    pub(crate) watch: Watch,
}

/// An app in truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Life {
    /// What its living process does.
    pub(crate) health: Health,
    /// Its living process.
    pub(crate) main: Option<Identity>,
    /// A person has stopped it.
    pub(crate) stopped: bool,
    /// A person's hold file, and its end in true time.
    pub(crate) hold: Option<u64>,
}

/// What a living process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Health {
    /// Answers as it should.
    Well,
    /// Never answers.
    Hung,
    /// Answers with 500.
    Erroring,
}

/// The guardian process.
#[derive(Clone, Debug)]
pub(crate) enum Guardian {
    /// It lives.
    Up {
        /// The engine's memory.
        state: Box<State>,
        /// To be added to the boot's time.
        offset_ms: u64,
        /// Looks that run.
        runs: Vec<Run>,
        /// What the journal gives back after a power cut: as it was when the last order left.
        synced: Option<Box<State>>,
    },
    /// It is dead; this is what its journal gives back.
    Down(Box<State>),
}

/// A look that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Run {
    /// By which probe.
    pub(crate) probe: ProbeId,
    /// The engine's number for it.
    pub(crate) attempt: u32,
    /// When it began, in true time.
    pub(crate) started: u64,
    /// What becomes of it.
    pub(crate) fate: RunFate,
}

/// What becomes of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RunFate {
    /// It sees what is there.
    Honest,
    /// Its packets are lost: it times out, whatever is there.
    Lost,
    /// The guardian is paused, and its result is told much too late.
    Late,
}

/// What the executor has in memory of one app.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hand {
    /// The process that it holds.
    pub(crate) main: Option<Identity>,
    /// A person has stopped the app.
    pub(crate) is_stopped: bool,
    /// The guardian has been told that nothing lives.
    pub(crate) told_dead: bool,
    /// The order at work.
    pub(crate) acts: Vec<Act>,
}

/// An order at work. (A right executor has one an app.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Act {
    /// The order.
    pub(crate) order: Order,
    /// The process that was the app when it was accepted.
    pub(crate) victim: Option<Identity>,
    /// When it was accepted, in true time.
    pub(crate) accepted: u64,
    /// How far it is.
    pub(crate) step: Step,
}

/// How far an act is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// The ledger holds it, and nothing has been done.
    Accepted,
    /// The old process is gone.
    Ended,
    /// The new process lives and is in the ledger.
    Started,
    /// The machine was asked to reboot.
    Asked,
}

/// How often each kind of thing may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Left {
    /// Apps die, hang or answer 500.
    pub(crate) faults: u8,
    /// A fault goes away by itself.
    pub(crate) heals: u8,
    /// An act does not cure.
    pub(crate) stubborn: u8,
    /// An act, or the ledger's write before it, fails.
    pub(crate) failing: u8,
    /// The guardian is killed.
    pub(crate) guardian: u8,
    /// The executor is killed.
    pub(crate) executor: u8,
    /// A person holds, stops or restarts.
    pub(crate) people: u8,
    /// The dependency goes down (it may always come back).
    pub(crate) dependency: u8,
    /// A look is lost or late, evidence does not come, the guardian doubts itself.
    pub(crate) noise: u8,
}

impl Whole {
    /// Milliseconds since the boot.
    pub(crate) fn boottime(&self) -> u64 {
        self.now - self.booted
    }

    /// The boot's identity.
    pub(crate) fn boot_id(&self) -> [u8; 16] {
        [self.boot; 16]
    }

    /// A process that never was.
    pub(crate) fn new_process(&mut self) -> Identity {
        self.next_pid += 1;
        Identity { pid: self.next_pid, start_ticks: 0 }
    }

    /// Whether anything is at work on this app, or on its way.
    pub(crate) fn is_busy(&self, app: usize) -> bool {
        self.hands.as_ref().is_some_and(|hands| !hands[app].acts.is_empty())
    }

    /// Whether this very intent is at work on the app.
    pub(crate) fn is_at_work(&self, app: AppId, intent: IntentId) -> bool {
        let acts = self.hands.as_ref().map(|hands| &hands[usize::from(app.0)].acts);
        acts.is_some_and(|acts| acts.iter().any(|act| act.order.intent == intent))
    }
}
