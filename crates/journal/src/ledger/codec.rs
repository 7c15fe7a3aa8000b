//! The bytes of one slot: a header of fixed size, one record of fixed size an app, a checksum.

use super::{
    APPS_MAX, ActCharge, AppRecord, Farewell, Few, IntentRecord, KnownProcess, Ledger, NAME_MAX,
    Name, RebootCharge, RebootMark, SLOT_BYTES, WatchdogMark, WatchdogRecord,
};
use crate::boot::{BootEnding, LastBoot, TraceSet};
use crate::malformed::Malformed;
use crate::wire::{Pen, Source, Wire, wire_enum, wire_newtype, wire_struct};
use std::fmt;

const MAGIC: [u8; 8] = *b"defibLGR";
const VERSION: u16 = 1;
/// The fields take 1858 bytes at most; the rest is for later ones. They come after those that are there,
/// and what is zero in an older record must read as their absence.
const HEADER_BYTES: usize = 2048;
/// The fields take 489 bytes at most.
const RECORD_BYTES: usize = 512;
const CRC_BYTES: usize = 4;
const _: () = assert!(HEADER_BYTES + APPS_MAX * RECORD_BYTES + CRC_BYTES <= SLOT_BYTES);

/// Why a slot is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damaged {
    /// It was never written: nothing is there, or only zeros.
    Empty,
    /// It does not begin as a ledger does.
    Magic,
    /// Another version of defib wrote it.
    Version(u16),
    /// It is cut short, or its checksum is wrong.
    Checksum,
    /// Its checksum is right and its contents are not.
    Malformed(Malformed),
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damaged::Empty => f.write_str("the slot was never written"),
            Damaged::Magic => f.write_str("this is no ledger of defib"),
            Damaged::Version(version) => {
                write!(f, "ledger version {version}; this defib knows {VERSION}")
            }
            Damaged::Checksum => f.write_str("the slot is torn: its checksum is wrong"),
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

impl Ledger {
    /// Writes the next record, numbered [`seq`](Ledger::seq) + 1, and says how many bytes of the
    /// slot it takes. What follows them in the file does not matter.
    pub fn encode_slot(&self, slot: &mut [u8; SLOT_BYTES]) -> usize {
        let mut pen = Pen::new(slot);
        pen.put(&MAGIC);
        VERSION.put(&mut pen);
        (self.apps.len() as u16).put(&mut pen);
        self.seq.wrapping_add(1).put(&mut pen);
        self.boot_id.put(&mut pen);
        self.line_offset_ms.put(&mut pen);
        self.stamp_boottime_ms.put(&mut pen);
        self.last_intent.put(&mut pen);
        self.reboots.put(&mut pen);
        self.watchdog.put(&mut pen);
        self.reboot_mark.put(&mut pen);
        self.farewell.put(&mut pen);
        self.last_boot.put(&mut pen);
        self.vain.put(&mut pen);
        pen.pad_to(HEADER_BYTES);
        for (index, app) in self.apps.iter().enumerate() {
            app.put(&mut pen);
            pen.pad_to(HEADER_BYTES + (index + 1) * RECORD_BYTES);
        }
        crc32fast::hash(pen.written()).put(&mut pen);
        // The sizes above are bounds, so it fits; a length of 0 could never be read back as a ledger.
        pen.finish().unwrap_or(0)
    }

