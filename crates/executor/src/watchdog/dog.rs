//! When the watchdog is armed, fed and disarmed: a value that is asked, and told what was done. No IO.
//!
//! What it keeps: fed only after a completed turn of the guardian, and never once the last rung is overdue;
//! armed late (up for a minute, one cycle of looks done) and only behind a durable record; disarmed as soon
//! as the config forbids it.

use super::ground::{Forbidden, Ground, Parting, Recorded, Step};

/// Not armed earlier after a boot: a person can log in, and a config that breaks defib is no boot loop.
pub(super) const UP_MS: u64 = 60_000;

/// What is asked of the driver. Longer than a guardian that is replaced needs to complete a turn: 5 s of
/// silence, 1 s between starts, 10 s of greeting.
pub(super) const TIMEOUT_S: u32 = 60;

/// The same from the step on in which the kernel itself is asked to end the machine: what is left then is over in
/// 10 s, and a kernel that panics or hangs on the way (seen: "deadlocked on memory") needs no 60 s to be believed.
/// Not less than [`TIMEOUT_MIN_S`], by which the next boot tells a reset by the device from a power cut.
pub(super) const KERNEL_STEPS_S: u32 = TIMEOUT_MIN_S;

/// A driver that counts faster than this cannot be kept fed while a guardian is replaced.
pub(super) const TIMEOUT_MIN_S: u32 = 20;

/// Fed this often at the least, and four times within the timeout.
const RHYTHM_MAX_MS: u64 = 15_000;

/// A guardian beats every 2 to 3 s, and only then it can be fed: the beat before the last chance counts.
const BEAT_MS: u64 = 3_000;

/// How long the record may take to the disk.
const RECORD_MS: u64 = 5_000;

/// A device that could not be armed is tried again after this long.
const AGAIN_MS: u64 = 600_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Down,
    /// The record is on its way, until then at the longest.
    Recording(u64),
    Armed {
        fed_ms: u64,
        timeout_ms: u64,
        /// It cannot be disarmed though it should: nothing but feeding it is left.
        is_stuck: bool,
    },
}

/// The watchdog's keeper.
#[derive(Clone, Debug)]
pub(crate) struct Dog {
    phase: Phase,
    /// A turn of a guardian was completed since it was last fed.
    has_beat: bool,
    /// The present guardian has a config.
    is_configured: bool,
    /// When its first turn with that was completed.
    cycle_since_ms: Option<u64>,
    again_ms: u64,
}

impl Dog {
    pub(crate) const fn new() -> Dog {
        Dog {
            phase: Phase::Down,
            has_beat: false,
            is_configured: false,
            cycle_since_ms: None,
            again_ms: 0,
        }
    }

    /// A guardian has taken the config.
    pub(crate) fn configured(&mut self) {
        self.is_configured = true;
    }

    /// A guardian has completed a turn.
    pub(crate) fn beat(&mut self, now_ms: u64) {
        self.has_beat = true;
        if self.is_configured {
            self.cycle_since_ms.get_or_insert(now_ms);
        }
    }

    /// The guardian is gone. What it had completed stays completed; the next one begins its first cycle.
    pub(crate) fn lost_guardian(&mut self) {
        self.is_configured = false;
        self.cycle_since_ms = None;
    }

    /// It is armed with this timeout, now.
    pub(crate) fn armed(&mut self, now_ms: u64, timeout_ms: u64) {
        self.phase = Phase::Armed { fed_ms: now_ms, timeout_ms, is_stuck: false };
    }

    /// It is armed, and waits this long from now on.
    pub(crate) fn hastened(&mut self, now_ms: u64, waits_ms: u64) {
        if let Phase::Armed { fed_ms, timeout_ms, .. } = &mut self.phase {
            (*fed_ms, *timeout_ms) = (now_ms, waits_ms);
        }
    }

    /// It was fed.
    pub(crate) fn fed(&mut self, now_ms: u64) {
        self.has_beat = false;
        if let Phase::Armed { fed_ms, .. } = &mut self.phase {
            *fed_ms = now_ms;
        }
    }

    /// [`Step::Record`] was done.
    pub(crate) fn recording(&mut self, now_ms: u64) {
        self.phase = Phase::Recording(now_ms + RECORD_MS);
    }

