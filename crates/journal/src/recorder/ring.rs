//! Where a sample goes in the file, and the samples of a file in the order of time.

use super::{SLOT_BYTES, Sample};

/// Five minutes at one sample a second, the most that pressure brings, and 26 min at one each 5 s.
pub const SLOTS: usize = 320;

/// The file's size, always.
pub const RING_BYTES: usize = SLOTS * SLOT_BYTES;

/// Where the sample of this number goes.
pub const fn offset_of(seq: u64) -> u64 {
    seq % SLOTS as u64 * SLOT_BYTES as u64
}

/// All samples that can be believed, oldest first. Whatever else the bytes hold is left out.
pub fn read_ring(bytes: &[u8]) -> Vec<Sample> {
    let (slots, _) = bytes.as_chunks::<SLOT_BYTES>();
    let mut samples: Vec<Sample> =
        slots.iter().take(SLOTS).filter_map(|slot| Sample::decode(slot).ok()).collect();
    samples.sort_by_key(|sample| sample.seq);
    samples
}
