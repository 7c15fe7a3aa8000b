//! The decisions of defib, and nothing else.
//!
//! `step(state, policy, now, event)` returns effects in an order that is a promise, and
//! `next_deadline(state)` says when to be woken. There is no clock, no randomness, no IO, no
//! logger and no float in here: `no_std` makes the compiler hold that. The files follow the
//! product's sentence: probe -> judge -> decide -> act -> verify -> record.
#![no_std]

extern crate alloc;

pub mod effect;
pub mod event;
pub mod id;
pub mod note;
pub mod policy;
pub mod seen;
pub mod time;
pub mod state;

use alloc::vec::Vec;
use effect::Effect;
use event::Event;
use policy::Policy;
use state::State;
use time::Moment;

/// Takes one event. Effects are appended in the order in which they must happen.
pub fn step(
    _state: &mut State,
    _policy: &Policy,
    _now: Moment,
    _event: &Event,
    _effects: &mut Vec<Effect>,
) {
}

/// When [`Event::Woke`] is due, if at all.
pub fn next_deadline(_state: &State) -> Option<Moment> {
    None
}

