//! The bytes of one slot.

use super::{AppUse, Hog, Sample};
use crate::malformed::Malformed;
use crate::wire::{Pen, Source, Wire, wire_struct};
use defib_engine::host::Pressure;
use std::fmt;

/// One slot: a sector of the disk, so that a power cut leaves the old one or the new one on most.
pub const SLOT_BYTES: usize = 512;

const MAGIC: [u8; 4] = *b"dfFR";
const VERSION: u16 = 1;
const CRC_BYTES: usize = 4;
/// The fields take 470 bytes at most; the rest is for later ones. They come after those that are there, and
/// what is zero in an older record must read as their absence.
const BODY_BYTES: usize = SLOT_BYTES - CRC_BYTES;

/// Why a slot is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damaged {
    /// It was never written.
    Empty,
    /// It does not begin as one does, or its checksum is wrong: it never happened.
    Torn,
    /// Another version of defib wrote it.
    Version(u16),
    /// Its checksum is right and its contents are not.
    Malformed(Malformed),
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damaged::Empty => f.write_str("the slot was never written"),
            Damaged::Torn => f.write_str("the slot is torn"),
            Damaged::Version(version) => {
                write!(f, "recorder version {version}; this defib knows {VERSION}")
            }
            Damaged::Malformed(why) => write!(f, "the slot makes no sense: {why}"),
        }
    }
}

impl std::error::Error for Damaged {}

impl From<Malformed> for Damaged {
    fn from(why: Malformed) -> Damaged {
        Damaged::Malformed(why)
    }
}

impl Sample {
    /// Writes the whole slot. Allocates nothing.
    pub fn encode(&self, slot: &mut [u8; SLOT_BYTES]) {
        let (body, crc) = slot.split_at_mut(BODY_BYTES);
        let mut pen = Pen::new(body);
        pen.put(&MAGIC);
        VERSION.put(&mut pen);
        self.put(&mut pen);
        pen.pad_to(BODY_BYTES);
        crc.copy_from_slice(&crc32fast::hash(body).to_le_bytes());
    }

    /// What a slot holds.
    pub fn decode(slot: &[u8; SLOT_BYTES]) -> Result<Sample, Damaged> {
        if slot.iter().all(|byte| *byte == 0) {
            return Err(Damaged::Empty);
        }
        let (body, crc) = slot.split_at(BODY_BYTES);
        if !body.starts_with(&MAGIC) || crc != crc32fast::hash(body).to_le_bytes() {
            return Err(Damaged::Torn);
        }
        let mut source = Source::new(&body[MAGIC.len()..]);
        match u16::take(&mut source)? {
            VERSION => Ok(Sample::take(&mut source)?),
            version => Err(Damaged::Version(version)),
        }
    }
}

wire_struct!(Sample {
    seq,
    boot_id,
    boottime_ms,
    wall_ms,
    is_short,
    has_incident,
    memory_kb,
    available_kb,
    swap_kb,
    swap_free_kb,
    pressure,
    busy_permille,
    steal_permille,
    running,
    blocked,
    tasks,
    tasks_max,
    oom_kills,
    hog,
    apps,
});
wire_struct!(Pressure { memory_some, memory_full, cpu_some, io_some, io_full });
wire_struct!(Hog { pid, rss_kb, comm, unit, app });
wire_struct!(AppUse { name, memory_kb, cpu_permille, tasks });
