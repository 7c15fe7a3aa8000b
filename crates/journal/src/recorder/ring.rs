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
///
/// One allocation of known size: it is made at the start of a process whose memory is locked soon after, and what
/// a list that grows leaves behind would stay.
pub fn read_ring(bytes: &[u8]) -> Vec<Sample> {
    let (slots, _) = bytes.as_chunks::<SLOT_BYTES>();
    let mut samples = Vec::with_capacity(slots.len().min(SLOTS));
    samples.extend(slots.iter().take(SLOTS).filter_map(|slot| Sample::decode(slot).ok()));
    samples.sort_unstable_by_key(|sample| sample.seq);
    samples
}

/// The number of the next sample.
pub fn seq_after(samples: &[Sample]) -> u64 {
    samples.last().map_or(0, |last| last.seq.wrapping_add(1))
}

/// The last samples of the boot before this one; none if it was never recorded.
pub fn of_earlier_boot(samples: &[Sample], boot_id: [u8; 16]) -> &[Sample] {
    let end = samples.iter().rposition(|it| it.boot_id != boot_id).map_or(0, |last| last + 1);
    let Some(last) = samples[..end].last() else { return &[] };
    let begin = samples[..end].iter().rposition(|it| it.boot_id != last.boot_id);
    &samples[begin.map_or(0, |before| before + 1)..end]
}
