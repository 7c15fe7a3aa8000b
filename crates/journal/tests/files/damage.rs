//! Whatever the files hold: what is whole is read, what is not never happened, and the writer
//! changes nothing of it.

use crate::support::{
    DAY_BEGIN_MS, append, checkpoint, files, message, policy_line, read_all, seqs, woke,
};
use defib_journal::files::{Limits, Reader, Writer, tail_from_last_checkpoint};
use std::fs;
use tempfile::tempdir;

/// One file of three lines, and where each of them begins.
fn three_lines() -> (Vec<u8>, Vec<usize>) {
    let folder = tempdir().expect("a folder");
    let mut writer = Writer::open(folder.path(), Limits::default()).expect("a writer");
    for text in ["one", "two", "three"] {
        append(&mut writer, DAY_BEGIN_MS, &message(text));
    }
    writer.sync().expect("synced");
    let bytes = fs::read(&files(folder.path())[0]).expect("readable");
    let newlines = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let begins = [0].into_iter().chain(newlines.map(|(at, _)| at + 1)).collect();
    (bytes, begins)
}

#[test]
fn a_tail_torn_at_any_byte_never_happened_and_writing_goes_on() {
    let (bytes, begins) = three_lines();
    for end in 0..=bytes.len() {
        let folder = tempdir().expect("a folder");
        let file = folder.path().join("20261122.jsonl");
        fs::write(&file, &bytes[..end]).expect("written");
        // A line without its newline is whole: its checksum is its last field.
        let whole = begins[1..].iter().filter(|begin| end + 1 >= **begin).count() as u64;
        assert_eq!(seqs(folder.path()), (1..=whole).collect::<Vec<_>>(), "torn at {end}");

        let mut writer = Writer::open(folder.path(), Limits::default()).expect("a writer");
        assert_eq!(writer.next_seq(), whole + 1);
        append(&mut writer, DAY_BEGIN_MS, &woke());
        writer.flush().expect("written");
        assert_eq!(seqs(folder.path()), (1..=whole + 1).collect::<Vec<_>>());
        let torn = !begins.iter().any(|begin| end == *begin || end + 1 == *begin);
        assert_eq!(read_all(folder.path()).1, u64::from(torn), "torn at {end}");
        let after = fs::read(&file).expect("readable");
        assert_eq!(&after[..end], &bytes[..end], "nothing that was there is changed");
    }
}

#[test]
fn a_flipped_byte_costs_its_line_alone() {
    let (bytes, begins) = three_lines();
    let folder = tempdir().expect("a folder");
    let file = folder.path().join("20261122.jsonl");
    for place in begins[1]..begins[2] - 1 {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1;
        fs::write(&file, &damaged).expect("written");
        assert_eq!(seqs(folder.path()), [1, 3], "flipped at {place}");
    }
}

#[test]
fn garbage_of_any_size_is_passed_over_with_bounded_memory() {
    let (bytes, begins) = three_lines();
    let folder = tempdir().expect("a folder");
    let garbage = [vec![b'x'; 5 << 20], vec![b'\n', 0xff, 0, b'\n', b'{', b'}', b'\n']].concat();
    let spoiled = [&bytes[..begins[1]], &garbage, &bytes[begins[1]..]].concat();
    fs::write(folder.path().join("20261122.jsonl"), spoiled).expect("written");
    fs::write(folder.path().join("20261123.jsonl"), vec![b'y'; 3 << 20]).expect("written");
    fs::write(folder.path().join("notes.txt"), "not ours").expect("written");
    let (entries, torn) = read_all(folder.path());
    assert_eq!(entries.len(), 3);
    assert_eq!(torn, 3);
    let mut writer = Writer::open(folder.path(), Limits::default()).expect("a writer");
    assert_eq!(append(&mut writer, DAY_BEGIN_MS, &woke()), 4);
    writer.flush().expect("written");
    assert_eq!(seqs(folder.path()), [1, 2, 3, 4]);
}

#[test]
fn a_line_that_came_twice_is_given_once() {
    let (bytes, begins) = three_lines();
    let folder = tempdir().expect("a folder");
    let twice = [&bytes[..begins[2]], &bytes[begins[1]..]].concat();
    fs::write(folder.path().join("20261122.jsonl"), twice).expect("written");
    assert_eq!(seqs(folder.path()), [1, 2, 3]);
}

#[test]
fn a_torn_checkpoint_sends_the_restart_to_the_one_before() {
    let folder = tempdir().expect("a folder");
    let mut writer = Writer::open(folder.path(), Limits::default()).expect("a writer");
    for line in [policy_line(1), checkpoint(1), woke(), policy_line(2), checkpoint(2), woke()] {
        append(&mut writer, DAY_BEGIN_MS, &line);
    }
    writer.flush().expect("written");
    let found = || {
        let tail = tail_from_last_checkpoint(folder.path()).expect("readable")?;
        Some((tail.policy.min_uptime_ms, tail.state.next_incident, tail.seq))
    };
    assert_eq!(found(), Some((2, 2, 5)));
    damage(folder.path(), "\"next_incident\":2");
    assert_eq!(found(), Some((1, 1, 2)));
    damage(folder.path(), "\"min_uptime_ms\":1");
    assert_eq!(found(), None, "a state without its rules is no beginning");
}

fn damage(folder: &std::path::Path, needle: &str) {
    let file = &files(folder)[0];
    let text = fs::read_to_string(file).expect("readable");
    assert!(text.contains(needle), "{needle}");
    fs::write(file, text.replace(needle, &needle.to_uppercase())).expect("written");
}

#[test]
fn a_missing_folder_is_an_error_for_readers() {
    let folder = tempdir().expect("a folder");
    let missing = folder.path().join("nowhere");
    let kind = Reader::open(&missing).map(|_| ()).map_err(|error| error.kind());
    assert_eq!(kind, Err(std::io::ErrorKind::NotFound));
    assert!(tail_from_last_checkpoint(&missing).is_err());
    assert!(tail_from_last_checkpoint(folder.path()).expect("readable").is_none());
}
