//! Readings into a real file, and disks that take none.

use super::*;
use defib_config::{Host, load};
use defib_engine::host::{AppFacts, MachineFacts, Pressure};
use defib_journal::files::Folder;
use defib_journal::recorder::{SLOTS, read_ring};
use std::path::Path;
use tempfile::TempDir;

const BOOT: [u8; 16] = [7; 16];

fn config() -> Config {
    let app =
        |name| format!("[app.{name}]\nurl = \"http://127.0.0.1:1/\"\nunit = \"{name}.service\"\n");
    let text: String = (b'a'..=b'h').map(|letter| app(char::from(letter))).collect();
    load(&text, &Host { root: false }).unwrap().config
}

/// A machine of 560 MB with so many MB left.
fn reading(left_mb: u64) -> Reading {
    let machine = MachineFacts {
        memory_kb: 560 << 10,
        available_kb: left_mb << 10,
        pressure: Some(Pressure::default()),
        ..MachineFacts::default()
    };
    let used = |app: u16| AppFacts { memory_kb: 1_000 - u64::from(app), ..AppFacts::default() };
    let hog = (left_mb < 40).then(|| {
        let hog = Hog { pid: 812, rss_kb: 498 << 10, comm: text("faulttool"), ..Hog::default() };
        (hog, Some(AppId(1)))
    });
    Reading { machine, apps: (0..8).rev().map(|app| (AppId(app), used(app))).collect(), hog }
}

fn stamp(seconds: u64) -> Stamp {
    Stamp { boottime_ms: seconds * 1_000, wall_ms: seconds, has_incident: false }
}

fn recorder(folder: &Path, boot_id: [u8; 16]) -> Recorder {
    Recorder::new(Rc::new(Folder::at(folder)), boot_id)
}

fn samples(folder: &TempDir) -> Vec<Sample> {
    read_ring(&std::fs::read(folder.path().join(FILE_NAME)).unwrap())
}

#[test]
fn the_next_boot_reads_how_the_last_one_ended() {
    let (folder, config) = (tempfile::tempdir().unwrap(), config());
    let mut first = recorder(folder.path(), BOOT);
    assert_eq!(first.begin(0), Ok(None), "nothing was before");
    for (seconds, left_mb) in [(100, 300), (105, 3), (110, 4), (115, 2), (126, 3)] {
        assert_eq!(first.put(&reading(left_mb), &config, stamp(seconds)), None);
    }
    // The same boot's next guardian goes on where it was.
    let mut second = recorder(folder.path(), BOOT);
    assert_eq!(second.begin(0), Ok(None));
    second.put(&reading(3), &config, stamp(131));
    let seqs: Vec<u64> = samples(&folder).iter().map(|sample| sample.seq).collect();
    assert_eq!(seqs, [0, 1, 2, 3, 4, 5]);
    let told = recorder(folder.path(), [8; 16]).begin(0).unwrap().expect("it was recorded");
    assert_eq!(
        told.to_string(),
        "memory: 3 MB of 560 left for 26 s; largest process: faulttool (pid 812, 498 MB, of app b)"
    );
}

#[test]
fn a_power_cut_in_the_middle_of_a_write_costs_one_sample() {
    let (folder, config) = (tempfile::tempdir().unwrap(), config());
    let mut first = recorder(folder.path(), BOOT);
    first.begin(0).unwrap();
    (0..=SLOTS as u64).for_each(|at| drop(first.put(&reading(3), &config, stamp(5 * at))));
    let path = folder.path().join(FILE_NAME);
    let mut bytes = std::fs::read(&path).unwrap();
    // The newest one, which had overwritten the oldest, came halfway.
    bytes[200..SLOT_BYTES].fill(0);
    std::fs::write(&path, &bytes).unwrap();
    let told = recorder(folder.path(), [8; 16]).begin(0).unwrap().expect("the others are there");
    assert_eq!(told.wall_ms, 5 * (SLOTS as u64 - 1));
    assert_eq!(told.short_ms, Some(5_000 * (SLOTS as u64 - 2)));
}

#[test]
fn the_apps_that_use_most_are_kept() {
    let (folder, config) = (tempfile::tempdir().unwrap(), config());
    let mut recorder = recorder(folder.path(), BOOT);
    recorder.begin(0).unwrap();
    recorder.put(&reading(300), &config, stamp(1));
    let sample = samples(&folder)[0];
    let mut names: Vec<&str> = sample.apps.iter().map(|app| app.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn those_who_ask_are_told_while_memory_is_short_and_only_then() {
    let (folder, config) = (tempfile::tempdir().unwrap(), config());
    let mut recorder = recorder(folder.path(), BOOT);
    recorder.begin(0).unwrap();
    recorder.put(&reading(3), &config, stamp(10));
    recorder.put(&reading(3), &config, stamp(15));
    let told = recorder.shortage().expect("it is short");
    assert_eq!(told.short_ms, Some(5_000));
    assert_eq!(told.largest.and_then(|it| it.app).as_deref(), Some("b"));
    recorder.put(&reading(300), &config, stamp(20));
    assert_eq!(recorder.shortage(), None);
}

#[test]
fn a_disk_that_takes_nothing_is_told_of_once_and_tried_again() {
    let config = config();
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("journal");
    let mut recorder = recorder(&place, BOOT);
    let why = recorder.begin(0).unwrap_err().expect("it is said");
    assert!(why.contains("the flight recorder is off") && why.contains(FILE_NAME), "{why}");
    for seconds in 1..60 {
        assert_eq!(recorder.put(&reading(3), &config, stamp(seconds)), None);
    }
    assert!(recorder.shortage().is_some(), "who has the memory is known all the same");
    assert_eq!(recorder.put(&reading(3), &config, stamp(60)), None, "said once");
    std::fs::create_dir(&place).unwrap();
    assert_eq!(recorder.put(&reading(3), &config, stamp(61)), None);
    assert!(!place.join(FILE_NAME).exists(), "not before its time");
    recorder.put(&reading(3), &config, stamp(120));
    assert_eq!(read_ring(&std::fs::read(place.join(FILE_NAME)).unwrap()).len(), 1);
}
