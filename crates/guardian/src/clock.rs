//! Reading the clocks, and nothing else: the one place where time enters the guardian.

use defib_engine::time::Moment;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// All three clocks, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the unit belongs into each name")]
pub(crate) struct Readings {
    /// CLOCK_BOOTTIME: runs on through suspend.
    pub(crate) boot_ms: u64,
    /// CLOCK_MONOTONIC: stands still in suspend.
    pub(crate) running_ms: u64,
    /// CLOCK_REALTIME: may be stepped by anybody.
    pub(crate) wall_ms: u64,
}

/// The up-time line: CLOCK_BOOTTIME plus what the ledger has counted for earlier boots.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    offset_ms: u64,
}

impl Clock {
    pub(crate) fn new(offset_ms: u64) -> Clock {
        Clock { offset_ms }
    }

    pub(crate) fn now(self) -> Moment {
        Moment(read_ms(ClockId::Boottime).saturating_add(self.offset_ms))
    }

    /// The moment of a [`Readings::boot_ms`].
    pub(crate) fn moment(self, boot_ms: u64) -> Moment {
        Moment(boot_ms.saturating_add(self.offset_ms))
    }

    /// The CLOCK_BOOTTIME milliseconds of a moment; 0 for one before this boot.
    pub(crate) fn boot_ms(self, moment: Moment) -> u64 {
        moment.0.saturating_sub(self.offset_ms)
    }

    /// The wall clock that goes with a moment, for people.
    pub(crate) fn wall_of(self, moment: Moment) -> u64 {
        let readings = readings();
        let now = self.moment(readings.boot_ms);
        (readings.wall_ms + moment.since(now)).saturating_sub(now.since(moment))
    }
}

pub(crate) fn readings() -> Readings {
    Readings {
        boot_ms: read_ms(ClockId::Boottime),
        running_ms: read_ms(ClockId::Monotonic),
        wall_ms: wall_ms(),
    }
}

/// CLOCK_BOOTTIME in microseconds, as probes are told it.
pub(crate) fn boot_us() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000) + u64::try_from(time.tv_nsec).unwrap_or(0) / 1000
}

pub(crate) fn wall_ms() -> u64 {
    read_ms(ClockId::Realtime)
}

fn read_ms(clock: ClockId) -> u64 {
    to_ms(clock_gettime(clock))
}

fn to_ms(time: Timespec) -> u64 {
    // A wall clock before 1970 is a broken one; zero keeps it harmless.
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1000) + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_and_line_run_side_by_side() {
        let clock = Clock::new(5_000_000);
        let now = clock.now();
        assert!(now >= Moment(5_000_000));
        let wall = wall_ms();
        let in_a_minute = clock.wall_of(now.plus(60_000));
        assert!((wall + 59_950..=wall + 60_050).contains(&in_a_minute));
        assert!(clock.wall_of(Moment(now.0 - 60_000)) <= wall - 59_950);
        assert_eq!(clock.boot_ms(clock.moment(77)), 77);
    }
}
