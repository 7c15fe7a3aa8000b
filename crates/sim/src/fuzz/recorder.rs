//! The flight recorder's ring: whatever its bytes are, samples come out in the order of time, mean one thing, and are
//! told in one harmless line.

use super::bytes::Bytes;
use super::journal_reader::crc32;
use defib_journal::json::{from_slice, to_vec};
use defib_journal::recorder::{Past, RING_BYTES, SLOT_BYTES, Sample, Summary, read_ring};

const CRC_BYTES: usize = 4;

/// The first byte says whether the rest is a ring as it is, or one whose slots have right beginnings and checksums.
pub fn recorder(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let mends = bytes.coin();
    let mut ring = bytes.rest().to_vec();
    if mends {
        ring.chunks_exact_mut(SLOT_BYTES).for_each(mend);
    }
    ring.truncate(RING_BYTES);
    let samples = read_ring(&ring);
    assert!(samples.len() <= ring.len() / SLOT_BYTES);
    assert!(samples.is_sorted_by_key(|sample| sample.seq));
    assert!(samples.iter().all(means_one_thing));
    ring.resize(RING_BYTES, 0);
    for boot_id in samples.iter().map(|sample| sample.boot_id).take(4).chain([[0; 16]]) {
        let past = past(&ring, boot_id);
        let of_others = |sample: &&Sample| sample.boot_id != boot_id;
        assert_eq!(past.end.is_some(), samples.iter().any(|sample| of_others(&sample)));
        let newest = samples.last().map(|last| last.seq.wrapping_add(1));
        assert_eq!(past.next_seq, newest.unwrap_or(0));
        past.end.iter().for_each(is_told);
    }
}

fn past(ring: &[u8], boot_id: [u8; 16]) -> Past {
    let read = |offset: u64, into: &mut [u8]| {
        let from = offset as usize;
        into.copy_from_slice(&ring[from..from + into.len()]);
        Ok(())
    };
    Past::read(boot_id, read).expect("bytes are always read")
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

fn is_told(summary: &Summary) {
    let told = summary.to_string();
    assert!(told.bytes().all(|byte| (b' '..0x7F).contains(&byte)), "{told:?}");
    assert_eq!(from_slice::<Summary>(&to_vec(summary)).as_ref(), Ok(summary));
}
