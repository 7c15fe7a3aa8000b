//! How a boot ended, as the next one judges it, and the traces that the judgement stands on.

use crate::ledger::RebootMark;

/// How a boot ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootEnding {
    /// A reboot that defib had ordered.
    Ours,
    /// The hardware watchdog, unfed.
    Watchdog,
    /// A reset without a word behind an armed watchdog: by it, or from outside.
    Reset,
    /// The kernel panicked.
    Panic,
    /// The kernel panicked because memory was gone.
    OutOfMemory,
    /// Somebody else shut the machine down, or restarted it, in order.
    Orderly,
    /// It just stopped: its host, or its power.
    Cut,
    /// Nobody knows.
    Unknown,
}

/// Something that was found of a boot's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// The ledger holds a reboot of ours that was neither refused nor given up.
    Ordered,
    /// The ledger holds the step that it had come to.
    StepKnown,
    /// The ledger says that the watchdog was fed no more, on purpose.
    Starved,
    /// The ledger says that the watchdog was armed, and never that it was disarmed.
    Armed,
    /// The watchdog's driver says that the device has reset the machine (`WDIOF_CARDRESET`).
    CardReset,
    /// A panic's record of the right time is in pstore.
    PanicRecord,
    /// It says that memory was gone.
    OutOfMemoryRecord,
    /// defib ended while the service manager said that the machine was shutting down.
    ShutdownTold,
    /// defib was told to end, and nobody said why.
    ToldToEnd,
    /// The next boot began soon after the last word.
    SoonAfter,
    /// It began sooner than a watchdog could have acted.
    SilentShort,
    /// defib was silent for longer than it ever is while it runs.
    SilentLong,
    /// The ledger was lost.
    LedgerLost,
}

impl Trace {
    /// All of them, in their order.
    pub const ALL: [Trace; 13] = [
        Trace::Ordered,
        Trace::StepKnown,
        Trace::Starved,
        Trace::Armed,
        Trace::CardReset,
        Trace::PanicRecord,
        Trace::OutOfMemoryRecord,
        Trace::ShutdownTold,
        Trace::ToldToEnd,
        Trace::SoonAfter,
        Trace::SilentShort,
        Trace::SilentLong,
        Trace::LedgerLost,
    ];
}

/// A set of traces: one bit each, in the order of [`Trace::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceSet(pub u16);

impl TraceSet {
    /// With this one too.
    #[must_use]
    pub const fn with(self, trace: Trace) -> TraceSet {
        TraceSet(self.0 | 1 << trace as u16)
    }

    /// With this one too, if it was found.
    #[must_use]
    pub const fn with_if(self, is_found: bool, trace: Trace) -> TraceSet {
        if is_found { self.with(trace) } else { self }
    }

    /// Whether it is among them.
    pub const fn has(self, trace: Trace) -> bool {
        self.0 & 1 << trace as u16 != 0
    }

    /// One after the other.
    pub fn iter(self) -> impl Iterator<Item = Trace> {
        Trace::ALL.into_iter().filter(move |trace| self.has(*trace))
    }
}

/// What the first executor of a boot found out about the boot before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastBoot {
    /// The boot that judges, not the one that ended.
    pub boot_id: [u8; 16],
    /// How the last one ended.
    pub ending: BootEnding,
    /// The reboot of ours that it ended by, or that was under way.
    pub reboot: Option<RebootMark>,
    /// All that was found, what speaks against the ending too.
    pub traces: TraceSet,
    /// When it was last heard of: the last line of its journal, by the wall clock, in milliseconds since 1970.
    pub last_wall_ms: Option<u64>,
    /// When this boot began, by the same clock.
    pub began_wall_ms: Option<u64>,
}

impl LastBoot {
    /// How long nothing was heard of the machine, in milliseconds.
    pub fn gap_ms(&self) -> Option<u64> {
        self.began_wall_ms?.checked_sub(self.last_wall_ms?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        for (index, trace) in Trace::ALL.into_iter().enumerate() {
            assert_eq!(trace as usize, index, "the order of ALL is that of the bits");
            let set = TraceSet::default().with(trace);
            assert_eq!(set.iter().collect::<Vec<_>>(), [trace]);
            assert_eq!(TraceSet::default().with_if(false, trace), TraceSet::default());
        }
        let all = Trace::ALL.into_iter().fold(TraceSet::default(), TraceSet::with);
        assert_eq!(all.iter().count(), Trace::ALL.len());
    }
}
