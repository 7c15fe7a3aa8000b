//! Any bytes as the journal's files: nothing is read that is not there with a right checksum, and the writer goes on
//! behind it.

use super::bytes::Bytes;
use crate::chance::Chance;
use crate::disk::Disk;
use defib_engine::event::Event;
use defib_engine::time::Moment;
use defib_journal::files::{Limits, Reader, Writer, tail_from_last_checkpoint_in};
use defib_journal::line::{Entry, Line};
use std::borrow::Cow;
use std::rc::Rc;

const NAMES: [&str; 4] = ["20261122.jsonl", "20261122-1.jsonl", "20261123.jsonl", "notes.txt"];

/// A byte for what is done to it, then up to three files with a zero byte between them.
pub fn journal_reader(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let mends_checksums = bytes.coin();
    let disk = Disk::new(Chance::new(0, "fuzz"));
    let mut raw = Vec::new();
    for (name, part) in NAMES.iter().zip(bytes.rest().split(|byte| *byte == 0)) {
        let mut file = part.to_vec();
        if mends_checksums {
            mend(&mut file);
        }
        disk.put(name, &file);
        raw.extend(file.split(|byte| *byte == b'\n').map(<[u8]>::to_vec));
    }
    let before = read(&disk);
    judge(&before, &raw);
    goes_on(&disk, &before);
}

fn read(disk: &Disk) -> Vec<Entry> {
    let mut reader = Reader::open_in(disk.mount().storage()).expect("a folder");
    std::iter::from_fn(|| reader.next_entry().expect("readable")).collect()
}

fn judge(entries: &[Entry], raw: &[Vec<u8>]) {
    let mut last = 0;
    for entry in entries {
        assert!(entry.seq > last, "{} after {last}", entry.seq);
        last = entry.seq;
        // Blanks may stand between the fields.
        let number = entry.seq.to_string();
        let has_it = |line: &Vec<u8>| line.windows(number.len()).any(|at| at == number.as_bytes());
        let is_there = raw.iter().any(|line| has_it(line) && is_right(line));
        assert!(is_there, "read and not there: {entry:?}");
    }
}

/// A writer takes the files up, and what it writes is read; nothing else changes.
fn goes_on(disk: &Disk, before: &[Entry]) {
    let mount = disk.mount();
    let storage = mount.storage();
    if let Some(tail) = tail_from_last_checkpoint_in(&storage).expect("readable") {
        assert!(before.iter().any(|entry| entry.seq == tail.seq));
        let mut entries = tail.entries;
        while let Some(entry) = entries.next_entry().expect("readable") {
            assert!(entry.seq > tail.seq);
        }
    }
    let mut writer = Writer::open_in(Rc::clone(&storage), Limits::default()).expect("a writer");
    let next = writer.next_seq();
    // The writer reads the newest file with a good line alone: numbers rise from file to file. Where somebody has put an
    // old file before a journal that began anew, readers pass over what is below its numbers.
    let falls = before.iter().any(|entry| entry.seq >= next);
    if falls || next == u64::MAX {
        return;
    }
    let line = Line::Event { event: Cow::Owned(Event::Woke) };
    assert_eq!(writer.append(1_795_305_600_000, Moment(1), &line).ok(), Some(next));
    writer.sync().expect("synced");
    let after = read(disk);
    assert_eq!(after.last().map(|entry| entry.seq), Some(next));
    assert_eq!(&after[..after.len() - 1], before);
}

/// The checksum of a line, computed without the journal's code.
fn is_right(line: &[u8]) -> bool {
    let Some((body, tail)) = line.split_at_checked(line.len().saturating_sub(TAIL_BYTES)) else {
        return false;
    };
    tail == tail_of(body)
}

/// `,"crc":"12345678"}`
const TAIL_BYTES: usize = 18;

fn tail_of(body: &[u8]) -> Vec<u8> {
    format!(",\"crc\":\"{:08x}\"}}", crc32(body)).into_bytes()
}

/// Gives each line that has a checksum the right one: a fuzzer does not guess it.
fn mend(file: &mut [u8]) {
    for line in file.split_mut(|byte| *byte == b'\n') {
        let Some(split) = line.len().checked_sub(TAIL_BYTES) else { continue };
        let (body, tail) = line.split_at_mut(split);
        if tail.starts_with(b",\"crc\":\"") {
            tail.copy_from_slice(&tail_of(body));
        }
    }
}

/// CRC-32 as IEEE 802.3 has it, bit by bit.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}
