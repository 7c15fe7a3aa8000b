//! A file of fixed size in a real folder.

use super::storage::Ring;
use crate::recorder::SLOT_BYTES;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// The zeros that a file is filled with, at once.
const CHUNK: [u8; 4096] = [0; 4096];

/// The file.
#[derive(Debug)]
pub(super) struct RingFile {
    file: File,
}

impl RingFile {
    /// Opens it and brings it to its size. Whether it had to be filled.
    ///
    /// What is missing is written, not reserved with `fallocate`: on ext4 and xfs a reserved block is marked as
    /// written at its first write, so each `fdatasync` of the first round would wait for the file system's own journal
    /// as well, just when memory is gone. And it works on every file system. Made durable, so that a disk that
    /// is full says so now and not when a slot is written.
    pub(super) fn open(path: &Path, bytes: usize) -> io::Result<(RingFile, bool)> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o640);
        let file = options.open(path)?;
        let mut length = file.metadata()?.len();
        let wanted = bytes as u64;
        if length > wanted {
            file.set_len(wanted)?;
        }
        let is_short = length < wanted;
        while length < wanted {
            let left = usize::try_from(wanted - length).unwrap_or(CHUNK.len());
            let chunk = &CHUNK[..left.min(CHUNK.len())];
            file.write_all_at(chunk, length)?;
            length += chunk.len() as u64;
        }
        if is_short {
            file.sync_all()?;
        }
        Ok((RingFile { file }, is_short))
    }
}

impl Ring for RingFile {
    fn read(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(into, offset)
    }

    fn write(&mut self, offset: u64, slot: &[u8; SLOT_BYTES], is_durable: bool) -> io::Result<()> {
        self.file.write_all_at(slot, offset)?;
        // fdatasync: blocks and size are there, so the times of the file are all that it leaves out.
        if is_durable { self.file.sync_data() } else { Ok(()) }
    }
}
