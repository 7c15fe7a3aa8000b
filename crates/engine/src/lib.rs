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
