//! The ledger's two files, and what becomes of them when power or writer fail.

use super::seat::Seat;
use crate::plan::{CrashPoint, DiskFault, DiskName};
use defib_executor::boundary::Slots;
use defib_journal::ledger::{Ledger, SLOT_BYTES, Slot};
use std::cell::RefCell;
use std::io;

/// A page of the page cache: a write that is cut off leaves whole pages.
const PAGE_BYTES: usize = 4096;

const EIO: i32 = 5;
const EROFS: i32 = 30;

/// A file of two slots. Clones of its owner share it.
#[derive(Debug)]
pub(super) struct LedgerFile {
    pub(super) name: DiskName,
    slots: RefCell<[SlotBytes; 2]>,
}

/// One slot: as every process sees it, and as it is after a power cut.
#[derive(Clone, Debug, Default)]
struct SlotBytes {
    seen: Vec<u8>,
    durable: Vec<u8>,
}

const fn index(slot: Slot) -> usize {
    match slot {
        Slot::A => 0,
        Slot::B => 1,
    }
}

impl LedgerFile {
    pub(super) fn new(name: DiskName) -> LedgerFile {
        LedgerFile { name, slots: RefCell::default() }
    }

    /// A tmpfs is empty after a boot.
    pub(super) fn wipe(&self) {
        *self.slots.borrow_mut() = Default::default();
    }

    pub(super) fn lose_power(&self) {
        for slot in self.slots.borrow_mut().iter_mut() {
            slot.seen = slot.durable.clone();
        }
    }

    /// The highest intent that the file knows of.
    pub(super) fn last_intent(&self) -> u64 {
        let slots = self.slots.borrow();
        let ledgers = slots.iter().filter_map(|slot| Ledger::decode_slot(&slot.seen).ok());
        ledgers.map(|ledger| ledger.last_intent).max().unwrap_or(0)
    }

    pub(super) fn read(&self, slot: Slot, into: &mut [u8]) -> usize {
        let slots = self.slots.borrow();
        let seen = &slots[index(slot)].seen;
        let len = seen.len().min(into.len());
        into[..len].copy_from_slice(&seen[..len]);
        len
    }

    /// Puts `len` bytes where the slot was; what follows them stays.
    pub(super) fn put(&self, slot: Slot, bytes: &[u8], is_durable: bool) {
        let mut slots = self.slots.borrow_mut();
        let slot = &mut slots[index(slot)];
        overlay(&mut slot.seen, bytes);
        if is_durable {
            overlay(&mut slot.durable, bytes);
        }
    }

    /// The write is under way and the power fails: some of its sectors are on the disk.
    pub(super) fn tear(&self, slot: Slot, bytes: &[u8], len: usize) {
        overlay(&mut self.slots.borrow_mut()[index(slot)].durable, &bytes[..len.min(bytes.len())]);
    }
}

fn overlay(old: &mut Vec<u8>, fresh: &[u8]) {
    if old.len() < fresh.len() {
        // The file has its whole length from the beginning.
        old.resize(SLOT_BYTES, 0);
    }
    old[..fresh.len()].copy_from_slice(fresh);
}

/// The fast copy as the executor's loop writes it.
#[derive(Debug)]
pub(super) struct Fast(pub(super) Seat);

impl Slots for Fast {
    fn read(&self, slot: Slot, bytes: &mut [u8]) -> usize {
        self.0.ground().0.fast.read(slot, bytes)
    }

    fn write(&self, slot: Slot, bytes: &[u8]) -> io::Result<()> {
        self.0.write_durably(&self.0.ground().0.fast, slot, bytes)?;
        self.0.tell_intents(bytes);
        Ok(())
    }
}

/// The disk copy as its helper writes it.
#[derive(Debug)]
pub(super) struct OnDisk(pub(super) Seat);

impl Slots for OnDisk {
    fn read(&self, slot: Slot, bytes: &mut [u8]) -> usize {
        self.0.ground().0.disk.read(slot, bytes)
    }

    fn write(&self, slot: Slot, bytes: &[u8]) -> io::Result<()> {
        self.0.write_durably(&self.0.ground().0.disk, slot, bytes)
    }
}

impl Seat {
    /// One pwrite and one fdatasync: as far as the disk, and a death at this very write, let them.
    fn write_durably(&self, file: &LedgerFile, slot: Slot, bytes: &[u8]) -> io::Result<()> {
        if self.is_dead() {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        self.may_call()?;
        match self.ground().0.doom.meet() {
            None => {}
            Some(point) => {
                let len = match point {
                    CrashPoint::Before => 0,
                    CrashPoint::Torn => self.torn_len(bytes.len()),
                    CrashPoint::After => bytes.len(),
                };
                // On a tmpfs what is written is as durable as it ever gets.
                file.put(slot, &bytes[..len], file.name == DiskName::Run || len == bytes.len());
                if len == bytes.len() && file.name == DiskName::Run {
                    self.tell_intents(bytes);
                }
                self.die();
                return Err(io::Error::from_raw_os_error(EIO));
            }
        }
        let now_ms = self.world_now_ms();
        let fault = self.world().machine().disk_fault(file.name, now_ms);
        match (file.name, fault) {
            (_, Some(DiskFault::ReadOnly)) => return Err(io::Error::from_raw_os_error(EROFS)),
            (DiskName::State, Some(DiskFault::SyncFails)) => {
                file.put(slot, bytes, false);
                return Err(io::Error::from_raw_os_error(EIO));
            }
            // Only the loop waits here; the helper's time has passed before it comes to this.
            (DiskName::Run, Some(DiskFault::Slow { ms })) => self.delay(ms),
            // A full disk does not matter, for the file has its space since it was made; and a tmpfs has
            // nothing to sync to.
            _ => {}
        }
        file.put(slot, bytes, true);
        Ok(())
    }

    /// How much of a write is there when its writer dies in the middle.
    pub(super) fn torn_len(&self, len: usize) -> usize {
        let pages = len.div_ceil(PAGE_BYTES) as u64;
        (self.ground().between(0, pages) as usize * PAGE_BYTES).min(len.saturating_sub(1))
    }

    /// Facts about intents, from what is durable now: not from what the executor believes.
    fn tell_intents(&self, bytes: &[u8]) {
        for fact in self.newly_durable(bytes) {
            self.world().tell(fact);
        }
    }
}
