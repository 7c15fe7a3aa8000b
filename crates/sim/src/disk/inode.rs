//! One file: what is read in it, and what of that is on the disk.

use super::spans::Spans;
use crate::chance::Chance;

/// What is written at once from memory to the disk (a page of the page cache).
const PAGE: usize = 4096;

/// Bytes, all of them readable; as files only grow, what was once durable stays so.
#[derive(Debug, Default)]
pub(super) struct Inode {
    bytes: Vec<u8>,
    /// Written, not yet synced.
    dirty: Spans,
    /// Dropped by a failed sync: not on the disk, and readable until its memory is taken or the power fails.
    gone: Spans,
    /// The length that a power cut leaves at least.
    durable_len: usize,
    /// No name leads to it.
    pub(super) removed: bool,
}

impl Inode {
    pub(super) fn durable(bytes: &[u8]) -> Inode {
        Inode { bytes: bytes.to_vec(), durable_len: bytes.len(), ..Inode::default() }
    }

    pub(super) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.dirty.add(from..self.bytes.len());
        // The page that grows is written whole: what a failed sync dropped of it comes back.
        let page = from / PAGE * PAGE;
        for range in self.gone.take_within(&(page..page + PAGE)) {
            self.dirty.add(range);
        }
    }

    /// Everything but what an earlier failure dropped is durable.
    pub(super) fn sync(&mut self) {
        self.dirty = Spans::default();
        self.durable_len = self.bytes.len();
    }

    /// The same for its first bytes.
    pub(super) fn sync_to(&mut self, len: usize) {
        self.dirty.take_within(&(0..len));
        self.durable_len = self.durable_len.max(len);
    }

    /// Each dirty page is on the disk or dropped, and none is dirty any more.
    pub(super) fn fail_to_sync(&mut self, chance: &mut Chance) {
        for page in self.dirty.take_pieces(PAGE) {
            if chance.below(2) == 0 {
                self.gone.add(page);
            }
        }
    }

    /// Memory is taken from the page cache: what is read from now on is what is on the disk.
    pub(super) fn evict(&mut self) {
        for range in std::mem::take(&mut self.gone).iter() {
            self.bytes[range].fill(0);
        }
    }

    /// What a power cut leaves: of what was dirty each of `pieces` that is not kept is zeros, and the
    /// file ends somewhere between its durable and its last length.
    pub(super) fn cut(&mut self, keep: Keep, chance: &mut Chance) {
        self.evict();
        let longest = self.bytes.len();
        let len = match keep {
            Keep::All => longest,
            Keep::Nothing => self.durable_len,
            Keep::Beginning | Keep::Some => {
                chance.between(self.durable_len as u64, longest as u64) as usize
            }
        };
        for sector in self.dirty.take_pieces(SECTOR) {
            let lost = keep == Keep::Nothing || (keep == Keep::Some && chance.below(2) == 0);
            if lost {
                self.bytes[sector].fill(0);
            }
        }
        self.bytes.truncate(len.max(self.durable_len));
        self.durable_len = self.bytes.len();
    }
}

/// What a disk writes at once.
const SECTOR: usize = 512;

/// What a power cut leaves of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// It was all written just before.
    All,
    Nothing,
    /// Up to some byte.
    Beginning,
    /// Any sectors of it, and the length was written on its own.
    Some,
}
