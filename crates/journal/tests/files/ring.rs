//! The flight recorder's file on a real disk, and behind one that stalls.

use crate::gate::{Bench, until_in_time};
use defib_journal::files::{Folder, Ring, Storage};
use defib_journal::recorder::{FILE_NAME, RING_BYTES, SLOT_BYTES, Sample, offset_of, read_ring};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

fn slot(seq: u64) -> [u8; SLOT_BYTES] {
    let mut slot = [0; SLOT_BYTES];
    Sample { seq, ..Sample::default() }.encode(&mut slot);
    slot
}

fn put(ring: &mut dyn Ring, seq: u64, is_durable: bool) -> io::Result<()> {
    ring.write(offset_of(seq), &slot(seq), is_durable)
}

fn seqs(bytes: &[u8]) -> Vec<u64> {
    read_ring(bytes).iter().map(|sample| sample.seq).collect()
}

fn all(ring: &mut dyn Ring) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; RING_BYTES];
    ring.read(0, &mut bytes).map(|()| bytes)
}

fn is_late(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut
}

#[test]
fn it_has_its_place_on_the_disk_before_the_first_slot_and_never_grows() {
    let bench = Bench::new();
    let path = bench.folder.path().join(FILE_NAME);
    let mut ring = bench.storage.open_ring(FILE_NAME, RING_BYTES).unwrap();
    let made = path.metadata().unwrap();
    assert_eq!(made.len(), RING_BYTES as u64);
    assert!(made.blocks() * 512 >= RING_BYTES as u64, "no hole: a full disk cannot matter later");
    assert_eq!(seqs(&all(&mut *ring).unwrap()), []);
    for seq in 0..1_000 {
        until_in_time(|| put(&mut *ring, seq, false));
    }
    assert_eq!(seqs(&all(&mut *ring).unwrap()), (680..1_000).collect::<Vec<u64>>());
    assert_eq!(path.metadata().unwrap().len(), RING_BYTES as u64);
}

#[test]
fn what_was_written_is_there_after_a_kill_and_a_file_of_another_size_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Folder::at(folder.path());
    let path = folder.path().join(FILE_NAME);
    for length in [0, 700, RING_BYTES + 4_096] {
        let mut bytes = slot(0).to_vec();
        bytes.resize(length, 0xFF);
        std::fs::write(&path, &bytes).unwrap();
        let mut ring = storage.open_ring(FILE_NAME, RING_BYTES).unwrap();
        let expected = if length == 0 { vec![] } else { vec![0] };
        assert_eq!(seqs(&all(&mut *ring).unwrap()), expected, "{length}");
        put(&mut *ring, 1, true).unwrap();
        // Nobody closes anything in a crash.
        std::mem::forget(ring);
        assert_eq!(path.metadata().unwrap().len(), RING_BYTES as u64);
        assert_eq!(seqs(&std::fs::read(&path).unwrap()).last(), Some(&1));
    }
}

#[test]
fn where_nothing_can_be_written_it_says_so_at_once() {
    let full = Folder::at(std::path::Path::new("/dev")).open_ring("full", RING_BYTES);
    assert_eq!(full.err().and_then(|error| error.raw_os_error()), Some(28), "no space left");
    let nowhere = Folder::at(std::path::Path::new("/proc"));
    assert!(nowhere.open_ring(FILE_NAME, RING_BYTES).is_err());
}

#[test]
fn nobody_waits_for_a_slot_and_a_stalled_one_takes_no_other() {
    let bench = Bench::new();
    let mut ring = bench.storage.open_ring(FILE_NAME, RING_BYTES).unwrap();
    let stall = bench.gate.shut();
    let began = Instant::now();
    put(&mut *ring, 0, true).unwrap();
    for seq in 1..100 {
        assert!(put(&mut *ring, seq, true).is_err_and(|error| is_late(&error)));
    }
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    drop(stall);
    until_in_time(|| put(&mut *ring, 100, true));
    assert_eq!(seqs(&until_in_time(|| all(&mut *ring))), [0, 100]);
}

#[test]
fn the_journal_waits_for_a_slot_as_for_a_thing_of_its_own_and_only_once() {
    let bench = Bench::new();
    let mut ring = bench.storage.open_ring(FILE_NAME, RING_BYTES).unwrap();
    let mut sheet = bench.storage.append_to("sheet").unwrap();
    // A slot that is out makes no disk late.
    for seq in 0..200 {
        until_in_time(|| put(&mut *ring, seq, true));
        sheet.append(b"x").unwrap();
    }
    let stall = bench.gate.shut();
    until_in_time(|| put(&mut *ring, 200, true));
    let began = Instant::now();
    assert!(is_late(&sheet.append(b"x").unwrap_err()));
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let again = Instant::now();
    for _ in 0..100 {
        assert!(is_late(&sheet.append(b"x").unwrap_err()));
    }
    assert!(again.elapsed() < Duration::from_millis(500), "{:?}", again.elapsed());
    drop(stall);
    until_in_time(|| sheet.append(b"x"));
    assert_eq!(until_in_time(|| sheet.bytes()), 201);
}

#[test]
fn a_slot_that_failed_is_told_by_the_next() {
    let bench = Bench::new();
    let mut ring = bench.storage.open_ring(FILE_NAME, RING_BYTES).unwrap();
    bench.gate.sync_fails.store(true, Ordering::Relaxed);
    put(&mut *ring, 0, true).unwrap();
    let mut said = None;
    until_in_time(|| match put(&mut *ring, 1, true) {
        Err(error) if is_late(&error) => Err(error),
        other => {
            said = Some(other);
            Ok(())
        }
    });
    assert_eq!(said.unwrap().unwrap_err().raw_os_error(), Some(5));
    until_in_time(|| put(&mut *ring, 2, true));
    assert_eq!(seqs(&until_in_time(|| all(&mut *ring))), [1, 2]);
}
