//! Everything the engine remembers: a value that can be cloned, compared, hashed and written down.
//!
//! All fields are public so that the journal can write a checkpoint and a person can read one; only
//! this crate changes them.

use crate::effect::{Purse, Rung};
use crate::event::Charge;
use crate::id::{Identity, IncidentId, IntentId};
use crate::note::{Class, HandOver, Refusal};
use crate::policy::{AppPolicy, Policy, RungSet};
use crate::seen::Seen;
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
    /// The machine is going down.
    pub shutting_down: bool,
    /// Disruptive acts of the last day, oldest first. Bounded by the budgets: at most 10 and 96
    /// (gentle) an app and 2 for the machine.
    pub charges: Vec<Charge>,
    /// The apps, in the policy's order.
    pub apps: Vec<AppState>,
}

/// How much we doubt our own probes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct SelfDoubt {
    /// 0 (none) to 8.
    pub level: u8,
    /// When it falls by one.
    pub falls_at: Moment,
}

/// What is known of one app.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AppState {
    /// Its probes, in the policy's order.
    pub probes: Vec<ProbeState>,
    /// Its main process.
    pub process: Process,
    /// Until then only death counts; ends early at the first good look.
    pub grace_until: Option<Moment>,
    /// A person stopped it.
    pub stopped: bool,
    /// A hold, and its end.
    pub held_until: Option<Moment>,
    /// The app's own announcement (503 with Retry-After).
    pub announced: Option<Announcement>,
    /// The rungs that are possible on this machine.
    pub capable: RungSet,
    /// Starts of what was not running.
    pub starts: Starts,
    /// Since when it is continuously well.
    pub healthy_since: Option<Moment>,
    /// Since when something is suspected.
    pub suspected_since: Option<Moment>,
    /// When the next disruptive act may begin: room for the last one to help, over the end of its
    /// incident.
    pub again_at: Moment,
    /// The last verified recovery, for relapses.
    pub recovery: Option<Recovery>,
    /// A promise of ours was broken over it (the number of the invariant): it is only observed.
    pub alarmed: Option<u8>,
    /// What is being done about it.
    pub phase: AppPhase,
}

/// What is known of one probe.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ProbeState {
    /// When it starts next.
    pub next_at: Moment,
    /// The number of the running or last attempt.
    pub attempt: u32,
    /// When the running attempt was asked for.
    pub asked_at: Option<Moment>,
    /// The last conclusive look, or the last look at all if none was conclusive.
    pub last: Option<Look>,
    /// Evidence against the app, in decibans, before the cap; never below 0.
    pub db: i16,
    /// The unbroken stretch of failing looks that goes on now.
    pub stretch: Option<Stretch>,
    /// The last failing look's end, for dependencies that just came back.
    pub failed_at: Option<Moment>,
    /// Good looks in a row.
    pub passes: u8,
    /// The start of the first of them.
    pub passing_since: Moment,
    /// Looks since they last became void (start, doubt, new config), up to 255.
    pub fresh: u8,
    /// The CUSUM of partial failure.
    pub cusum: i16,
    /// When the CUSUM last moved: it moves once an interval, however fast we look.
    pub cusum_at: Moment,
    /// Whether it has passed since this config was loaded.
    pub ever_passed: bool,
    /// Whether there is anything to look at: a derived loopback view may have no listener.
    pub absent: bool,
}

/// One finished look.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Look {
    /// What it saw.
    pub seen: Seen,
    /// When it began.
    pub started: Moment,
    /// When it ended.
    pub ended: Moment,
}

/// Failing looks in a row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Stretch {
    /// The start of the first.
    pub since: Moment,
    /// The end of the last.
    pub until: Moment,
    /// How many.
    pub count: u16,
}

/// The main process, as far as it is known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Process {
    /// Nobody has said anything about it.
    Unknown,
    /// It lives.
    Alive {
        /// Which.
        identity: Identity,
        /// Since when we know.
        since: Moment,
    },
    /// It has ended.
    Gone {
        /// When.
        at: Moment,
        /// Its own supervisor has until then to start it.
        supervisor_until: Option<Moment>,
    },
    /// It was never there while we looked: the first start.
    NotStarted,
}

/// A 503 with Retry-After.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Announcement {
    /// When it was first seen.
    pub since: Moment,
    /// Until when it is believed.
    pub until: Moment,
}

