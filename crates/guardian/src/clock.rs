//! Reading the clocks, and nothing else: the one place where time enters the guardian.

use defib_engine::time::Moment;
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::rc::Rc;

/// Where time comes from: the kernel, or a simulated world.
pub trait Clocks {
    /// CLOCK_BOOTTIME in microseconds: runs on through suspend.
    fn boot_us(&self) -> u64;

    /// CLOCK_MONOTONIC in milliseconds: stands still in suspend.
    fn running_ms(&self) -> u64;

    /// CLOCK_REALTIME in milliseconds: may be stepped by anybody.
    fn wall_ms(&self) -> u64;
}

/// The kernel's clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemClocks;

impl Clocks for SystemClocks {
    fn boot_us(&self) -> u64 {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        seconds.saturating_mul(1_000_000) + u64::try_from(time.tv_nsec).unwrap_or(0) / 1000
    }

    fn running_ms(&self) -> u64 {
        to_ms(clock_gettime(ClockId::Monotonic))
    }

    fn wall_ms(&self) -> u64 {
        to_ms(clock_gettime(ClockId::Realtime))
    }
}

fn to_ms(time: Timespec) -> u64 {
    // A wall clock before 1970 is a broken one; zero keeps it harmless.
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1000) + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000
}

/// All three clocks, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the unit belongs into each name")]
pub(crate) struct Readings {
    /// [`Clocks::boot_us`], in milliseconds.
    pub(crate) boot_ms: u64,
    pub(crate) running_ms: u64,
    pub(crate) wall_ms: u64,
}

/// The clocks, and the up-time line: CLOCK_BOOTTIME plus what the ledger has counted for earlier
/// boots.
#[derive(Clone)]
pub(crate) struct Clock {
    clocks: Rc<dyn Clocks>,
    offset_ms: u64,
}

impl Clock {
    pub(crate) fn new(clocks: Rc<dyn Clocks>, offset_ms: u64) -> Clock {
        Clock { clocks, offset_ms }
    }

    /// The same clocks, on a line that is this much further.
    pub(crate) fn moved(self, by_ms: u64) -> Clock {
        Clock { offset_ms: self.offset_ms + by_ms, ..self }
    }

    pub(crate) fn now(&self) -> Moment {
        self.moment(self.now_ms())
    }

    /// CLOCK_BOOTTIME in milliseconds: the time of deadlines.
    pub(crate) fn now_ms(&self) -> u64 {
        self.clocks.boot_us() / 1000
    }

    pub(crate) fn wall_ms(&self) -> u64 {
        self.clocks.wall_ms()
    }

    pub(crate) fn readings(&self) -> Readings {
        Readings {
            boot_ms: self.now_ms(),
            running_ms: self.clocks.running_ms(),
            wall_ms: self.clocks.wall_ms(),
        }
    }

    /// The moment of CLOCK_BOOTTIME milliseconds.
    pub(crate) fn moment(&self, boot_ms: u64) -> Moment {
        Moment(boot_ms.saturating_add(self.offset_ms))
    }

    /// The CLOCK_BOOTTIME milliseconds of a moment; 0 for one before this boot.
    pub(crate) fn boot_ms(&self, moment: Moment) -> u64 {
        moment.0.saturating_sub(self.offset_ms)
    }

    /// The wall clock that goes with a moment, for people.
    pub(crate) fn wall_of(&self, moment: Moment) -> u64 {
        let now = self.now();
        (self.wall_ms() + moment.since(now)).saturating_sub(now.since(moment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_and_line_run_side_by_side() {
        let clock = Clock::new(Rc::new(SystemClocks), 4_000_000).moved(1_000_000);
        let now = clock.now();
        assert!(now >= Moment(5_000_000));
        let wall = clock.wall_ms();
        let in_a_minute = clock.wall_of(now.plus(60_000));
        assert!((wall + 59_950..=wall + 60_050).contains(&in_a_minute));
        assert!(clock.wall_of(Moment(now.0 - 60_000)) <= wall - 59_950);
        assert_eq!(clock.boot_ms(clock.moment(77)), 77);
    }
}
