//! A panic's record, which the kernel leaves where a reset does not reach: /sys/fs/pstore, or where
//! systemd-pstore.service has moved it to. Only read, never removed: it is somebody else's evidence.

use crate::boundary::Panic;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where the kernel shows them.
const KERNEL: &str = "sys/fs/pstore";

/// Where systemd keeps them: a folder an event, and in later versions one more in it.
const ARCHIVE: &str = "var/lib/systemd/pstore";
const ARCHIVE_DEPTH: u32 = 3;

/// The most files that are looked at, and the most of each.
const FILES_MAX: usize = 256;
const READ_MAX: u64 = 64 << 10;

/// The wall clock may be corrected by this much between the two boots without hiding a record.
const SLACK_S: i64 = 60;

/// What every panic says, whatever its backend has made of the record around it (kernel/panic.c).
const PANIC: &[u8] = b"Kernel panic - not syncing: ";

/// What follows if memory was gone (mm/oom_kill.c).
const OUT_OF_MEMORY: [&[u8]; 2] = [b"Out of memory", b"System is deadlocked on memory"];

/// The time in which it must have been made, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Between {
    /// When the machine was last heard of.
    pub(super) last_s: i64,
    /// When this boot began.
    pub(super) began_s: i64,
}

/// A record that was made between the two. `root` is `/`.
pub(super) fn panic_between(root: &Path, between: Between) -> Option<Panic> {
    let kernel = files(&root.join(KERNEL), 1).into_iter().filter(|(path, _)| is_dump(path));
    let kernel = kernel.filter(|(_, meta)| between.holds(meta.mtime()));
    // Moved in this boot: by its ctime, because the move may keep the mtime or not.
    let archived = files(&root.join(ARCHIVE), ARCHIVE_DEPTH).into_iter();
    let archived = archived.filter(|(path, meta)| {
        is_dump(path)
            && meta.ctime() >= between.began_s - SLACK_S
            && meta.mtime() >= between.last_s - SLACK_S
    });
    let panics = kernel.chain(archived).filter_map(|(path, _)| panic_in(&path));
    // Each is a part of the same log; one of them says what it was about.
    panics.max_by_key(|panic| *panic == Panic::OutOfMemory)
}

impl Between {
    fn holds(self, at_s: i64) -> bool {
        (self.last_s - SLACK_S..=self.began_s + SLACK_S).contains(&at_s)
    }
}

/// `dmesg-efi-...`, `dmesg-ramoops-0`, `dmesg.txt`: not the console's or a program's own record.
fn is_dump(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("dmesg"))
}

/// Every file of the folder, and of its folders to that depth.
fn files(folder: &Path, depth: u32) -> Vec<(PathBuf, Metadata)> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_path_buf(), depth)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            // Not followed: a link there is nobody's record.
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() && depth > 1 && folders.len() < FILES_MAX {
                folders.push((entry.path(), depth - 1));
            } else if meta.is_file() && found.len() < FILES_MAX {
                found.push((entry.path(), meta));
            }
        }
    }
    found
}

/// An oops that was survived leaves a record too; only a panic ends a boot.
fn panic_in(path: &Path) -> Option<Panic> {
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(READ_MAX).read_to_end(&mut bytes)).ok()?;
    let at = bytes.windows(PANIC.len()).position(|window| window == PANIC)?;
    let about = &bytes[at + PANIC.len()..];
    let is_memory = OUT_OF_MEMORY.iter().any(|words| about.starts_with(words));
    Some(if is_memory { Panic::OutOfMemory } else { Panic::Other })
}

#[cfg(test)]
#[path = "pstore_tests.rs"]
mod tests;
