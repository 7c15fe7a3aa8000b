//! What the engine thinks of one app, for those who ask: read-only, and computed from the state.

use crate::budget;
use crate::effect::Rung;
use crate::guards::{GUARDS, Plan};
use crate::id::{AppId, IncidentId};
use crate::note::{Class, Refusal, Tally};
use crate::policy::Policy;
use crate::seen::Seen;
use crate::state::{AppPhase, AppState, Process, Stage, State};
use crate::time::Moment;
use crate::turn::Turn;
use alloc::vec::Vec;

/// The one word for an app.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AppWord {
    /// Not looked at yet, or within its start grace.
    Starting,
    /// Well.
    Up,
    /// Well, but later than the slow mark.
    Slow,
    /// A look failed; not enough to say more.
    Suspect,
    /// Down.
    Down,
    /// An act is running.
    Acting,
    /// An act is over; health is being verified.
    Verifying,
    /// Down, and waiting for a pause or a person.
    Waiting,
    /// On hold.
    Held,
    /// Stopped by a person.
    Stopped,
    /// Nothing can be seen.
    Unknown,
}

/// One app, as judged now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AppView {
    /// The one word.
    pub word: AppWord,
    /// The open incident.
    pub incident: Option<IncidentId>,
    /// Its class, or that of the suspicion.
    pub class: Option<Class>,
    /// When it began.
    pub since: Option<Moment>,
    /// The evidence, in decibans.
    pub score_db: i16,
    /// What it must reach for the class that it speaks of, if any.
    pub bar_db: Option<i16>,
    /// Its parts.
    pub evidence: Vec<Tally>,
    /// The rung that would come next.
    pub next: Option<Rung>,
    /// Every guard in its order, with what it says about that rung.
    pub guards: Vec<(&'static str, Option<Refusal>)>,
    /// Acts of the ladder in the short window.
    pub short_used: u8,
    /// Acts of the ladder in the long window.
    pub long_used: u8,
}

/// One app, as judged now; `None` if there is no such app.
pub fn app_view(state: &State, policy: &Policy, app: AppId) -> Option<AppView> {
    let index = usize::from(app.0);
    let (seen, rules) = (state.apps.get(index)?, policy.apps.get(index)?);
    // A turn needs a state of its own to write to; this one is thrown away.
    let mut copy = state.clone();
    let mut effects = Vec::new();
    let now = state.now;
    let turn = Turn { state: &mut copy, policy, now, effects: &mut effects };
    let evidence = turn.evidence(index);
    let conviction = turn.convict(index);
    let plan = conviction.map(|conviction| turn.plan(index, conviction));
    let next = match &plan {
        Some(Ok(plan)) => Some(plan.rung),
        Some(Err((rung, _))) => *rung,
        None => None,
    };
    let asked = conviction.zip(next).map(|(conviction, rung)| {
        let purse = match rung {
            Rung::Start | Rung::Reload => crate::effect::Purse::Free,
            Rung::Clean => crate::effect::Purse::Gentle,
            _ => crate::effect::Purse::Ladder,
        };
        Plan { rung, purse, step: None, conviction }
    });
    let guards = asked.map_or_else(Vec::new, |plan| {
        GUARDS.iter().map(|(name, guard)| (*name, guard(&turn, index, &plan))).collect()
    });
    let class = seen.incident().map(|incident| incident.class).or_else(|| turn.classify(index));
    let (short_used, long_used) = budget::used(&state.charges, rules.budget, app, now);
    Some(AppView {
        word: word(seen, now),
        incident: seen.incident().map(|incident| incident.id),
        class,
        since: seen.incident().map(|incident| incident.since).or(seen.suspected_since),
        score_db: evidence.score_db,
        bar_db: conviction.map(|conviction| conviction.bar_db),
        evidence: evidence.parts,
        next,
        guards,
        short_used,
        long_used,
    })
}

/// The one word for an app.
pub fn word(app: &AppState, now: Moment) -> AppWord {
    if app.stopped {
        return AppWord::Stopped;
    }
    match &app.phase {
        AppPhase::Launching { .. } => return AppWord::Starting,
        AppPhase::Incident(incident) => {
            return match incident.stage {
                Stage::Acting { .. } => AppWord::Acting,
                Stage::Verifying { .. } => AppWord::Verifying,
                _ if incident.back_at.is_some() => AppWord::Verifying,
                _ if app.held_until.is_some() => AppWord::Held,
                Stage::Judging if incident.refused.is_some() => AppWord::Waiting,
                _ => AppWord::Down,
            };
        }
        AppPhase::Watching => {}
    }
    let last = app.probes.iter().find_map(|probe| probe.last);
    match last.map(|look| look.seen) {
        _ if app.held_until.is_some_and(|until| now < until) => AppWord::Held,
        _ if app.suspected_since.is_some() => AppWord::Suspect,
        _ if app.grace_until.is_some() => AppWord::Starting,
        _ if app.process == Process::NotStarted => AppWord::Starting,
        Some(Seen::Slow) => AppWord::Slow,
        Some(seen) if seen.is_good() => AppWord::Up,
        Some(seen) if seen.is_unknown() => AppWord::Unknown,
        Some(_) => AppWord::Suspect,
        None => AppWord::Starting,
    }
}