    /// The ledger that a slot holds; `slot` may be longer than the record, or cut short.
    pub fn decode_slot(slot: &[u8]) -> Result<Ledger, Damaged> {
        if slot.iter().all(|byte| *byte == 0) {
            return Err(Damaged::Empty);
        }
        let mut source = Source::new(slot);
        if source.take(MAGIC.len()).map_err(|_| Damaged::Checksum)? != MAGIC {
            return Err(Damaged::Magic);
        }
        let version = u16::take(&mut source).map_err(|_| Damaged::Checksum)?;
        if version != VERSION {
            return Err(Damaged::Version(version));
        }
        let app_count = usize::from(u16::take(&mut source).map_err(|_| Damaged::Checksum)?);
        let end = HEADER_BYTES + app_count * RECORD_BYTES;
        check_crc(slot, end)?;
        if app_count > APPS_MAX {
            return Err(Damaged::Malformed(Malformed::TooLong));
        }
        let mut ledger = take_header(&mut source)?;
        for record in slot[HEADER_BYTES..end].chunks_exact(RECORD_BYTES) {
            ledger.apps.push(AppRecord::take(&mut Source::new(record))?);
        }
        Ok(ledger)
    }
}

fn check_crc(slot: &[u8], end: usize) -> Result<(), Damaged> {
    let stored = slot.get(end..end + CRC_BYTES).ok_or(Damaged::Checksum)?;
    if stored == crc32fast::hash(&slot[..end]).to_le_bytes() {
        Ok(())
    } else {
        Err(Damaged::Checksum)
    }
}

fn take_header(source: &mut Source<'_>) -> Result<Ledger, Malformed> {
    Ok(Ledger {
        seq: u64::take(source)?,
        boot_id: Wire::take(source)?,
        line_offset_ms: u64::take(source)?,
        stamp_boottime_ms: u64::take(source)?,
        last_intent: u64::take(source)?,
        reboots: Few::take(source)?,
        watchdog: Wire::take(source)?,
        reboot_mark: Wire::take(source)?,
        farewell: Wire::take(source)?,
        last_boot: Wire::take(source)?,
        vain: Few::take(source)?,
        apps: Vec::with_capacity(APPS_MAX),
    })
}

wire_struct!(RebootCharge { app, at });
wire_struct!(WatchdogRecord { boot_id, mark });
wire_enum!(WatchdogMark { 0 = Armed, 1 = Disarmed, 2 = Starved, 3 = LeftArmed });
wire_struct!(RebootMark { boot_id, intent, app, incident, class, step });
wire_struct!(Farewell { boot_id, boottime_ms, is_shutdown });
wire_struct!(LastBoot { boot_id, ending, reboot, traces, last_wall_ms, began_wall_ms });
wire_newtype!(TraceSet);
wire_enum!(BootEnding {
    0 = Ours,
    1 = Watchdog,
    2 = Reset,
    3 = Panic,
    4 = OutOfMemory,
    5 = Orderly,
    6 = Cut,
    7 = Unknown,
});
wire_struct!(AppRecord { name, process, start_count, last_start, ladder, gentle, intents });
wire_struct!(KnownProcess { identity, boot_id });
wire_struct!(ActCharge { rung, at });
wire_struct!(IntentRecord { intent, rung, purse, at, outcome });

impl Wire for Name {
    fn put(&self, pen: &mut Pen<'_>) {
        (self.as_str().len() as u8).put(pen);
        pen.put(self.as_str().as_bytes());
    }

    fn take(source: &mut Source<'_>) -> Result<Self, Malformed> {
        let length = usize::from(u8::take(source)?);
        if length > NAME_MAX {
            return Err(Malformed::TooLong);
        }
        let text = std::str::from_utf8(source.take(length)?).map_err(|_| Malformed::Utf8)?;
        Name::new(text).ok_or(Malformed::Short)
    }
}

impl<T: Wire + Copy, const N: usize> Wire for Few<T, N> {
    fn put(&self, pen: &mut Pen<'_>) {
        (self.len() as u8).put(pen);
        self.iter().for_each(|value| value.put(pen));
    }

    fn take(source: &mut Source<'_>) -> Result<Self, Malformed> {
        let count = usize::from(u8::take(source)?);
        if count > N {
            return Err(Malformed::TooLong);
        }
        let mut few = Few::new();
        for _ in 0..count {
            few.push(T::take(source)?);
        }
        Ok(few)
    }
}
