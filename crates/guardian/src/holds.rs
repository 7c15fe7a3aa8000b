//! Holds by file: `hold/APP` in the runtime folder. It works when the control socket does not, and
//! from any deploy script: `touch` begins or renews, `rm` ends.

use crate::clock::{Clocks, SystemClocks};
use crate::mind::HoldFiles;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::inotify;
use std::mem::MaybeUninit;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A forgotten file must not switch an app's guard off for good.
const CAP_MS: u64 = 86_400_000;

/// The folder.
#[derive(Debug)]
pub(crate) struct Holds {
    folder: PathBuf,
    watch: OwnedFd,
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
        Ok(Holds { folder, watch })
    }

    /// Reads the watch empty and looks at the folder. What the events say is not used: after an
    /// overflow only the folder itself tells the truth, and it holds a handful of files.
    pub(crate) fn look(&self) -> HoldFiles {
        let mut buffer = [MaybeUninit::<u8>::uninit(); 4096];
        while rustix::io::read(&self.watch, &mut buffer).is_ok_and(|(bytes, _)| !bytes.is_empty()) {
        }
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return HoldFiles::new() };
        let wall_ms = SystemClocks.wall_ms();
        entries
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let changed = entry.metadata().ok()?;
                let seconds = u64::try_from(changed.mtime()).ok()?;
                let touched_ms = seconds * 1000 + changed.mtime_nsec() as u64 / 1_000_000;
                // A file from the future (a stepped clock) holds no longer than one of now.
                let age_ms = wall_ms.saturating_sub(touched_ms);
                (age_ms < CAP_MS).then(|| (name, CAP_MS - age_ms))
            })
            .collect()
    }
}

impl AsFd for Holds {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.watch.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_touched_file_holds_a_day_a_removed_or_an_old_one_does_not() {
        let runtime = tempfile::tempdir().unwrap();
        let holds = Holds::open(runtime.path()).unwrap();
        assert!(holds.look().is_empty());

        let shop = runtime.path().join("hold/shop");
        let file = File::create(&shop).unwrap();
        let old = File::create(runtime.path().join("hold/old")).unwrap();
        old.set_modified(SystemTime::now() - Duration::from_hours(25)).unwrap();
        let present = holds.look();
        assert_eq!(present.keys().collect::<Vec<_>>(), ["shop"]);
        assert!((CAP_MS - 5_000..=CAP_MS).contains(&present["shop"]));

        file.set_modified(SystemTime::now() - Duration::from_hours(1)).unwrap();
        let hour_ms = 3_600_000;
        assert!((CAP_MS - hour_ms - 5_000..=CAP_MS - hour_ms).contains(&holds.look()["shop"]));

        std::fs::remove_file(&shop).unwrap();
        assert!(holds.look().is_empty());
    }
}
