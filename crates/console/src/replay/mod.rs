//! `replay`: decides again what a journal holds, and compares bit for bit.
//!
//! A `policy` and a `checkpoint` give the engine's memory; every `event` that follows is fed to
//! `defib_engine::step`; the notes and orders that come out must be those that stand in the
//! journal, in their order.

mod run;
mod verb;
mod weight;

pub use run::{Difference, Replayer, Side, Tally};
pub use verb::replay;
pub use weight::Nudge;
