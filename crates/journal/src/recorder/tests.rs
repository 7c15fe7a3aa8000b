//! One round in every slot, whatever the disk kept of it.

use super::*;
use crate::sample::{Dice, Sample as Random, sample_struct, samples};
use proptest::prelude::*;

const BOOTS: [[u8; 16]; 3] = [[1; 16], [2; 16], [3; 16]];

impl<const N: usize> Random for Text<N> {
    fn sample(dice: &mut Dice) -> Self {
        let bytes: Vec<u8> = (0..dice.below(N + 2)).map(|_| dice.byte()).collect();
        Text::of(&bytes)
    }
}

impl<T: Random + Copy, const N: usize> Random for Few<T, N> {
    fn sample(dice: &mut Dice) -> Self {
        let mut few = Few::new();
        (0..dice.below(N + 1)).for_each(|_| few.push(T::sample(dice)));
        few
    }
}

sample_struct!(Sample {
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
sample_struct!(Hog { pid, rss_kb, comm, unit, app });
sample_struct!(AppUse { name, memory_kb, cpu_permille, tasks });
sample_struct!(Summary {
    wall_ms,
    memory_kb,
    available_kb,
    swap_kb,
    swap_free_kb,
    short_ms,
    full_permille,
    busy_permille,
    steal_permille,
    tasks,
    largest,
});
sample_struct!(Largest { pid, comm, rss_kb, unit, app });

fn slot(sample: &Sample) -> [u8; SLOT_BYTES] {
    let mut slot = [0xAA; SLOT_BYTES];
    sample.encode(&mut slot);
    slot
}

fn put(ring: &mut [u8], sample: &Sample) {
    let at = offset_of(sample.seq) as usize;
    ring[at..at + SLOT_BYTES].copy_from_slice(&slot(sample));
}

fn numbered(seq: u64, boot_id: [u8; 16]) -> Sample {
    Sample { seq, boot_id, boottime_ms: seq * 1_000, memory_kb: 560 << 10, ..Sample::default() }
}

fn past(ring: &[u8], boot_id: [u8; 16]) -> Past {
    let read = |offset: u64, into: &mut [u8]| {
        let from = offset as usize;
        into.copy_from_slice(&ring[from..from + into.len()]);
        Ok(())
    };
    Past::read(boot_id, read).expect("bytes are always read")
}

/// What is told of the first boot's end after these samples.
fn end(samples: &[Sample]) -> Summary {
    let mut ring = vec![0; RING_BYTES];
    for sample in samples {
        put(&mut ring, sample);
    }
    past(&ring, BOOTS[2]).end.expect("there are samples")
}

/// With so little left, and this process.
fn short(seq: u64, hog: Option<Hog>) -> Sample {
    Sample { is_short: true, available_kb: 3 << 10, hog, ..numbered(seq, BOOTS[0]) }
}

fn hog(app: Option<&str>) -> Hog {
    let (comm, unit) = (Text::of(b"faulttool"), Text::of(b"cron.service"));
    Hog { pid: 812, rss_kb: 498 << 10, comm, unit, app: app.map(|app| Text::of(app.as_bytes())) }
}

#[test]
fn the_largest_sample_fits_into_its_slot() {
    let full = Text::of(&[b'x'; 300]);
    let mut sample = Sample { pressure: Some(Pressure::default()), ..numbered(7, BOOTS[0]) };
    sample.hog =
        Some(Hog { app: Some(Text::of(&[b'a'; 99])), unit: Text::of(&[b'u'; 99]), ..hog(None) });
    for _ in 0..APPS_MAX {
        sample.apps.push(AppUse { name: full, ..AppUse::default() });
    }
    assert_eq!(Sample::decode(&slot(&sample)), Ok(sample));
}

#[test]
fn a_name_that_somebody_chose_is_harmless() {
    let text: Text<COMM_BYTES> = Text::of("\u{1b}[2Jé\n(x) and more than fits".as_bytes());
    assert_eq!(text.as_str(), "?[2J???(x) and ");
    assert!(Text::<4>::of(b"").is_empty());
}

#[test]
fn a_ring_that_came_round_is_read_in_the_order_of_time() {
    let mut ring = vec![0; RING_BYTES];
    assert_eq!(read_ring(&ring), []);
    let count = SLOTS as u64 + 17;
    for seq in 0..count {
        put(&mut ring, &numbered(seq, BOOTS[0]));
    }
    let samples = read_ring(&ring);
    let kept: Vec<u64> = samples.iter().map(|sample| sample.seq).collect();
    assert_eq!(kept, (17..count).collect::<Vec<u64>>());
    assert_eq!(past(&ring, BOOTS[0]).next_seq, count);
    assert_eq!(past(&vec![0; RING_BYTES], BOOTS[0]), Past::default());
}

#[test]
fn a_slot_torn_at_any_byte_never_happened_and_its_neighbours_did() {
    let mut ring = vec![0; RING_BYTES];
    (0..3).for_each(|seq| put(&mut ring, &numbered(seq, BOOTS[0])));
    let (at, next) = (offset_of(1) as usize, slot(&numbered(1 + SLOTS as u64, BOOTS[0])));
    for torn in 1..SLOT_BYTES {
        let mut ring = ring.clone();
        ring[at..at + torn].copy_from_slice(&next[..torn]);
        let kept: Vec<u64> = read_ring(&ring).iter().map(|sample| sample.seq).collect();
        // The end of a slot is zeros and a checksum: a cut there has either record whole.
        let is_whole = kept == [0, 1, 2] || kept == [0, 2, 1 + SLOTS as u64];
        assert!(kept == [0, 2] || is_whole, "{torn}: {kept:?}");
    }
}

#[test]
fn the_boot_before_is_the_last_that_was_recorded() {
    let mut ring = vec![0; RING_BYTES];
    (0..4).for_each(|seq| put(&mut ring, &Sample { wall_ms: seq, ..numbered(seq, BOOTS[0]) }));
    let end = |ring: &[u8], boot| past(ring, boot).end.map(|end| end.wall_ms);
    assert_eq!(end(&ring, BOOTS[0]), None);
    (4..6).for_each(|seq| put(&mut ring, &Sample { wall_ms: seq, ..numbered(seq, BOOTS[1]) }));
    assert_eq!((end(&ring, BOOTS[1]), end(&ring, BOOTS[2])), (Some(3), Some(5)));
}

/// At this second after the boot.
fn at(seconds: u64, sample: &Sample) -> Sample {
    Sample { boottime_ms: seconds * 1_000, ..*sample }
}

#[test]
fn the_end_is_told_with_how_long_memory_was_short_and_who_had_it() {
    let mut samples = vec![at(9, &numbered(0, BOOTS[0])), at(20, &short(1, None))];
    samples.push(at(25, &short(2, Some(hog(None)))));
    samples.push(at(36, &short(3, Some(hog(None)))));
    samples.push(at(41, &short(4, None)));
    assert_eq!(
        end(&samples).to_string(),
        "memory: 3 MB of 560 left for 21 s; largest process: faulttool (pid 812, 498 MB, not a \
         guarded app, in cron.service)"
    );
    let last = Sample { swap_kb: 100 << 10, ..short(5, Some(hog(Some("shop")))) };
    samples.push(at(42, &last));
    let told = end(&samples).to_string();
    assert!(told.contains("left for 22 s, 0 MB of 100 swap free; "), "{told}");
    assert!(told.ends_with("faulttool (pid 812, 498 MB, of app shop)"), "{told}");
}

#[test]
fn a_shortage_that_is_longer_than_the_ring_is_told_as_far_as_it_reaches() {
    let samples: Vec<Sample> = (0..1_000).map(|seq| at(seq * 5, &short(seq, None))).collect();
    assert_eq!(end(&samples).short_ms, Some((SLOTS as u64 - 1) * 5_000));
}

#[test]
fn what_was_enough_and_what_was_not_seen_is_no_shortage() {
    let enough = Sample { available_kb: 212 << 10, ..numbered(9, BOOTS[0]) };
    let busy = Sample { busy_permille: 1_000, steal_permille: 310, ..enough };
    assert_eq!(
        end(&[short(8, None), busy]).to_string(),
        "memory was not short: 212 MB of 560 left; the CPU was 100 % busy; the host took 31 % of \
         the CPU"
    );
    // Two readings were missed in between: nobody knows what was there.
    assert_eq!(end(&[at(1, &short(1, None)), at(14, &short(2, None))]).short_ms, Some(0));
    // One that was torn was in between, and what is around it is near enough.
    assert_eq!(end(&[at(1, &short(1, None)), at(11, &short(3, None))]).short_ms, Some(10_000));
    let stranger = Sample { boot_id: BOOTS[1], ..short(1, None) };
    assert_eq!(end(&[stranger, short(2, None)]).short_ms, Some(0));
}

#[test]
fn a_ring_of_an_older_boot_says_nothing_of_this_one() {
    let told = Summary { wall_ms: 1_000_000, ..Summary::default() };
    for (last_ms, is_of_the_end) in [(900_000, true), (1_120_000, true), (1_120_001, false)] {
        assert_eq!(told.is_of_the_end(Some(last_ms)), is_of_the_end, "{last_ms}");
    }
    assert!(told.is_of_the_end(None), "a journal that was lost says nothing");
}

proptest! {
    #[test]
    fn what_is_written_is_read(sample in samples::<Sample>()) {
        prop_assert_eq!(Sample::decode(&slot(&sample)), Ok(sample));
    }

    #[test]
    fn any_change_of_one_byte_is_seen(sample in samples::<Sample>(), at in 0..SLOT_BYTES, by in 1_u8..) {
        let mut slot = slot(&sample);
        slot[at] ^= by;
        prop_assert!(Sample::decode(&slot).is_err());
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(read_ring(&bytes).len() <= bytes.len() / SLOT_BYTES);
        let mut ring = bytes;
        ring.resize(RING_BYTES, 0);
        prop_assert!(past(&ring, BOOTS[0]).end.is_none_or(|end| end.to_string().is_ascii()));
    }

    #[test]
    fn a_sentence_is_one_harmless_line(samples in proptest::collection::vec(samples::<Sample>(), 1..9)) {
        let mut ring = vec![0; RING_BYTES];
        for sample in &samples {
            put(&mut ring, sample);
        }
        let told = past(&ring, [9; 16]).end.map(|end| end.to_string()).unwrap_or_default();
        prop_assert!(told.starts_with("memory") && told.bytes().all(|it| (b' '..0x7f).contains(&it)));
    }
}
