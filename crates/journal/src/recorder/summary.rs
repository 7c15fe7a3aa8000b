//! What the last samples say, in one shape for the journal and in one sentence for people.

use super::{Hog, Sample};
use crate::boot::BootEnding;
use std::fmt;

/// From one sample to the next at most, or what lies between is not known: two readings of 5 s were missed.
pub(super) const GAP_MS: u64 = 12_000;

/// A machine that writes its journal leaves a line a minute; a ring that ends earlier than that before the last
/// line is one of an older boot, for the last one was not recorded.
const STALE_MS: u64 = 120_000;

/// So much of the CPU is all of it, in permille.
const BUSY_PERMILLE: u16 = 900;

/// So much given to others by the hypervisor is worth a word, in permille.
const STOLEN_PERMILLE: u16 = 200;

/// The state of the machine at one moment, and since when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// When, by the wall clock, in milliseconds since 1970.
    pub wall_ms: u64,
    /// MemTotal, in kB.
    pub memory_kb: u64,
    /// MemAvailable, in kB.
    pub available_kb: u64,
    /// SwapTotal, in kB.
    pub swap_kb: u64,
    /// SwapFree, in kB.
    pub swap_free_kb: u64,
    /// Memory had been short for so long, in milliseconds; `None`: it was not.
    pub short_ms: Option<u64>,
    /// All tasks waited for memory, in permille of ten seconds; `None` where the kernel does not tell.
    pub full_permille: Option<u16>,
    /// CPU time used, in permille.
    pub busy_permille: u16,
    /// CPU time that the hypervisor gave to others, in permille.
    pub steal_permille: u16,
    /// Tasks that there were.
    pub tasks: u64,
    /// The largest process.
    pub largest: Option<Largest>,
}

/// The process with the most memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Largest {
    /// Its number.
    pub pid: u32,
    /// Its name.
    pub comm: String,
    /// Its memory, in kB.
    pub rss_kb: u64,
    /// Its unit, or the last part of its control group.
    pub unit: Option<String>,
    /// The guarded app that it belongs to.
    pub app: Option<String>,
}

crate::shape_struct!(Summary {
    wall_ms,
    memory_kb,
    available_kb,
    swap_kb,
    swap_free_kb,
    short_ms,
    full_permille,
    busy_permille,
    steal_permille,
    tasks,
    largest,
});
crate::shape_struct!(Largest { pid, comm, rss_kb, unit, app });

impl Summary {
    /// Of one sample, for how long memory has been short, and the process that was found then.
    pub fn new(sample: &Sample, short_ms: Option<u64>, hog: Option<&Hog>) -> Summary {
        Summary {
            wall_ms: sample.wall_ms,
            memory_kb: sample.memory_kb,
            available_kb: sample.available_kb,
            swap_kb: sample.swap_kb,
            swap_free_kb: sample.swap_free_kb,
            short_ms,
            full_permille: sample.pressure.map(|it| it.memory_full),
            busy_permille: sample.busy_permille,
            steal_permille: sample.steal_permille,
            tasks: sample.tasks,
            largest: hog.map(Largest::of),
        }
    }

    /// Whether it can be why a boot ended so. Where nobody ended it on purpose, that memory was not short is worth a
    /// word as well.
    pub fn tells_of(&self, ending: BootEnding) -> bool {
        self.short_ms.is_some() || !matches!(ending, BootEnding::Ours | BootEnding::Orderly)
    }

    /// Whether it speaks of the end of a boot that was last heard of then.
    pub fn is_of_the_end(&self, last_wall_ms: Option<u64>) -> bool {
        last_wall_ms.is_none_or(|last| self.wall_ms.saturating_add(STALE_MS) >= last)
    }
}

impl Largest {
    /// The same with room of its own.
    pub fn of(hog: &Hog) -> Largest {
        Largest {
            pid: hog.pid,
            comm: hog.comm.as_str().to_owned(),
            rss_kb: hog.rss_kb,
            unit: Some(hog.unit.as_str()).filter(|unit| !unit.is_empty()).map(str::to_owned),
            app: hog.app.map(|app| app.as_str().to_owned()),
        }
    }
}

/// `memory: 3 MB of 560 left for 21 s; largest process: faulttool (pid 812, 498 MB, not a guarded app)`
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (left, whole) = (megabytes(self.available_kb), megabytes(self.memory_kb));
        match self.short_ms {
            Some(ms) if ms >= 1_000 => {
                write!(f, "memory: {left} MB of {whole} left for {}", Span(ms))?;
            }
            Some(_) => write!(f, "memory: {left} MB of {whole} left")?,
            None => write!(f, "memory was not short: {left} MB of {whole} left")?,
        }
        if self.short_ms.is_some() && self.swap_kb > 0 {
            let (free, swap) = (megabytes(self.swap_free_kb), megabytes(self.swap_kb));
            write!(f, ", {free} MB of {swap} swap free")?;
        }
        if let Some(largest) = &self.largest {
            write!(f, "; largest process: {largest}")?;
        }
        if self.busy_permille >= BUSY_PERMILLE {
            write!(f, "; the CPU was {} % busy", self.busy_permille / 10)?;
        }
        if self.steal_permille >= STOLEN_PERMILLE {
            write!(f, "; the host took {} % of the CPU", self.steal_permille / 10)?;
        }
        Ok(())
    }
}

impl fmt::Display for Largest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.comm.is_empty() { "?" } else { &self.comm };
        write!(f, "{name} (pid {}, {} MB, ", self.pid, megabytes(self.rss_kb))?;
        match (&self.app, &self.unit) {
            (Some(app), _) => write!(f, "of app {app})"),
            (None, Some(unit)) => write!(f, "not a guarded app, in {unit})"),
            (None, None) => f.write_str("not a guarded app)"),
        }
    }
}

/// As `free -m` has them.
const fn megabytes(kb: u64) -> u64 {
    kb / 1_024
}

struct Span(u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1_000;
        match seconds {
            0..60 => write!(f, "{seconds} s"),
            60..3_600 => write!(f, "{} min {} s", seconds / 60, seconds % 60),
            _ => write!(f, "{} h {} min", seconds / 3_600, seconds / 60 % 60),
        }
    }
}
