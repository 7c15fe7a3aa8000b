//! One app, as it truly is.

use super::load::Load;
use crate::plan::{AppFault, AppPlan, Remedy};
use defib_engine::id::Identity;

/// What can be sent to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Please end.
    Term,
    /// End.
    Kill,
    /// Read your configuration again.
    Hup,
    /// Go on after a stop.
    Cont,
}

/// A main process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Who.
    pub identity: Identity,
    /// Since when, in true time.
    pub born_ms: u64,
    /// It has taken a TERM or KILL and is on its way out.
    pub is_ending: bool,
}

/// A fault that is there now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Active {
    /// What.
    pub fault: AppFault,
    /// What ends it.
    pub remedy: Remedy,
    /// Since when.
    pub since_ms: u64,
    /// When it ends by itself.
    pub until_ms: u64,
}

/// One app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// What the plan says of it.
    pub plan: AppPlan,
    /// Its main process.
    pub process: Option<Process>,
    /// Counts its processes.
    pub generation: u32,
    /// From then on its process answers.
    pub warm_at_ms: u64,
    /// What is wrong with it.
    pub faults: Vec<Active>,
    /// No person has stopped it.
    pub is_wanted: bool,
    /// A person is busy with it (a deploy): nobody expects it to answer.
    pub is_in_hand: bool,
    /// What part of a thousand requests it answers, as it was last told.
    pub permille: u16,
    /// Its queue, while it is busy.
    pub load: Option<Load>,
}

impl App {
    pub(super) fn new(plan: &AppPlan) -> App {
        App {
            plan: plan.clone(),
            process: None,
            generation: 0,
            warm_at_ms: 0,
            faults: Vec::new(),
            is_wanted: true,
            is_in_hand: false,
            permille: 0,
            load: None,
        }
    }

    /// Whether it has this fault.
    pub fn has(&self, which: impl Fn(&AppFault) -> bool) -> bool {
        self.faults.iter().any(|active| which(&active.fault))
    }

    /// Whether its process is there and has warmed up.
    pub fn is_warm(&self, now_ms: u64) -> bool {
        self.process.is_some() && now_ms >= self.warm_at_ms
    }

    /// What part of a thousand requests it answers as it should, as far as that lies with itself.
    pub(super) fn serves_permille(&self, now_ms: u64) -> u16 {
        if !self.is_warm(now_ms) {
            return 0;
        }
        let busy = self.load.map_or(1_000, |load| load.permille);
        self.faults.iter().map(|active| served_under(active.fault)).min().unwrap_or(1_000).min(busy)
    }
}

/// The part of requests that an app still answers under this fault.
fn served_under(fault: AppFault) -> u16 {
    match fault {
        AppFault::WorkersHang { permille } => 1_000 - permille.min(1_000),
        // These show otherwise: in its process, in its queue, or only when it is down.
        AppFault::Exit(_)
        | AppFault::DiesAfter { .. }
        | AppFault::Leak { .. }
        | AppFault::Eats { .. }
        | AppFault::Forks { .. }
        | AppFault::Slow { .. }
        | AppFault::Busy { .. }
        | AppFault::CachedOutside
        | AppFault::RecoverFails
        | AppFault::RecoverHangs => 1_000,
        _ => 0,
    }
}
