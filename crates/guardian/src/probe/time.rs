//! Time as probes are told it.

/// Microseconds of CLOCK_BOOTTIME. A probe never reads a clock: whoever calls it says what time it
/// is, so that a test can say anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Micros(pub u64);

impl Micros {
    /// The time `ms` milliseconds later.
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Micros {
        Micros(self.0.saturating_add(ms.saturating_mul(1000)))
    }

    /// Microseconds since `earlier`, 0 if it is not earlier. A phase longer than 71 minutes reads
    /// as that.
    #[must_use]
    pub fn since(self, earlier: Micros) -> u32 {
        u32::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(u32::MAX)
    }
}