    /// It is not armed, and not tried again for a while.
    pub(crate) fn refused(&mut self, now_ms: u64) {
        self.phase = Phase::Down;
        self.again_ms = now_ms + AGAIN_MS;
    }

    /// It was disarmed.
    pub(crate) fn disarmed(&mut self) {
        self.phase = Phase::Down;
    }

    /// It was to be disarmed, and its driver knows no way out.
    pub(crate) fn stuck(&mut self) {
        if let Phase::Armed { is_stuck, .. } = &mut self.phase {
            *is_stuck = true;
        }
    }

    pub(crate) fn is_armed(&self) -> bool {
        matches!(self.phase, Phase::Armed { .. })
    }

    pub(crate) fn timeout_s(&self) -> Option<u64> {
        match self.phase {
            Phase::Armed { timeout_ms, .. } => Some(timeout_ms / 1_000),
            Phase::Down | Phase::Recording(_) => None,
        }
    }

    /// What is to be done with it at the end. `is_our_reboot`: the machine goes down because we asked.
    pub(crate) fn at_end(&self, is_our_reboot: bool, is_feeding_over: bool) -> Parting {
        match self.phase {
            Phase::Armed { .. } if is_our_reboot || is_feeding_over => Parting::Leave,
            Phase::Armed { .. } => Parting::Disarm,
            Phase::Down | Phase::Recording(_) => Parting::Nothing,
        }
    }

    /// What is to be done now.
    pub(crate) fn next(&self, ground: &Ground) -> Step {
        match self.phase {
            Phase::Down if self.may_be_armed(ground) => Step::Record,
            Phase::Recording(until_ms) => match ground.recorded {
                _ if !ground.is_welcome() => Step::Unrecord,
                Recorded::Yes => Step::Open,
                Recorded::Waiting if ground.now_ms < until_ms => Step::Rest,
                Recorded::Waiting | Recorded::Failed => Step::Unrecord,
            },
            Phase::Armed { is_stuck: false, .. } if ground.is_feeding_over => Step::Rest,
            Phase::Armed { is_stuck: false, .. }
                if matches!(ground.forbidden, Some(Forbidden::ByConfig | Forbidden::Frozen)) =>
            {
                Step::Disarm
            }
            Phase::Armed { .. } if self.is_hungry(ground) => Step::Feed,
            Phase::Down | Phase::Armed { .. } => Step::Rest,
        }
    }

    fn may_be_armed(&self, ground: &Ground) -> bool {
        let has_looked =
            self.cycle_since_ms.is_some_and(|at| ground.now_ms >= at + ground.cycle_ms);
        ground.is_welcome()
            && self.has_beat
            && has_looked
            && ground.now_ms >= UP_MS.max(self.again_ms)
    }

    fn is_hungry(&self, ground: &Ground) -> bool {
        let Phase::Armed { fed_ms, timeout_ms, is_stuck } = self.phase else { return false };
        let rhythm_ms = rhythm_ms(timeout_ms);
        let by_itself = ground.is_observing || is_stuck;
        let due_ms = if by_itself { rhythm_ms } else { rhythm_ms.saturating_sub(BEAT_MS) };
        (by_itself || self.has_beat) && ground.now_ms >= fed_ms + due_ms
    }

    /// When to look again even if nothing happens. A beat wakes us anyway.
    pub(crate) fn deadline_ms(&self, is_observing: bool, is_feeding_over: bool) -> Option<u64> {
        match self.phase {
            Phase::Recording(until_ms) => Some(until_ms),
            Phase::Armed { fed_ms, timeout_ms, is_stuck }
                if is_stuck || is_observing && !is_feeding_over =>
            {
                Some(fed_ms + rhythm_ms(timeout_ms))
            }
            Phase::Armed { .. } | Phase::Down => None,
        }
    }
}

/// Four times within the timeout, and every 15 s at the least.
fn rhythm_ms(timeout_ms: u64) -> u64 {
    (timeout_ms / 4).min(RHYTHM_MAX_MS)
}

#[cfg(test)]
#[path = "dog_tests.rs"]
mod tests;
