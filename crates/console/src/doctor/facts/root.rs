//! Reading below a root that a test can move: bounded, and never a device or a pipe.

use rustix::fs::OFlags;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The most bytes of one file. A crontab or a unit has a hundredth of it.
const TEXT_MAX: u64 = 256 * 1024;

/// The most names of one folder: a busy machine has some thousands of processes.
const NAMES_MAX: usize = 32_768;

/// Where everything is read from, and what this user was not allowed to see.
#[derive(Debug)]
pub(crate) struct Root {
    base: PathBuf,
    unseen: RefCell<BTreeSet<String>>,
}

impl Root {
    /// Everything is read below `base`; `/` is the machine itself.
    pub(crate) fn at(base: &Path) -> Root {
        Root { base: base.to_path_buf(), unseen: RefCell::default() }
    }

    fn path(&self, absolute: &str) -> PathBuf {
        self.base.join(absolute.trim_start_matches('/'))
    }

    /// The text of a file, at most 256 KiB of it.
    pub(crate) fn look(&self, absolute: &str) -> io::Result<String> {
        let path = self.path(absolute);
        // Opening a watchdog arms it, and opening a pipe waits: only plain files are opened.
        if !fs::metadata(&path)?.is_file() {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let flags = OFlags::NONBLOCK.bits() as i32;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(&path)?;
        let mut bytes = Vec::new();
        file.take(TEXT_MAX).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The same; `None` where there is none, and where it may not be seen, which is remembered.
    pub(crate) fn text(&self, absolute: &str) -> Option<String> {
        self.look(absolute).map_err(|error| self.remember(absolute, &error)).ok()
    }

    /// One short value, without the white space around it.
    pub(crate) fn word(&self, absolute: &str) -> Option<String> {
        self.text(absolute).map(|text| text.trim().to_owned())
    }

    /// One number.
    pub(crate) fn number(&self, absolute: &str) -> Option<i64> {
        self.word(absolute)?.parse().ok()
    }

    /// The names in a folder, sorted.
    pub(crate) fn names(&self, absolute: &str) -> Vec<String> {
        let entries = match fs::read_dir(self.path(absolute)) {
            Ok(entries) => entries,
            Err(error) => {
                self.remember(absolute, &error);
                return Vec::new();
            }
        };
        let names = entries.flatten().take(NAMES_MAX);
        let mut names: Vec<String> =
            names.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    /// Where a symbolic link leads.
    pub(crate) fn link(&self, absolute: &str) -> Option<String> {
        fs::read_link(self.path(absolute)).ok().map(|to| to.to_string_lossy().into_owned())
    }

    /// Whether something has this name; a dangling link has not.
    pub(crate) fn has(&self, absolute: &str) -> bool {
        self.path(absolute).exists()
    }

    /// Whether nothing has this name, for certain: a folder that may not be searched may hold it.
    pub(crate) fn has_not(&self, absolute: &str) -> bool {
        matches!(self.path(absolute).try_exists(), Ok(false))
    }

    fn remember(&self, absolute: &str, error: &io::Error) {
        if error.kind() == io::ErrorKind::PermissionDenied {
            self.unseen.borrow_mut().insert(absolute.to_owned());
        }
    }

    /// What this user was not allowed to see, so far.
    pub(crate) fn unseen(&self) -> Vec<String> {
        self.unseen.borrow().iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_files_are_read_and_never_more_than_the_bound() {
        let base = tempfile::tempdir().expect("a folder");
        fs::write(base.path().join("long"), "x".repeat(300_000)).expect("a file");
        let root = Root::at(base.path());
        assert_eq!(root.text("/long").map(|text| text.len()), Some(262_144));
        assert_eq!(root.text("/"), None, "a folder");
        assert_eq!(Root::at(Path::new("/")).text("/dev/null"), None, "a device");
        assert_eq!(root.text("/none"), None);
        assert!(root.has_not("/none") && !root.has("/none") && root.unseen().is_empty());
    }
}
