//! Files follow days, bounds hold, and readers follow.

use crate::support::{
    DAY_BEGIN_MS, DAY_MS, append, checkpoint, files, message, names, policy_line, read_all, seqs,
    woke,
};
use defib_engine::policy::Mode;
use defib_engine::time::Moment;
use defib_journal::files::{
    Folder, Limits, Reader, Storage, Writer, last_boot_in, tail_from_last_checkpoint,
};
use defib_journal::line::{BootId, Line, TextCrc};
use std::fs;
use std::path::Path;
use std::rc::Rc;
use tempfile::tempdir;

/// One turn of a driver's loop.
fn turn(writer: &mut Writer, wall_ms: u64, line: &Line<'_>) {
    if writer.turn_page(wall_ms).expect("a page") {
        append(writer, wall_ms, &policy_line(writer.next_seq()));
        append(writer, wall_ms, &checkpoint(writer.next_seq() as u32));
    }
    append(writer, wall_ms, line);
    writer.flush().expect("written");
}

fn bytes_of(folder: &Path) -> u64 {
    files(folder).iter().map(|file| file.metadata().expect("there").len()).sum()
}

#[test]
fn each_day_has_its_file_with_a_head_and_time_never_turns_back() {
    let folder = tempdir().expect("a folder");
    let mut writer = Writer::open(folder.path(), Limits::default()).expect("a writer");
    turn(&mut writer, DAY_BEGIN_MS, &woke());
    turn(&mut writer, DAY_BEGIN_MS + DAY_MS - 1, &woke());
    turn(&mut writer, DAY_BEGIN_MS + DAY_MS, &woke());
    turn(&mut writer, DAY_BEGIN_MS - 40 * DAY_MS, &woke());
    drop(writer);
    // Nor over a restart.
    let mut writer = Writer::open(folder.path(), Limits::default()).expect("a writer");
    assert_eq!(writer.last_up(), Some(Moment(80)));
    turn(&mut writer, DAY_BEGIN_MS, &woke());
    turn(&mut writer, DAY_BEGIN_MS + 2 * DAY_MS, &woke());
    assert_eq!(names(folder.path()), ["20261122.jsonl", "20261123.jsonl", "20261124.jsonl"]);
    let kinds: Vec<_> =
        read_all(folder.path()).0.iter().map(|entry| (entry.seq, entry.line.kind())).collect();
    let head = |seq| [(seq, "policy"), (seq + 1, "checkpoint"), (seq + 2, "event")];
    // A writer gives the file that it takes up a head of its own.
    let expected =
        [&head(1)[..], &[(4, "event")], &head(5), &[(8, "event")], &head(9), &head(12)].concat();
    assert_eq!(kinds, expected);
}

#[test]
fn the_boot_of_the_last_guardian_is_found_however_long_ago_it_began() {
    let folder = tempdir().expect("a folder");
    let storage = Rc::new(Folder::at(folder.path())) as Rc<dyn Storage>;
    let mut writer = Writer::open(folder.path(), Limits::default()).expect("a writer");
    turn(&mut writer, DAY_BEGIN_MS, &woke());
    assert_eq!(last_boot_in(&storage).expect("readable"), None);
    for boot in [1, 2] {
        let started = Line::Started {
            version: "0.1.0".into(),
            pid: 1,
            boot: BootId([boot; 16]),
            mode: Mode::Act,
            config: TextCrc(0),
        };
        turn(&mut writer, DAY_BEGIN_MS, &started);
    }
    for day in 1..4 {
        turn(&mut writer, DAY_BEGIN_MS + day * DAY_MS, &woke());
    }
    assert_eq!(last_boot_in(&storage).expect("readable"), Some(BootId([2; 16])));
}

#[test]
fn the_oldest_days_go_whatever_the_clock_says() {
    let folder = tempdir().expect("a folder");
    let limits = Limits { days: 3, ..Limits::default() };
    let mut writer = Writer::open(folder.path(), limits).expect("a writer");
    for day in 0..5 {
        turn(&mut writer, DAY_BEGIN_MS + day * DAY_MS, &woke());
    }
    assert_eq!(names(folder.path()), ["20261124.jsonl", "20261125.jsonl", "20261126.jsonl"]);
    // 73 years at once cost one day of history, not all.
    turn(&mut writer, DAY_BEGIN_MS + 73 * 365 * DAY_MS, &woke());
    assert_eq!(names(folder.path()), ["20261125.jsonl", "20261126.jsonl", "20991104.jsonl"]);
    assert_eq!(seqs(folder.path()), (10..=18).collect::<Vec<_>>());
}

#[test]
fn bytes_are_bounded_within_one_day_too() {
    let folder = tempdir().expect("a folder");
    let limits = Limits { bytes: 256 << 10, ..Limits::default() };
    let mut writer = Writer::open(folder.path(), limits).expect("a writer");
    let text = "x".repeat(900);
    for _ in 0..1000 {
        turn(&mut writer, DAY_BEGIN_MS, &message(&text));
        assert!(bytes_of(folder.path()) <= limits.bytes + 2000);
    }
    assert!(bytes_of(folder.path()) > limits.bytes / 2);
    let (entries, torn) = read_all(folder.path());
    assert_eq!(torn, 0);
    let first = entries.first().expect("some").seq;
    let expected: Vec<_> = (first..writer.next_seq()).collect();
    assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), expected);
    assert_eq!(entries[0].line.kind(), "policy", "each file begins with a head");
}

