//! Where the ledger is kept: two copies of two slots each.

use defib_journal::ledger::{Damaged, Ledger, SLOT_BYTES, Slot};
use std::io;
use std::os::fd::BorrowedFd;

/// A file of two slots.
pub trait Slots {
    /// Reads one slot from its beginning; how many bytes could be read.
    fn read(&self, slot: Slot, bytes: &mut [u8]) -> usize;

    /// Writes one slot and waits until it is durable.
    fn write(&self, slot: Slot, bytes: &[u8]) -> io::Result<()>;
}

fn decode(file: &dyn Slots, slot: Slot) -> Result<Ledger, Damaged> {
    let mut bytes = vec![0; SLOT_BYTES];
    let len = file.read(slot, &mut bytes);
    Ledger::decode_slot(&bytes[..len])
}

/// The newest ledger of a file.
pub fn newest(file: &dyn Slots) -> Result<Ledger, Damaged> {
    Ledger::newest(decode(file, Slot::A), decode(file, Slot::B))
}

/// A record on its way to the disk.
#[derive(Debug)]
pub struct DiskJob {
    /// Its number.
    pub seq: u64,
    /// The slot's bytes.
    pub bytes: Vec<u8>,
}

/// Why a record was not taken.
#[derive(Debug)]
pub enum NotTaken {
    /// One is being written and one waits.
    Full(DiskJob),
    /// The helper is gone.
    Gone(DiskJob),
}

/// The helper that writes the disk copy while we go on: a sick disk may hold a write for ever.
pub trait DiskWriter {
    /// Gives it a record.
    fn offer(&mut self, job: DiskJob) -> Result<(), NotTaken>;

    /// The next record that it is done with, and whether that is durable.
    fn done(&mut self) -> Option<(u64, bool)>;

    /// What becomes readable when it is done with one. A simulated helper wakes us with
    /// [`Token::Disk`](super::Token::Disk).
    fn fd(&self) -> Option<BorrowedFd<'_>>;
}

/// The disk copy's slots take turns by themselves, whatever the record's number: records are left out
/// when the disk is slow, and the slot that is not written must stay whole.
#[derive(Clone, Copy, Debug)]
pub struct Turns {
    next: Slot,
}

impl Turns {
    /// The older of the file's slots is the next.
    pub fn of(file: &dyn Slots) -> Turns {
        let seq = |slot| decode(file, slot).map_or(0, |ledger| ledger.seq);
        Turns { next: if seq(Slot::A) <= seq(Slot::B) { Slot::A } else { Slot::B } }
    }

    /// The slot whose turn it is.
    pub fn next(&self) -> Slot {
        self.next
    }

    /// Writes a record to the slot whose turn it is.
    pub fn write(&mut self, file: &dyn Slots, bytes: &[u8]) -> io::Result<()> {
        file.write(self.next, bytes)?;
        self.next = match self.next {
            Slot::A => Slot::B,
            Slot::B => Slot::A,
        };
        Ok(())
    }
}

/// What the executor is given of the ledger.
pub struct Copies {
    /// The fast copy: it survives us, not the machine. Each act waits for it.
    pub fast: Box<dyn Slots>,
    /// Its name, for people.
    pub fast_name: String,
    /// The newest record of the disk copy: it survives the machine.
    pub on_disk: Result<Ledger, Damaged>,
    /// What writes the disk copy. Only a machine rung waits for it.
    pub writer: Box<dyn DiskWriter>,
}
