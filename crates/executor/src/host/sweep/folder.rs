//! One folder: opened without following a link, read, and files deleted in it by their names alone.

use defib_engine::host::DiskFacts;
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, fstat, fstatvfs, openat, statat, syncfs, unlinkat,
};
use rustix::io::{Errno, Result};
use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path};

/// The most files of one folder that are thought of at once: 100 bytes of memory each, in a bad hour.
const FILES_MAX: usize = 20_000;

/// A folder that is really there, where the config says.
#[derive(Debug)]
pub(super) struct Folder {
    file: OwnedFd,
    device: u64,
}

/// A file that may be deleted.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Old {
    /// When it was last written to, in seconds of the wall clock.
    pub(super) written_s: i64,
    name: CString,
}

impl Folder {
    /// Opens it from the root on, a name at a time: a link on the way, planted or not, leads nowhere.
    pub(super) fn open(path: &Path) -> Result<Folder> {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = openat(CWD, "/", flags | OFlags::PATH, Mode::empty())?;
        for part in path.components() {
            match part {
                Component::RootDir => {}
                Component::Normal(name) => {
                    file = openat(&file, name, flags | OFlags::PATH, Mode::empty())?;
                }
                _ => return Err(Errno::INVAL),
            }
        }
        let file = openat(&file, ".", flags | OFlags::RDONLY, Mode::empty())?;
        let device = fstat(&file)?.st_dev;
        Ok(Folder { file, device })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Plain files whose names `matches` takes, last written to before `before_s`, oldest first.
    pub(super) fn old(
        &self,
        matches: impl Fn(&[u8]) -> bool,
        before_s: i64,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Vec<Old>> {
        let mut found = Vec::new();
        for entry in Dir::read_from(&self.file)? {
            if found.len() >= FILES_MAX || is_stopped() {
                break;
            }
            let entry = entry?;
            let name = entry.file_name();
            if !matches(name.to_bytes()) {
                continue;
            }
            if let Some((written_s, _)) = self.plain(name).filter(|(at, _)| *at < before_s) {
                found.push(Old { written_s, name: name.to_owned() });
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// When it was written to, and its bytes on the disk. Only what lies on this very file system (a file may be a
    /// mount point, too) and has no second name, under which it would stay.
    fn plain(&self, name: &std::ffi::CStr) -> Option<(i64, u64)> {
        let facts = statat(&self.file, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let is_plain = FileType::from_raw_mode(facts.st_mode) == FileType::RegularFile;
        let is_here = facts.st_dev == self.device && facts.st_nlink == 1;
        let bytes = u64::try_from(facts.st_blocks).unwrap_or(0).saturating_mul(512);
        (is_plain && is_here).then_some((facts.st_mtime, bytes))
    }

    /// Deletes it if it is still what was found: not written to since. The bytes that it had.
    pub(super) fn delete(&self, old: &Old) -> Result<u64> {
        match self.plain(&old.name) {
            Some((written_s, bytes)) if written_s == old.written_s => {
                // By its name in this folder: whatever stands there by now, nothing elsewhere goes.
                unlinkat(&self.file, &old.name, AtFlags::empty())?;
                Ok(bytes)
            }
            _ => Err(Errno::NOENT),
        }
    }

    /// Some file systems give room back only when they write.
    pub(super) fn settle(&self) {
        let _ = syncfs(&self.file);
    }
}

/// What a file system has left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room(DiskFacts);

impl Room {
    /// Of the file system that this lies on.
    pub(super) fn of(file: BorrowedFd<'_>) -> Result<Room> {
        let facts = fstatvfs(file)?;
        let part = |free: u64, all: u64| match all {
            0 => 1000,
            all => (u128::from(free) * 1000 / u128::from(all)).min(1000) as u16,
        };
        Ok(Room(DiskFacts {
            free_permille: part(facts.f_bavail, facts.f_blocks),
            free_kb: Some(facts.f_bavail.saturating_mul(facts.f_frsize) / 1024),
            inodes_permille: part(facts.f_favail, facts.f_files),
            free_inodes: (facts.f_files > 0).then_some(facts.f_favail),
            turned_read_only: false,
        }))
    }

    pub(super) fn is_full(self) -> bool {
        self.0.is_full()
    }

    /// Enough: what is deleted beyond it is deleted for nothing.
    pub(super) fn is_ample(self) -> bool {
        const AMPLE_PERMILLE: u16 = 50;
        self.0.free_permille >= AMPLE_PERMILLE && self.0.inodes_permille >= AMPLE_PERMILLE
    }

    #[cfg(test)]
    pub(super) fn with(free_permille: u16) -> Room {
        let free_kb = Some(u64::from(free_permille) * 1000);
        Room(DiskFacts { free_permille, free_kb, inodes_permille: 900, ..DiskFacts::default() })
    }
}
