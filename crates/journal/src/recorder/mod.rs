//! The flight recorder: what the machine looked like in its last minutes, kept where a hard reset cannot reach.
//! `docs/formats/recorder.md` is the contract.
//!
//! One file of [`RING_BYTES`], made once and then only overwritten in place: a ring of slots of one [`Sample`]
//! each. A slot that is torn never happened; the others do not know of it.

mod codec;
mod past;
mod ring;
mod summary;
#[cfg(test)]
mod tests;
mod text;

pub use codec::{Damaged, SLOT_BYTES};
pub use past::Past;
pub use ring::{RING_BYTES, SLOTS, offset_of, read_ring};
pub use summary::{Largest, Summary};
pub use text::Text;

use crate::ledger::Few;
use defib_engine::host::Pressure;

/// The file's name, in the journal's folder.
pub const FILE_NAME: &str = "recorder.ring";

/// Apps in one sample; of more, those that use most memory.
pub const APPS_MAX: usize = 6;

/// The most bytes of an app's name that are kept.
pub const APP_BYTES: usize = 24;

/// The kernel's own bound (`TASK_COMM_LEN`) without its zero.
pub const COMM_BYTES: usize = 15;

/// The most bytes of a unit's name that are kept.
pub const UNIT_BYTES: usize = 47;

/// One reading of the machine. Every figure is as in [`MachineFacts`](defib_engine::host::MachineFacts).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Grows by one a sample, across boots: its slot is this modulo [`SLOTS`].
    pub seq: u64,
    /// The boot that it was taken in.
    pub boot_id: [u8; 16],
    /// When, in milliseconds of `CLOCK_BOOTTIME`.
    pub boottime_ms: u64,
    /// When, by the wall clock, in milliseconds since 1970; for people.
    pub wall_ms: u64,
    /// Memory was short.
    pub is_short: bool,
    /// Some incident was open.
    pub has_incident: bool,
    /// MemTotal, in kB.
    pub memory_kb: u64,
    /// MemAvailable, in kB.
    pub available_kb: u64,
    /// SwapTotal, in kB.
    pub swap_kb: u64,
    /// SwapFree, in kB.
    pub swap_free_kb: u64,
    /// Pressure; `None` where the kernel does not tell.
    pub pressure: Option<Pressure>,
    /// CPU time used since the reading before, of all there is, in permille.
    pub busy_permille: u16,
    /// CPU time that the hypervisor gave to others, in permille.
    pub steal_permille: u16,
    /// Tasks that could run.
    pub running: u32,
    /// Tasks that waited for a disk.
    pub blocked: u32,
    /// Tasks that there were.
    pub tasks: u64,
    /// Tasks that there might be.
    pub tasks_max: u64,
    /// What the kernel had killed for want of memory; 0 where it was not asked.
    pub oom_kills: u64,
    /// The largest process, where it was looked for.
    pub hog: Option<Hog>,
    /// What the apps used.
    pub apps: Few<AppUse, APPS_MAX>,
}

/// The process with the most memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hog {
    /// Its number.
    pub pid: u32,
    /// Its memory that is not swapped out, in kB.
    pub rss_kb: u64,
    /// Its name, as `ps` shows it.
    pub comm: Text<COMM_BYTES>,
    /// Its unit, or the last part of its control group; empty where it has none.
    pub unit: Text<UNIT_BYTES>,
    /// The guarded app that it belongs to.
    pub app: Option<Text<APP_BYTES>>,
}

/// What one app used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AppUse {
    /// The beginning of its name.
    pub name: Text<APP_BYTES>,
    /// Memory, in kB.
    pub memory_kb: u64,
    /// CPU time since the reading before, of the machine's, in permille.
    pub cpu_permille: u16,
    /// Tasks.
    pub tasks: u32,
}
