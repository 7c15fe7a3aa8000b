//! Small sets that are copied by value.

use crate::effect::Rung;
use crate::note::Class;

/// A set of rungs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct RungSet(pub u8);

impl RungSet {
    /// None.
    pub const NONE: RungSet = RungSet(0);

    /// This set and one more.
    #[must_use]
    pub const fn with(self, rung: Rung) -> RungSet {
        RungSet(self.0 | 1 << rung as u8)
    }

    /// Whether `rung` is in it.
    pub const fn has(self, rung: Rung) -> bool {
        self.0 & (1 << rung as u8) != 0
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: RungSet) -> RungSet {
        RungSet(self.0 & other.0)
    }
}

/// A set of fault classes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ClassSet(pub u32);

impl ClassSet {
    /// None.
    pub const NONE: ClassSet = ClassSet(0);
    /// The classes that a reboot may follow unless the config says otherwise.
    pub const REBOOT_DEFAULT: ClassSet = ClassSet::NONE
        .with(Class::Dead)
        .with(Class::Hung)
        .with(Class::Memory)
        .with(Class::KernelIo);

    /// This set and one more.
    #[must_use]
    pub const fn with(self, class: Class) -> ClassSet {
        ClassSet(self.0 | 1 << class as u32)
    }

    /// Whether `class` is in it.
    pub const fn has(self, class: Class) -> bool {
        self.0 & (1 << class as u32) != 0
    }
}
