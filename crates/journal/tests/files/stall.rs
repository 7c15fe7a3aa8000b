//! A disk that stalls: nobody waits for it long, and nothing is lost by that.

use crate::gate::{Bench, until_in_time};
use crate::support::{
    DAY_BEGIN_MS, DAY_MS, append, checkpoint, message, names, policy_line, read_all,
};
use defib_engine::time::Moment;
use defib_journal::files::{Limits, Patience, Writer};
use defib_journal::line::Line;
use std::io;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const MOMENT: Moment = Moment(1);

fn note() -> Line<'static> {
    message("a line")
}

#[test]
fn a_stalled_sync_is_waited_for_once_and_then_not_at_all() {
    let bench = Bench::new();
    let mut writer = bench.writer();
    writer.append(1, MOMENT, &note()).unwrap();
    writer.sync().unwrap();
    let stall = bench.gate.shut();
    let began = Instant::now();
    writer.append(2, MOMENT, &note()).unwrap();
    assert!(writer.sync().unwrap_err().is_late());
    assert!(began.elapsed() <= Patience::AT_FIRST + Duration::from_millis(500));
    let again = Instant::now();
    for wall_ms in 3..100 {
        writer.append(wall_ms, MOMENT, &note()).unwrap();
        assert!(writer.sync().unwrap_err().is_late());
    }
    assert!(again.elapsed() < Duration::from_millis(500), "{:?}", again.elapsed());
    drop(stall);
    until_in_time(|| writer.sync());
    assert_eq!(bench.seqs(), ((1..100).collect(), false));
}

#[test]
fn a_failure_that_nobody_waited_for_is_said_by_the_next_sync() {
    let bench = Bench::new();
    let mut sheet = bench.storage.append_to("sheet").unwrap();
    sheet.append(b"x").unwrap();
    let stall = bench.gate.shut();
    bench.gate.sync_fails.store(true, Ordering::Relaxed);
    let is_late = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
    assert!(is_late(&sheet.sync().unwrap_err()));
    drop(stall);
    let said = until_in_time(|| match sheet.sync() {
        Err(error) if is_late(&error) => Err(error),
        other => Ok(other),
    });
    assert_eq!(said.unwrap_err().raw_os_error(), Some(5));
    until_in_time(|| sheet.sync());
}

#[test]
fn what_the_backlog_does_not_hold_is_counted_and_confessed() {
    let bench = Bench::new();
    let limits = Limits { backlog_bytes: 4 << 10, ..Limits::default() };
    let mut writer = bench.writer_with(limits);
    writer.append(1, MOMENT, &note()).unwrap();
    writer.sync().unwrap();
    let stall = bench.gate.shut();
    let refused = (2..200).filter(|wall_ms| writer.append(*wall_ms, MOMENT, &note()).is_err());
    let refused = refused.count();
    assert!(refused > 0);
    drop(stall);
    until_in_time(|| writer.sync());
    let (seqs, confesses) = bench.seqs();
    // The line that was given up with the disk may be in the file all the same.
    let kept = 200 - refused;
    assert!((kept..=kept + 1).contains(&seqs.len()) && confesses, "{seqs:?}");
}

#[test]
fn a_folder_that_does_not_answer_is_an_error_soon_and_opens_later() {
    let bench = Bench::new();
    bench.writer().sync().unwrap();
    let stall = bench.gate.shut();
    let began = Instant::now();
    let refused = Writer::open_in(Rc::clone(&bench.storage), Limits::default());
    assert!(refused.is_err_and(|error| error.is_late()));
    assert!(began.elapsed() <= Patience::AT_FIRST + Duration::from_millis(500));
    drop(stall);
    until_in_time(|| Writer::open_in(Rc::clone(&bench.storage), Limits::default()));
}

#[test]
fn a_write_that_was_given_up_and_is_half_done_later_leaves_each_line_once() {
    let bench = Bench::new();
    let mut writer = bench.writer();
    writer.append(1, MOMENT, &note()).unwrap();
    writer.sync().unwrap();
    let stall = bench.gate.shut();
    bench.gate.write_is_short.store(true, Ordering::Relaxed);
    for wall_ms in 2..5 {
        writer.append(wall_ms, MOMENT, &note()).unwrap();
    }
    assert!(writer.flush().unwrap_err().is_late());
    drop(stall);
    until_in_time(|| writer.sync());
    assert!(!bench.gate.write_is_short.load(Ordering::Relaxed), "it was done, half");
    assert_eq!(bench.seqs(), ((1..5).collect(), false));
    let (_, torn) = read_all(bench.folder.path());
    assert_eq!(torn, 1, "the half of a line, and it was written again");
}

#[test]
fn a_write_that_was_given_up_and_is_done_later_leaves_each_line_once() {
    let bench = Bench::new();
    let mut writer = bench.writer();
    let stall = bench.gate.shut();
    for wall_ms in 1..4 {
        writer.append(wall_ms, MOMENT, &note()).unwrap();
    }
    assert!(writer.sync().unwrap_err().is_late());
    drop(stall);
    until_in_time(|| writer.sync());
    assert_eq!(bench.seqs(), ((1..4).collect(), false));
}

/// One turn of a driver's loop.
fn turn(writer: &mut Writer, wall_ms: u64) {
    if let Ok(true) = writer.turn_page(wall_ms) {
        append(writer, wall_ms, &policy_line(1));
        append(writer, wall_ms, &checkpoint(1));
    }
    append(writer, wall_ms, &note());
}

#[test]
fn files_that_a_stalled_disk_did_not_remove_in_time_go_later() {
    let bench = Bench::new();
    let mut writer = bench.writer_with(Limits { days: 1, ..Limits::default() });
    turn(&mut writer, DAY_BEGIN_MS);
    writer.sync().unwrap();
    bench.gate.only_removal.store(true, Ordering::Relaxed);
    turn(&mut writer, DAY_BEGIN_MS + DAY_MS);
    let stall = bench.gate.shut();
    // The first day goes once the second one's head is durable; the disk has no patience left by then.
    until_in_time(|| writer.sync());
    let refused = writer.turn_page(DAY_BEGIN_MS + DAY_MS);
    assert!(refused.is_err_and(|error| error.is_late()));
    drop(stall);
    until_in_time(|| writer.turn_page(DAY_BEGIN_MS + DAY_MS));
    assert_eq!(names(bench.folder.path()), ["20261123.jsonl"]);
    assert_eq!(writer.next_seq(), 7);
}

#[test]
fn the_thread_of_a_storage_that_nobody_has_any_more_ends() {
    let bench = Bench::new();
    let mut writer = bench.writer();
    let stall = bench.gate.shut();
    writer.append(1, MOMENT, &note()).unwrap();
    assert!(writer.sync().unwrap_err().is_late());
    let began = Instant::now();
    drop(writer);
    let Bench { storage, gate, folder: _folder } = bench;
    assert_eq!(Rc::strong_count(&storage), 1);
    drop(storage);
    assert!(began.elapsed() < Duration::from_millis(500), "nobody waits for it");
    drop(stall);
    // The thread's own is the only other one.
    until_in_time(|| if gate.is_the_last() { Ok(()) } else { Err("the thread lives") });
}
