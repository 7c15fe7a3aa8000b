//! Holds by file: `hold/APP` in the runtime folder. It works when the control socket does not, and
//! from any deploy script: `touch` begins or renews, `rm` ends.

use crate::clock::{self, Clock};
use defib_engine::time::Moment;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::inotify;
use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A forgotten file must not switch an app's guard off for good.
const CAP_MS: u64 = 86_400_000;

/// A change of the hold files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// `app` (or `*`) is held until then.
    Held { app: String, until: Moment },
    /// The file is gone, or older than the cap.
    Released { app: String },
}

/// The folder and what was last seen in it.
#[derive(Debug)]
pub(crate) struct Holds {
    folder: PathBuf,
    watch: OwnedFd,
    known: BTreeMap<String, Moment>,
}

impl Holds {
    /// Makes the folder and watches it.
    pub(crate) fn open(runtime_dir: &Path) -> std::io::Result<Holds> {
        let folder = runtime_dir.join("hold");
        std::fs::create_dir_all(&folder)?;
        let watch = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
        let events = inotify::WatchFlags::CREATE
            | inotify::WatchFlags::ATTRIB
            | inotify::WatchFlags::CLOSE_WRITE
            | inotify::WatchFlags::DELETE
            | inotify::WatchFlags::MOVED_FROM
            | inotify::WatchFlags::MOVED_TO;
        inotify::add_watch(&watch, &folder, events)?;
        Ok(Holds { folder, watch, known: BTreeMap::new() })
    }

    /// Reads the watch empty and looks at the folder. What the events say is not used: after an
    /// overflow only the folder itself tells the truth, and it holds a handful of files.
    pub(crate) fn look(&mut self, clock: Clock) -> Vec<Change> {
        let mut buffer = [MaybeUninit::<u8>::uninit(); 4096];
        while rustix::io::read(&self.watch, &mut buffer).is_ok_and(|(bytes, _)| !bytes.is_empty()) {
        }
        let present = self.present(clock);
        let changes = changes(&self.known, &present);
        self.known = present;
        changes
    }

    /// Until when a file holds `app`, by its own name or by `*`.
    pub(crate) fn until(&self, app: &str) -> Option<Moment> {
        [app, "*"].into_iter().filter_map(|name| self.known.get(name)).max().copied()
    }

    fn present(&self, clock: Clock) -> BTreeMap<String, Moment> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return BTreeMap::new() };
        let (now, wall_ms) = (clock.now(), clock::wall_ms());
        entries
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let changed = entry.metadata().ok()?;
                let seconds = u64::try_from(changed.mtime()).ok()?;
                let touched_ms = seconds * 1000 + changed.mtime_nsec() as u64 / 1_000_000;
                // A file from the future (a stepped clock) holds no longer than one of now.
                let age_ms = wall_ms.saturating_sub(touched_ms);
                (age_ms < CAP_MS).then(|| (name, now.plus(CAP_MS - age_ms)))
            })
            .collect()
    }
}

impl AsFd for Holds {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.watch.as_fd()
    }
}

/// Two readings of one file differ by the clocks' rounding; only more than this is a new touch.
const SAME_MS: u64 = 50;

fn changes(before: &BTreeMap<String, Moment>, after: &BTreeMap<String, Moment>) -> Vec<Change> {
    let gone = before.keys().filter(|app| !after.contains_key(*app));
    let released = gone.map(|app| Change::Released { app: app.clone() });
    let renewed = after.iter().filter(|(app, until)| match before.get(*app) {
        Some(known) => until.since(*known) > SAME_MS,
        None => true,
    });
    let held = renewed.map(|(app, until)| Change::Held { app: app.clone(), until: *until });
    released.chain(held).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_touched_file_holds_a_removed_one_releases_an_old_one_never_happened() {
        let runtime = tempfile::tempdir().unwrap();
        let clock = Clock::new(0);
        let mut holds = Holds::open(runtime.path()).unwrap();
        assert_eq!(holds.look(clock), []);

        let shop = runtime.path().join("hold/shop");
        File::create(&shop).unwrap();
        let old = File::create(runtime.path().join("hold/old")).unwrap();
        old.set_modified(SystemTime::now() - Duration::from_hours(25)).unwrap();
        let first = holds.look(clock);
        let [Change::Held { app, until }] = first.as_slice() else { panic!("{first:?}") };
        assert_eq!(app, "shop");
        let cap = clock.now().plus(CAP_MS);
        assert!(*until <= cap && cap.since(*until) < 5_000);
        assert_eq!(holds.look(clock), [], "nothing changed");

        std::fs::remove_file(&shop).unwrap();
        assert_eq!(holds.look(clock), [Change::Released { app: "shop".into() }]);
    }

    #[test]
    fn touching_again_renews() {
        let runtime = tempfile::tempdir().unwrap();
        let clock = Clock::new(0);
        let mut holds = Holds::open(runtime.path()).unwrap();
        let shop = File::create(runtime.path().join("hold/shop")).unwrap();
        let hour_ago = SystemTime::now() - Duration::from_hours(1);
        shop.set_modified(hour_ago).unwrap();
        assert_eq!(holds.look(clock).len(), 1);
        shop.set_modified(SystemTime::now()).unwrap();
        let renewed = holds.look(clock);
        let [Change::Held { until, .. }] = renewed.as_slice() else { panic!("{renewed:?}") };
        assert!(until.since(clock.now()) > CAP_MS - 5_000);
    }
}
