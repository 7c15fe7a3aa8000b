//! From class to rungs: the permitted set, in rising order of cost (docs/decisions/006).

use crate::effect::Rung;
use crate::note::Class;
use crate::state::Used;

/// The ladders that there are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Ladder {
    /// What is not running is started, for ever.
    Start,
    /// What could not be started.
    Unstartable,
    /// What makes no progress.
    Hung,
    /// What answers wrongly.
    Erroring,
    /// What fails in part, or only on the users' path: one restart.
    Once,
    /// What is unclear: one restart after a long look.
    Unclear,
    /// Memory is gone: the app that has grown is killed; if another has, only the machine's rung frees it.
    Memory,
    /// Half of it works, and it takes the CPU: one kill.
    Overload,
    /// Stuck in the kernel: no signal reaches it.
    Stuck,
    /// A disk is full: what the config names is deleted, once.
    Clean,
}

impl Ladder {
    /// Its rungs, cheapest first. Behind the last one stands a person.
    pub const fn rungs(self) -> &'static [Rung] {
        match self {
            Ladder::Start => &[Rung::Start],
            Ladder::Unstartable => &[Rung::Kill, Rung::Reboot],
            Ladder::Hung | Ladder::Memory => &[Rung::Kill, Rung::Kill, Rung::Reboot],
            Ladder::Erroring => &[Rung::Restart, Rung::Kill, Rung::Reboot],
            Ladder::Once | Ladder::Unclear => &[Rung::Restart],
            Ladder::Overload => &[Rung::Kill],
            Ladder::Stuck => &[Rung::Reboot],
            Ladder::Clean => &[Rung::Clean],
        }
    }
}

impl Used {
    /// Steps taken on `ladder`.
    pub const fn on(&self, ladder: Ladder) -> u8 {
        self.steps[ladder as usize]
    }

    /// How many rungs of `ladder` are behind us. The one restart of [`Ladder::Once`] lies below what
    /// the fuller ladders of the same classes begin with, so a step on those has passed it.
    pub(crate) fn below(self, ladder: Ladder) -> u8 {
        let passed = self.on(Ladder::Hung) > 0 || self.on(Ladder::Erroring) > 0;
        match ladder {
            Ladder::Once if passed => 1,
            // The same rungs for the same app: what was tried for the one is tried for the other.
            Ladder::Hung | Ladder::Memory => self.on(Ladder::Hung).max(self.on(Ladder::Memory)),
            other => self.on(other),
        }
    }

    /// Leaves `step` and all below it behind. The start ladder has no end, so it is not counted.
    pub(crate) fn climb(&mut self, ladder: Ladder, step: u8) {
        let taken = &mut self.steps[ladder as usize];
        *taken = (*taken).max(step + 1);
    }
}

/// The ladder of a class; `None` where no act of ours cures.
pub const fn of(class: Class) -> Option<Ladder> {
    match class {
        Class::Dead | Class::CrashLoop => Some(Ladder::Start),
        Class::Hung | Class::Spinning => Some(Ladder::Hung),
        Class::Erroring => Some(Ladder::Erroring),
        Class::Unknown => Some(Ladder::Unclear),
        Class::Memory => Some(Ladder::Memory),
        Class::KernelIo => Some(Ladder::Stuck),
        Class::Exhausted => Some(Ladder::Once),
        Class::Proxy
        | Class::Intended
        | Class::Certificate
        | Class::Outside
        | Class::Dependency
        | Class::Contract
        | Class::Busy
        | Class::BadChange => None,
    }
}