/// Starts of what was not running.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Starts {
    /// Since the last long healthy stretch.
    pub count: u16,
    /// The last one.
    pub last: Moment,
    /// Orders in a row that could not be carried out.
    pub undone: u8,
    /// The last of them failed for a limit of our own: it is tried again soon.
    pub retry_soon: bool,
}

/// A verified recovery.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Recovery {
    /// When it was verified.
    pub at: Moment,
    /// What helped.
    pub rung: Rung,
    /// The ladders as they stood.
    pub used: Used,
    /// Disruptive acts of that incident.
    pub disruptive: u8,
}

/// How far each ladder has been climbed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Used {
    /// Steps by [`Ladder`](crate::ladder::Ladder), as its index.
    pub steps: [u8; 6],
}

/// What is being done about an app.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum AppPhase {
    /// Nothing: it is only watched.
    Watching,
    /// It is being started for the first time.
    Launching {
        /// By this intent.
        intent: IntentId,
    },
    /// Something is wrong.
    Incident(Incident),
}

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
    /// The bundle is closed.
    pub bundled: bool,
    /// The last refusal that was written down.
    pub refused: Option<(Option<Rung>, Refusal)>,
    /// Handed over to a person.
    pub handed_over: Option<HandOver>,
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

impl State {
    /// The state of a guardian that has never seen anything.
    pub fn new(policy: &Policy, now: Moment) -> State {
        State {
            now,
            next_incident: 1,
            next_intent: 1,
            booted_at: Moment(0),
            doubt: SelfDoubt::default(),
            shutting_down: false,
            charges: Vec::new(),
            apps: policy.apps.iter().map(|app| AppState::new(app, now)).collect(),
        }
    }

    /// Whether nothing is suspected, open, held or doubted: passes may be folded away.
    pub fn is_quiet(&self) -> bool {
        self.doubt.level == 0 && !self.shutting_down && self.apps.iter().all(AppState::is_quiet)
    }
}

impl AppState {
    /// An app that has not been looked at.
    pub fn new(policy: &AppPolicy, now: Moment) -> AppState {
        AppState {
            probes: policy.probes.iter().map(|_| ProbeState::new(now)).collect(),
            process: Process::Unknown,
            grace_until: None,
            stopped: false,
            held_until: None,
            announced: None,
            capable: policy.rungs,
            starts: Starts::default(),
            healthy_since: None,
            suspected_since: None,
            again_at: Moment(0),
            recovery: None,
            alarmed: None,
            phase: AppPhase::Watching,
        }
    }

    fn is_quiet(&self) -> bool {
        matches!(self.phase, AppPhase::Watching)
            && self.suspected_since.is_none()
            && self.held_until.is_none()
            && self.announced.is_none()
            && self.grace_until.is_none()
            && matches!(self.process, Process::Unknown | Process::Alive { .. })
            && self.probes.iter().all(|probe| probe.cusum == 0 && probe.ever_passed | probe.absent)
    }

    /// The open incident.
    pub fn incident(&self) -> Option<&Incident> {
        match &self.phase {
            AppPhase::Incident(incident) => Some(incident),
            _ => None,
        }
    }

    pub(crate) fn incident_mut(&mut self) -> Option<&mut Incident> {
        match &mut self.phase {
            AppPhase::Incident(incident) => Some(incident),
            _ => None,
        }
    }

    /// The order that the executor is at work on.
    pub fn acting(&self) -> Option<(IntentId, Rung)> {
        match &self.phase {
            AppPhase::Launching { intent } => Some((*intent, Rung::Start)),
            AppPhase::Incident(Incident { stage: Stage::Acting { intent, rung, .. }, .. }) => {
                Some((*intent, *rung))
            }
            _ => None,
        }
    }

    pub(crate) fn identity(&self) -> Option<Identity> {
        match self.process {
            Process::Alive { identity, .. } => Some(identity),
            _ => None,
        }
    }
}

impl ProbeState {
    /// A probe that has not run.
    pub fn new(now: Moment) -> ProbeState {
        ProbeState {
            next_at: now,
            attempt: 0,
            asked_at: None,
            last: None,
            db: 0,
            stretch: None,
            failed_at: None,
            passes: 0,
            passing_since: now,
            fresh: 0,
            cusum: 0,
            cusum_at: now,
            ever_passed: false,
            absent: false,
        }
    }
}
