//! What is known of one app.

use super::{Incident, ProbeState, Stage, Used};
use crate::effect::Rung;
use crate::host::AppHost;
use crate::id::{Identity, IntentId};
use crate::policy::{AppPolicy, RungSet};
use crate::time::Moment;
use alloc::vec::Vec;

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
    /// That was told since this guardian began; else it is remembered, and who came since may have started it.
    pub stop_told: bool,
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
    /// What the machine says of it; `None` before the first reading.
    pub host: Option<AppHost>,
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
    /// How many of them failed. A refusal says that the executor knows better (a process lives), so it
    /// never leads to a dearer rung.
    pub failed: u8,
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

impl AppState {
    /// An app that has not been looked at.
    pub fn new(policy: &AppPolicy, now: Moment) -> AppState {
        AppState {
            probes: policy.probes.iter().map(|_| ProbeState::new(now)).collect(),
            process: Process::Unknown,
            grace_until: None,
            stopped: false,
            stop_told: false,
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
            host: None,
        }
    }

    pub(super) fn is_quiet(&self) -> bool {
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
