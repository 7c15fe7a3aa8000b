//! Self-doubt: were we late, was the machine asleep, did somebody step the clock? Each of these
//! voids what our probes saw meanwhile, so they are felt before any observation is fed.

mod app;
mod hog;
pub(crate) mod host;
mod machine;
pub(crate) mod passes;
pub(crate) mod reading;
pub(crate) mod size;
mod text;
pub(crate) mod trigger;

use crate::clock::Readings;
use defib_engine::event::Doubt;
use defib_engine::policy::Policy;

/// A wall clock that moved by less than this was slewed, not stepped.
const STEP_MIN_MS: u64 = 1000;

/// Sleeping for less than this is the noise of two clocks read one after the other.
const SLEPT_MIN_MS: u64 = 1000;

/// A delay below this is ordinary on a busy machine, however short the interval.
const LATE_MIN_MS: u64 = 1000;

/// What the clocks said at the last wake-up.
#[derive(Debug)]
pub(crate) struct Sense {
    last: Readings,
}

impl Sense {
    pub(crate) fn new(readings: Readings) -> Sense {
        Sense { last: readings }
    }

    /// Compares the clocks with those of the last wake-up. `asked_boot_ms` is the deadline that the
    /// wait that has just ended was asked to keep.
    pub(crate) fn feel(
        &mut self,
        readings: Readings,
        asked_boot_ms: Option<u64>,
        late_max_ms: u64,
    ) -> Vec<Doubt> {
        let mut doubts = Vec::new();
        let slept_ms = self.slept_ms(readings);
        if slept_ms >= SLEPT_MIN_MS {
            doubts.push(Doubt::Resumed { slept_ms });
        }
        let by_ms = self.stepped_by_ms(readings);
        if by_ms.unsigned_abs() > STEP_MIN_MS {
            doubts.push(Doubt::ClockStepped { by_ms });
        }
        // Sleep delays every timer; it is reported once, by its own name.
        // What was due before the last wake-up was due at once, and is late only since then.
        let late_ms = asked_boot_ms.map_or(0, |asked| {
            let asked = asked.max(self.last.boot_ms);
            readings.boot_ms.saturating_sub(asked).saturating_sub(slept_ms)
        });
        if late_ms > late_max_ms {
            doubts.push(Doubt::LateTimer { late_ms });
        }
        self.last = readings;
        doubts
    }

    fn slept_ms(&self, readings: Readings) -> u64 {
        let boot_ms = readings.boot_ms.saturating_sub(self.last.boot_ms);
        let running_ms = readings.running_ms.saturating_sub(self.last.running_ms);
        boot_ms.saturating_sub(running_ms)
    }

    fn stepped_by_ms(&self, readings: Readings) -> i64 {
        let wall_ms = readings.wall_ms as i64 - self.last.wall_ms as i64;
        wall_ms - (readings.boot_ms as i64 - self.last.boot_ms as i64)
    }
}

/// How late a timer may be before we doubt ourselves: half of the shortest interval, at least 1 s.
pub(crate) fn late_max_ms(policy: &Policy) -> u64 {
    let probes = policy.apps.iter().flat_map(|app| &app.probes);
    let shortest_ms = probes.map(|probe| probe.interval_ms.min(probe.fast_ms)).min().unwrap_or(0);
    (shortest_ms / 2).max(LATE_MIN_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Readings = Readings { boot_ms: 10_000, running_ms: 9_000, wall_ms: 1_000_000 };

    fn after(boot_ms: u64, running_ms: u64, wall_ms: u64) -> Readings {
        Readings {
            boot_ms: START.boot_ms + boot_ms,
            running_ms: START.running_ms + running_ms,
            wall_ms: START.wall_ms + wall_ms,
        }
    }

    #[test]
    fn a_punctual_wake_up_raises_nothing() {
        let mut sense = Sense::new(START);
        assert_eq!(sense.feel(after(5_000, 5_000, 5_000), Some(15_000), 1_000), []);
        assert_eq!(sense.feel(after(5_900, 5_900, 5_900), Some(15_000), 1_000), []);
    }

    #[test]
    fn a_stopped_guardian_was_late_by_what_it_missed() {
        let mut sense = Sense::new(START);
        let doubts = sense.feel(after(21_000, 21_000, 21_000), Some(11_000), 1_000);
        assert_eq!(doubts, [Doubt::LateTimer { late_ms: 20_000 }]);
        assert_eq!(sense.feel(after(21_050, 21_050, 21_050), Some(31_050), 1_000), []);
    }

    #[test]
    fn what_was_due_at_once_is_late_only_by_the_length_of_the_turn() {
        let mut sense = Sense::new(START);
        assert_eq!(sense.feel(after(20, 20, 20), Some(0), 1_000), []);
        let doubts = sense.feel(after(3_020, 3_020, 3_020), Some(0), 1_000);
        assert_eq!(doubts, [Doubt::LateTimer { late_ms: 3_000 }]);
    }

    #[test]
    fn suspend_is_named_once_and_is_not_lateness() {
        let mut sense = Sense::new(START);
        let doubts = sense.feel(after(61_000, 1_000, 61_000), Some(11_000), 1_000);
        assert_eq!(doubts, [Doubt::Resumed { slept_ms: 60_000 }]);
    }

    #[test]
    fn a_stepped_clock_is_seen_in_both_directions_and_a_slewed_one_is_not() {
        let mut sense = Sense::new(START);
        let forward = sense.feel(after(1_000, 1_000, 4_500), None, 1_000);
        assert_eq!(forward, [Doubt::ClockStepped { by_ms: 3_500 }]);
        let back = sense.feel(after(2_000, 2_000, 2_000), None, 1_000);
        assert_eq!(back, [Doubt::ClockStepped { by_ms: -3_500 }]);
        for turn in 1..100 {
            let now = after(2_000 + turn * 1_000, 2_000 + turn * 1_000, 2_000 + turn * 1_100);
            assert_eq!(sense.feel(now, None, 1_000), []);
        }
    }
}
