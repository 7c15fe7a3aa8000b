//! Records of panics, old ones, and what is no panic.

use super::*;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const OTHER: &str =
    "Panic#1 Part1\n<0>[   93.1] Kernel panic - not syncing: sysrq triggered crash\n";
const MEMORY: &str = "Panic#1 Part1\n<0>[  93.1] Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled\n";
const DEADLOCK: &str = "<0>[  93.1] Kernel panic - not syncing: System is deadlocked on memory\n";

/// What is left of a machine's root.
fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    for folder in [KERNEL, ARCHIVE] {
        fs::create_dir_all(root.path().join(folder)).expect("made");
    }
    root
}

fn write(root: &Path, place: &str, text: &str, made_s: i64) {
    let path = root.join(place);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(&path, text).expect("written");
    let made = UNIX_EPOCH + Duration::from_secs(made_s.cast_unsigned());
    File::options().write(true).open(&path).expect("ours").set_modified(made).expect("set");
}

fn now_s() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs().cast_signed()
}

/// The last word was five minutes ago, and this boot began two minutes ago.
fn between() -> Between {
    Between { last_s: now_s() - 300, began_s: now_s() - 120 }
}

fn found(root: &Path) -> Option<Panic> {
    panic_between(root, between())
}

#[test]
fn a_record_of_the_right_time_is_found_where_the_kernel_shows_it() {
    let root = root();
    assert_eq!(found(root.path()), None);
    write(root.path(), "sys/fs/pstore/dmesg-efi-1", OTHER, now_s() - 200);
    assert_eq!(found(root.path()), Some(Panic::Other));
    assert!(root.path().join("sys/fs/pstore/dmesg-efi-1").exists(), "it is somebody's evidence");
}

#[test]
fn memory_that_was_gone_is_told_from_other_panics() {
    for text in [MEMORY, DEADLOCK] {
        let root = root();
        write(root.path(), "sys/fs/pstore/dmesg-ramoops-0", text, now_s() - 200);
        write(root.path(), "sys/fs/pstore/dmesg-ramoops-1", OTHER, now_s() - 200);
        assert_eq!(found(root.path()), Some(Panic::OutOfMemory));
    }
}

#[test]
fn a_record_that_systemd_has_moved_in_this_boot_is_found_too() {
    for place in ["178/dmesg.txt", "178/001/dmesg.txt", "dmesg-erst-178"] {
        for made_s in [now_s() - 200, now_s()] {
            let root = root();
            write(root.path(), &format!("{ARCHIVE}/{place}"), MEMORY, made_s);
            assert_eq!(found(root.path()), Some(Panic::OutOfMemory), "{place}, mtime {made_s}");
        }
    }
}

#[test]
fn records_of_other_times_are_not_this_end() {
    let root = root();
    write(root.path(), "sys/fs/pstore/dmesg-efi-1", OTHER, now_s() - 86_400);
    write(root.path(), &format!("{ARCHIVE}/17/dmesg.txt"), OTHER, now_s() - 86_400);
    assert_eq!(found(root.path()), None);
    // Moved before this boot began, whatever its own time says.
    let root = self::root();
    write(root.path(), &format!("{ARCHIVE}/17/dmesg.txt"), OTHER, now_s());
    let later = Between { last_s: now_s() - 300, began_s: now_s() + 3_600 };
    assert_eq!(panic_between(root.path(), later), None);
}

#[test]
fn what_is_no_panic_is_none() {
    let root = root();
    let oops = "Oops#1 Part1\n<4>[ 93.1] BUG: unable to handle page fault\n";
    write(root.path(), "sys/fs/pstore/dmesg-efi-1", oops, now_s() - 200);
    write(root.path(), "sys/fs/pstore/console-ramoops-0", OTHER, now_s() - 200);
    write(root.path(), "sys/fs/pstore/pmsg-ramoops-0", OTHER, now_s() - 200);
    assert_eq!(found(root.path()), None);
    assert_eq!(panic_between(Path::new("/nowhere-at-all"), between()), None);
}
