//! The decisions of defib, and nothing else.
//!
//! `step(state, policy, now, event)` returns effects in an order that is a promise, and
//! `next_deadline(state)` says when to be woken. There is no clock, no randomness, no IO, no
//! logger and no float in here: `no_std` makes the compiler hold that. The files follow the
//! product's sentence: probe -> judge -> decide -> act -> verify -> record.
#![no_std]

extern crate alloc;

mod answer;
pub mod budget;
mod class;
mod decide;
pub mod effect;
pub mod event;
mod evidence;
pub mod freeze;
mod guards;
pub mod host;
pub mod id;
pub mod invariant;
mod judge;
pub mod ladder;
mod life;
mod looks;
pub mod note;
mod order;
mod plan;
pub mod policy;
mod process;
pub mod scale;
pub mod seen;
pub mod state;
pub mod time;
mod turn;
mod verify;
pub mod view;

use alloc::vec::Vec;
use effect::Effect;
use event::Event;
use policy::Policy;
use state::{AppPhase, AppState, Stage, State};
use time::Moment;
use turn::Turn;

/// Takes one event. Effects are appended in the order in which they must happen.
///
/// `now` never runs backwards: an earlier one is taken for the latest that was told.
pub fn step(
    state: &mut State,
    policy: &Policy,
    now: Moment,
    event: &Event,
    effects: &mut Vec<Effect>,
) {
    let now = now.max(state.now);
    state.now = now;
    budget::prune(&mut state.charges, now);
    let mark = effects.len();
    Turn { state, policy, now, effects }.take(event);
    invariant::hold_back(state, policy, effects, mark);
}

/// When [`Event::Woke`] is due, if at all. Always later than the last `now`: whatever was due then has
/// been dealt with.
pub fn next_deadline(state: &State) -> Option<Moment> {
    let doubt = (state.doubt.level > 0).then_some(state.doubt.falls_at);
    let apps = state.apps.iter().flat_map(app_deadlines);
    let later = apps
        .chain(doubt)
        .chain(state.shutting_down)
        .chain(state.frozen_until)
        .filter(|at| *at > state.now)
        .min();
    match (looks::next_look(state), later) {
        (Some(look), Some(other)) => Some(look.min(other)),
        (look, other) => look.or(other),
    }
}

fn app_deadlines(app: &AppState) -> impl Iterator<Item = Moment> {
    let incident = match &app.phase {
        AppPhase::Incident(incident) => Some(incident),
        _ => None,
    };
    let stage = incident.and_then(|incident| match incident.stage {
        Stage::Bundling { since, .. } => Some(since.plus(decide::BUNDLE_MS)),
        Stage::Looking { since, .. } => Some(since.plus(decide::LOOKING_MAX_MS)),
        Stage::Acting { until, .. } => Some(until),
        Stage::Judging | Stage::Verifying { .. } => None,
    });
    let refused = incident.and_then(|incident| incident.refused).and_then(|(_, why)| why.until());
    let launch = match app.process {
        state::Process::NotStarted => app.starts.free_at(10_000, 300_000),
        _ => None,
    };
    [stage, refused, launch, app.grace_until, app.held_until, app.announced.map(|a| a.until)]
        .into_iter()
        .flatten()
}
