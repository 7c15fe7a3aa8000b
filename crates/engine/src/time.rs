//! Time as an argument: a millisecond count that only grows.

/// A point on the machine's *up-time line*, in milliseconds.
///
/// The driver builds it as CLOCK_BOOTTIME plus the up-time of earlier boots that the ledger has
/// counted, so it never runs backwards, not even across a reboot: a budget charged before a
/// reboot keeps its age afterwards. Time spent switched off is not counted, which errs on the
/// side of remembering a charge for too long.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Moment(pub u64);

impl Moment {
    /// The moment `ms` milliseconds later (saturating).
    #[must_use]
    pub const fn plus(self, ms: u64) -> Moment {
        Moment(self.0.saturating_add(ms))
    }

    /// Milliseconds since `earlier`; 0 if `earlier` is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Moment) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
