//! What the machine itself says: bounded facts as integers, read by the guardian every few seconds.
//!
//! A fact is a cheaper witness than a look, and one that starvation does not silence; but no fact of
//! these ever speaks against an app that answers. They say *what kind* of fault it is that the looks
//! show ([`crate::note::Class`]), and only where the looks cannot be believed (self-doubt) do two readings
//! of a few seconds apart convict without them. docs/decisions/095 argues the figures.

mod convict;
mod facts;
mod runs;

pub use facts::{AppFacts, DISKS_MAX, DiskFacts, HostFact, MachineFacts, Pressure, Sleep};
pub use runs::{AppHost, Busy, Run, second_reading};

/// From one reading to the next, in milliseconds.
pub const READING_MS: u64 = 5_000;
/// A reading that is older than this says nothing any more: two were missed.
pub(crate) const STALE_MS: u64 = 12_000;
