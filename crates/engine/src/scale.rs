//! The windows of budgets and of the freeze, and the one way to make them shorter: another build.
//!
//! A lab cannot wait for days to see that a machine is not rebooted in a loop. The feature `scaled-windows`
//! divides these windows, and no other time, by 60. It is off by default, nothing can switch it on in a binary
//! that was built without it, and one that was built with it says so wherever it is asked.

/// What the windows are divided by: 1, unless this is a build for a lab.
pub const WINDOWS_SCALE: u64 = if cfg!(feature = "scaled-windows") { 60 } else { 1 };

/// An hour of a budget, in milliseconds.
pub const HOUR_MS: u64 = 3_600_000 / WINDOWS_SCALE;

/// A day of a budget or of the freeze, in milliseconds.
pub const DAY_MS: u64 = 24 * HOUR_MS;

/// What a build for a lab says of itself; an ordinary one has nothing to say.
pub const FOR_A_LAB_ONLY: Option<&str> = if cfg!(feature = "scaled-windows") {
    Some(
        "NOT FOR USE: built with scaled-windows for a lab. The windows of its budgets and of its freeze are a \
         sixtieth: where it speaks of 6 h or a day, it means 6 or 24 min",
    )
} else {
    None
};

#[cfg(all(test, not(feature = "scaled-windows")))]
mod tests {
    use super::{DAY_MS, FOR_A_LAB_ONLY, HOUR_MS};
    use crate::budget::MEMORY_MS;
    use crate::freeze::FREEZE_MS;
    use crate::policy::Budget;

    #[test]
    fn an_ordinary_build_has_whole_windows() {
        assert_eq!((HOUR_MS, DAY_MS, FOR_A_LAB_ONLY), (3_600_000, 86_400_000, None));
        assert_eq!((FREEZE_MS, MEMORY_MS), (86_400_000, 86_400_000));
        let Budget { short_ms, short_limit, long_ms, long_limit } = Budget::REBOOTS;
        assert_eq!((short_ms, short_limit, long_ms, long_limit), (21_600_000, 1, 86_400_000, 2));
        let Budget { short_ms, short_limit, long_ms, long_limit } = Budget::ACTS;
        assert_eq!((short_ms, short_limit, long_ms, long_limit), (3_600_000, 4, 86_400_000, 10));
    }
}
