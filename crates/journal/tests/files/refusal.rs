//! The disk refuses, or the process is killed: real limits, real kills, in child processes.

use crate::support::{DAY_BEGIN_MS, message, read_all, woke};
use defib_engine::time::Moment;
use defib_journal::files::{Limits, Writer};
use defib_journal::line::Line;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::tempdir;

const FOLDER: &str = "DEFIB_TEST_FOLDER";
const LIMITS: Limits = Limits { days: 3, bytes: 64 << 20, backlog_bytes: 8 << 10 };

fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os(FOLDER).expect("run by its parent"))
}

/// This test binary again, for one of the ignored tests, behind a shell line.
fn child(script: &str, test: &str, folder: &Path) -> Command {
    let mut command = Command::new("sh");
    let this = std::env::current_exe().expect("this binary");
    command.arg("-c").arg(format!("{script} exec \"$0\" \"$@\"")).arg(this);
    command.args(["--ignored", "--exact", "--nocapture", test]).env(FOLDER, folder);
    command
}

/// The child ran its one test, and it passed.
fn passes(mut command: Command) {
    let output = command.output().expect("started");
    let (said, errors) = (&output.stdout, String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {errors}", output.status);
    assert!(String::from_utf8_lossy(said).contains("1 passed"), "it ran nothing");
}

/// Appends until a line is dropped and 20 more, lets the disk recover, and goes on.
fn fill_and_recover(folder: &Path, recover: impl FnOnce()) {
    let mut writer = Writer::open(folder, LIMITS).expect("a writer");
    let mut kept = Vec::new();
    let mut dropped = 0;
    for count in 0..2000 {
        let text = format!("line {count} {}", "x".repeat(300));
        match writer.append(DAY_BEGIN_MS, Moment(count), &message(&text)) {
            Ok(seq) => kept.push((seq, text)),
            Err(_) => dropped += 1,
        }
        // An error here is a retry at the next turn.
        let _ = writer.flush();
        if dropped > 20 {
            break;
        }
    }
    assert!(dropped > 20, "the disk never refused");
    assert!(kept.len() > 20, "the disk took nothing");
    let error = writer.sync().expect_err("still full").to_string();
    assert!(error.contains("cannot write to"), "{error}");
    recover();
    writer.sync().expect("recovered");
    writer.append(DAY_BEGIN_MS, Moment(9999), &woke()).expect("appended");
    writer.sync().expect("recovered");
    assert_all_there(folder, &kept, dropped);
}

/// All that was taken is there once and in order; then the confession; then the line after it.
fn assert_all_there(folder: &Path, kept: &[(u64, String)], dropped: u64) {
    let (entries, _) = read_all(folder);
    for (entry, (seq, text)) in entries.iter().zip(kept) {
        assert_eq!(entry.seq, *seq);
        assert!(matches!(&entry.line, Line::Config { message, .. } if message == text));
    }
    let [alarm, last] = &entries[kept.len()..] else { panic!("{} lines", entries.len()) };
    let Line::Alarm { message, .. } = &alarm.line else { panic!("{alarm:?}") };
    assert!(message.contains(&format!("lost {dropped} lines")), "{message}");
    assert_eq!(last.line, woke());
    let expected: Vec<_> = (1..=last.seq).collect();
    assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), expected);
}

#[test]
#[ignore = "run by a_file_size_limit_is_survived"]
fn under_a_file_size_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
    let limit = |current| setrlimit(Resource::Fsize, Rlimit { current, maximum }).expect("limited");
    // Not a multiple of a line, so that the last write is cut in the middle.
    limit(Some(30_001));
    fill_and_recover(&folder(), || limit(maximum));
}

#[test]
fn a_file_size_limit_is_survived() {
    let folder = tempdir().expect("a folder");
    // XFSZ would kill; ignored, the write fails with EFBIG after a short one.
    passes(child("trap '' XFSZ;", "refusal::under_a_file_size_limit", folder.path()));
}

#[test]
#[ignore = "run by a_full_disk_is_survived"]
fn on_a_small_tmpfs() {
    let folder = folder();
    let filler = folder.join("filler");
    fs::write(&filler, vec![0; 64 << 10]).expect("room for the filler");
    fill_and_recover(&folder, || fs::remove_file(&filler).expect("removed"));
}

#[test]
fn a_full_disk_is_survived() {
    let folder = tempdir().expect("a folder");
    let probe = Command::new("unshare")
        .args(["-m", "mount", "-t", "tmpfs", "none"])
        .arg(folder.path())
        .stderr(Stdio::null())
        .status();
    if !probe.is_ok_and(|status| status.success()) {
        eprintln!("no mount namespace here: the file size limit stands in for the full disk");
        return;
    }
    let script = format!("unshare -m sh -c 'mount -t tmpfs -o size=128k none \"${FOLDER}\" &&");
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{script} exec \"$0\" \"$@\"' \"$0\" \"$@\""));
    command.arg(std::env::current_exe().expect("this binary"));
    command.args(["--ignored", "--exact", "--nocapture", "refusal::on_a_small_tmpfs"]);
    command.env(FOLDER, folder.path());
    passes(command);
}

#[test]
#[ignore = "run by a_kill_loses_nothing_that_was_acknowledged"]
fn acknowledging() {
    let mut writer = Writer::open(&folder(), LIMITS).expect("a writer");
    let mut stdout = std::io::stdout().lock();
    loop {
        let text = "x".repeat((writer.next_seq() % 700) as usize);
        let seq = writer.append(DAY_BEGIN_MS, Moment(0), &message(&text)).expect("appended");
        writer.sync().expect("synced");
        writeln!(stdout, "ack {seq}").expect("a reader");
    }
}

#[test]
fn a_kill_loses_nothing_that_was_acknowledged() {
    let folder = tempdir().expect("a folder");
    for round in 0..12 {
        let mut writing = child("", "refusal::acknowledging", folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let output = BufReader::new(writing.stdout.take().expect("piped"));
        let acknowledged =
            |line: std::io::Result<String>| line.ok()?.strip_prefix("ack ")?.parse::<u64>().ok();
        let mut acknowledged = output.lines().filter_map(acknowledged);
        let mut last = acknowledged.nth(round * 7).expect("acknowledged");
        writing.kill().expect("killed");
        writing.wait().expect("reaped");
        last = acknowledged.last().unwrap_or(last);
        let (entries, _) = read_all(folder.path());
        let seqs: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
        assert!(seqs.len() as u64 >= last, "{last} was acknowledged, {} are there", seqs.len());
    }
}