#[test]
fn a_restart_begins_at_the_last_checkpoint_and_sees_later_files() {
    let folder = tempdir().expect("a folder");
    let mut writer = Writer::open(folder.path(), Limits::default()).expect("a writer");
    turn(&mut writer, DAY_BEGIN_MS, &woke());
    append(&mut writer, DAY_BEGIN_MS, &checkpoint(77));
    append(&mut writer, DAY_BEGIN_MS, &message("after"));
    writer.flush().expect("written");
    let mut tail = tail_from_last_checkpoint(folder.path()).expect("readable").expect("a tail");
    assert_eq!((tail.policy.min_uptime_ms, tail.state.next_incident), (1, 77));
    assert_eq!((tail.seq, tail.up), (4, Moment(40)));
    let mut next = || tail.entries.next_entry().expect("readable").map(|entry| entry.seq);
    assert_eq!((next(), next()), (Some(5), None));
    turn(&mut writer, DAY_BEGIN_MS + DAY_MS, &woke());
    assert_eq!((next(), next(), next(), next()), (Some(6), Some(7), Some(8), None));
}

#[test]
fn a_file_that_a_person_removed_is_followed_by_one_that_can_be_seen() {
    let folder = tempdir().expect("a folder");
    let mut writer = Writer::open(folder.path(), Limits::default()).expect("a writer");
    turn(&mut writer, DAY_BEGIN_MS, &woke());
    fs::remove_file(folder.path().join("20261122.jsonl")).expect("removed");
    turn(&mut writer, DAY_BEGIN_MS, &woke());
    writer.sync().expect("synced");
    turn(&mut writer, DAY_BEGIN_MS, &woke());
    assert_eq!(seqs(folder.path()), [5, 6, 7], "with a head of its own");
}

#[test]
fn a_file_that_follows_a_removed_one_never_stands_before_the_others() {
    let folder = tempdir().expect("a folder");
    let mut writer = Writer::open(folder.path(), Limits::default()).expect("a writer");
    turn(&mut writer, DAY_BEGIN_MS, &woke());
    turn(&mut writer, DAY_BEGIN_MS + DAY_MS, &woke());
    fs::remove_file(folder.path().join("20261123.jsonl")).expect("removed");
    turn(&mut writer, DAY_BEGIN_MS, &woke());
    writer.sync().expect("synced");
    // The clock has been set back behind the file that is left.
    turn(&mut writer, DAY_BEGIN_MS - DAY_MS, &woke());
    assert_eq!(names(folder.path()), ["20261122-1.jsonl", "20261122.jsonl"]);
    assert_eq!(seqs(folder.path()), [1, 2, 3, 8, 9, 10]);
}

#[test]
fn a_line_above_the_cap_is_refused_and_the_next_is_taken() {
    let folder = tempdir().expect("a folder");
    let mut writer = Writer::open(folder.path(), Limits::default()).expect("a writer");
    let huge = "x".repeat(1 << 20);
    let error = writer.append(DAY_BEGIN_MS, Moment(0), &message(&huge)).expect_err("too long");
    assert!(error.to_string().contains("'config' line"), "{error}");
    let large = "y".repeat(900 << 10);
    append(&mut writer, DAY_BEGIN_MS, &message(&large));
    append(&mut writer, DAY_BEGIN_MS, &woke());
    writer.sync().expect("synced");
    let (entries, torn) = read_all(folder.path());
    let kinds: Vec<_> = entries.iter().map(|entry| entry.line.kind()).collect();
    assert_eq!((kinds.as_slice(), torn), (&["config", "event", "alarm"][..], 0));
}

#[test]
fn readers_follow_a_writer_and_miss_nothing() {
    const LINES: u64 = 3000;
    let folder = tempdir().expect("a folder");
    let limits = Limits { bytes: 64 << 20, days: 100, backlog_bytes: 4096 };
    let path = folder.path();
    let mut reader = Reader::open(path).expect("a reader");
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut writer = Writer::open(path, limits).expect("a writer");
            // A new day every 50 lines, and a write in the middle of lines now and then.
            for count in 0.. {
                if writer.next_seq() > LINES {
                    break;
                }
                turn(&mut writer, DAY_BEGIN_MS + count / 50 * DAY_MS, &message("follow me"));
            }
        });
        let mut last = 0;
        while last < LINES {
            let Some(entry) = reader.next_entry().expect("readable") else {
                std::thread::yield_now();
                continue;
            };
            last += 1;
            assert_eq!(entry.seq, last);
        }
    });
    assert_eq!(reader.torn(), 0);
}

#[test]
fn a_kill_between_a_new_file_and_its_head_leaves_a_beginning_where_one_day_is_kept() {
    let folder = tempdir().expect("a folder");
    let limits = Limits { days: 1, ..Limits::default() };
    let mut writer = Writer::open(folder.path(), limits).expect("a writer");
    turn(&mut writer, DAY_BEGIN_MS, &woke());
    writer.sync().expect("synced");
    assert!(writer.turn_page(DAY_BEGIN_MS + DAY_MS).expect("turned"));
    drop(writer);
    let tail = tail_from_last_checkpoint(folder.path()).expect("readable");
    assert_eq!(tail.map(|tail| tail.seq), Some(2));

    // The next process completes the file, and lets go of the old one when it is durable.
    let mut writer = Writer::open(folder.path(), limits).expect("a writer");
    turn(&mut writer, DAY_BEGIN_MS + DAY_MS, &woke());
    assert_eq!(names(folder.path()), ["20261122.jsonl", "20261123.jsonl"]);
    writer.sync().expect("synced");
    turn(&mut writer, DAY_BEGIN_MS + DAY_MS, &woke());
    assert_eq!(names(folder.path()), ["20261123.jsonl"]);
    assert_eq!(seqs(folder.path()), [4, 5, 6, 7], "with a head of its own");
}
