//! What is known of one probe.

use crate::seen::Seen;
use crate::time::Moment;

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
    /// What the stretch tells: what its last look saw, unless that look alone got no answer where the one
    /// before it did.
    pub telling: Option<Seen>,
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
            telling: None,
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
