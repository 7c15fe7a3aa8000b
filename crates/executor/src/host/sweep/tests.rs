//! Real files, in a folder of the test's own; only what the disk has left is made up.

use super::*;
use std::cell::Cell;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("dx-clean-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Place(path.canonicalize().unwrap())
    }

    /// A file of 4 KiB, last written to so many days ago.
    fn file(&self, name: &str, days: u64) {
        let path = self.0.join(name);
        fs::write(&path, [7; 4096]).unwrap();
        let age = Duration::from_secs(days * 86_400 + 60);
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }

    fn has(&self, name: &str) -> bool {
        self.0.join(name).symlink_metadata().is_ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn rule(folder: &Path, pattern: &str) -> CleanRule {
    CleanRule { folder: folder.into(), pattern: pattern.into(), older_ms: 7 * 86_400_000 }
}

const FULL: Look<'static> = &|_| Ok(Room::with(0));
const GO_ON: &dyn Fn() -> bool = &|| false;

#[test]
fn what_the_config_names_goes_and_nothing_else() {
    let place = Place::new("names");
    for (name, days) in [("shop.log.1", 8), ("shop.log.2", 30), ("shop.log", 30), ("shop.log.3", 6)]
    {
        place.file(name, days);
    }
    fs::create_dir(place.0.join("old.log.d")).unwrap();
    let cleaned = clean(&[rule(&place.0, "*.log.*")], FULL, GO_ON);
    assert_eq!((cleaned.files, cleaned.fault), (2, None));
    assert!(cleaned.bytes >= 8192, "{}", cleaned.bytes);
    // Nothing came back by that: it is said.
    assert!(cleaned.was_full && cleaned.is_full);
    assert!(!place.has("shop.log.1") && !place.has("shop.log.2"));
    assert!(place.has("shop.log") && place.has("shop.log.3") && place.has("old.log.d"));
}

#[test]
fn the_oldest_goes_first_and_only_until_there_is_room() {
    let place = Place::new("oldest");
    for (name, days) in [("a.log.1", 9), ("a.log.2", 40), ("a.log.3", 20)] {
        place.file(name, days);
    }
    let looks = Cell::new(0);
    // Full, full before the first file, and ample after it.
    let look = |_: BorrowedFd<'_>| {
        looks.set(looks.get() + 1);
        Ok(Room::with(if looks.get() <= 2 { 0 } else { 60 }))
    };
    let cleaned = clean(&[rule(&place.0, "*.log.*")], &look, GO_ON);
    assert_eq!((cleaned.files, cleaned.was_full, cleaned.is_full), (1, true, false));
    assert!(!place.has("a.log.2") && place.has("a.log.1") && place.has("a.log.3"));
}

#[test]
fn nothing_is_deleted_where_there_is_room() {
    let place = Place::new("room");
    place.file("a.log.1", 30);
    let cleaned = clean(&[rule(&place.0, "*.log.*")], &|_| Ok(Room::with(100)), GO_ON);
    assert_eq!(cleaned, Cleaned::default());
    assert!(place.has("a.log.1"));
}

#[test]
fn no_link_is_followed_and_no_second_name_taken() {
    let (place, other) = (Place::new("links"), Place::new("elsewhere"));
    other.file("precious.log.1", 30);
    other.file("two.log.1", 30);
    symlink(other.0.join("precious.log.1"), place.0.join("link.log.1")).unwrap();
    symlink(&other.0, place.0.join("folder.log.1")).unwrap();
    fs::hard_link(other.0.join("two.log.1"), place.0.join("two.log.1")).unwrap();
    let through = place.0.join("folder.log.1");
    let cleaned = clean(&[rule(&through, "*.log.*"), rule(&place.0, "*.log.*")], FULL, GO_ON);
    assert_eq!(cleaned.files, 0);
    assert!(cleaned.fault.is_some_and(|fault| fault.contains("symbolic link")));
    assert!(place.has("link.log.1") && other.has("precious.log.1") && other.has("two.log.1"));
}

#[test]
fn no_detour_leads_elsewhere() {
    let (place, other) = (Place::new("detour"), Place::new("beside"));
    other.file("a.log.1", 30);
    // No config gets so far; the folder itself refuses it all the same.
    let detour = place.0.join("..").join(other.0.file_name().unwrap());
    let cleaned = clean(&[rule(&detour, "*.log.*")], FULL, GO_ON);
    assert_eq!((cleaned.files, cleaned.fault.is_some()), (0, true));
    assert!(other.has("a.log.1"));
}

#[test]
fn another_file_system_is_not_touched() {
    // /proc is one everywhere: what lies in a folder of `/` but on another device is not plain there.
    let root = Folder::open(Path::new("/")).unwrap();
    assert!(root.old(|name| name == b"proc", i64::MAX, GO_ON).unwrap().is_empty());
}

#[test]
fn it_stops_when_its_time_is_over() {
    let place = Place::new("time");
    place.file("a.log.1", 30);
    place.file("a.log.2", 30);
    let asked = Cell::new(0);
    // Asked for each name that is read (`.`, `..` and the two), then before each deletion.
    let is_stopped = || asked.replace(asked.get() + 1) > 4;
    let cleaned = clean(&[rule(&place.0, "*.log.*")], FULL, &is_stopped);
    assert_eq!(cleaned.files, 1);
}

#[test]
fn a_folder_that_is_not_there_is_said_and_the_others_are_cleaned() {
    let place = Place::new("missing");
    place.file("a.log.1", 30);
    let rules = [rule(&place.0.join("none"), "*.log.*"), rule(&place.0, "*.log.*")];
    let cleaned = clean(&rules, FULL, GO_ON);
    assert_eq!(cleaned.files, 1);
    assert!(cleaned.fault.is_some_and(|fault| fault.contains("none: ")));
}

#[test]
fn room_on_one_disk_is_none_on_another() {
    let (one, other) = (Place::new("one"), Place::new("other"));
    one.file("shop.log.1", 8);
    other.file("shop.log.1", 8);
    // The first stays full; the second, which is cleaned after it, has room once its file is gone.
    let first = rustix::fs::stat(&one.0).unwrap().st_ino;
    let look = |file: BorrowedFd<'_>| {
        let is_first = rustix::fs::fstat(file)?.st_ino == first;
        Ok(Room::with(if is_first || other.has("shop.log.1") { 0 } else { 400 }))
    };
    let rules = [rule(&one.0, "*.log.*"), rule(&other.0, "*.log.*")];
    let cleaned = clean(&rules, &look, GO_ON);
    assert_eq!((cleaned.files, cleaned.was_full, cleaned.is_full), (2, true, true));
    let cleaned = clean(&rules[1..], &|_| Ok(Room::with(400)), GO_ON);
    assert_eq!((cleaned.was_full, cleaned.is_full), (false, false));
}
