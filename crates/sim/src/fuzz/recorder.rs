//! The flight recorder's ring: whatever its bytes are, samples come out in the order of time, mean one thing, and are
//! told in one harmless line.

use super::bytes::Bytes;
use super::journal_reader::crc32;
use defib_journal::json::{from_slice, to_vec};
use defib_journal::recorder::{
    RING_BYTES, SLOT_BYTES, Sample, Summary, of_earlier_boot, offset_of, read_ring, seq_after,
    shortage,
};

const CRC_BYTES: usize = 4;

/// The first byte says whether the rest is a ring as it is, or one whose slots have right beginnings and checksums.
pub fn recorder(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let mends = bytes.coin();
    let mut ring = bytes.rest().to_vec();
    if mends {
        ring.chunks_exact_mut(SLOT_BYTES).for_each(mend);
    }
    let samples = read_ring(&ring);
    assert!(samples.len() <= ring.len() / SLOT_BYTES);
    assert!(samples.is_sorted_by_key(|sample| sample.seq));
    assert!(samples.iter().all(means_one_thing));
    assert!(offset_of(seq_after(&samples)) + SLOT_BYTES as u64 <= RING_BYTES as u64);
    let Some(last) = samples.last() else { return };
    for boot_id in [last.boot_id, [0; 16]] {
        let earlier = of_earlier_boot(&samples, boot_id);
        assert!(earlier.iter().all(|it| it.boot_id != boot_id));
        assert!(earlier.windows(2).all(|two| two[0].boot_id == two[1].boot_id));
        is_told(earlier);
    }
}

/// As `docs/formats/recorder.md` has it.
fn mend(slot: &mut [u8]) {
    slot[..6].copy_from_slice(b"dfFR\x01\x00");
    let crc = crc32(&slot[..SLOT_BYTES - CRC_BYTES]);
    slot[SLOT_BYTES - CRC_BYTES..].copy_from_slice(&crc.to_le_bytes());
}

fn means_one_thing(sample: &Sample) -> bool {
    let mut slot = [0; SLOT_BYTES];
    sample.encode(&mut slot);
    Sample::decode(&slot) == Ok(*sample)
}

fn is_told(samples: &[Sample]) {
    let short = shortage(samples);
    assert!(short.iter().all(|sample| sample.is_short));
    let Some(summary) = Summary::of(samples) else { return assert!(samples.is_empty()) };
    assert_eq!(summary.short_ms.is_some(), !short.is_empty());
    let told = summary.to_string();
    assert!(told.bytes().all(|byte| (b' '..0x7F).contains(&byte)), "{told:?}");
    assert_eq!(from_slice::<Summary>(&to_vec(&summary)).as_ref(), Ok(&summary));
}
