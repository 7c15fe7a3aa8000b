//! Reading everything in order, whatever else the files hold.

use super::folder::Folder;
use super::name::{FileName, after};
use super::scan::{LineScan, Scanned};
use super::storage::Storage;
use crate::line::{Entry, decode_line};
use std::io;
use std::path::Path;
use std::rc::Rc;

/// Gives the lines of all files of a folder in the order of their numbers. It may be asked again
/// after `None`: then it gives what was written since, so it can follow a writer.
pub struct Reader {
    storage: Rc<dyn Storage>,
    file: Option<(FileName, LineScan)>,
    /// A newer file exists, so nothing more will be written to this one.
    draining: bool,
    last_seq: u64,
    torn: u64,
}

impl Reader {
    /// From the oldest line on.
    pub fn open(dir: &Path) -> io::Result<Reader> {
        Reader::open_in(Rc::new(Folder::at(dir)))
    }

    /// [`Reader::open`] on any storage.
    pub fn open_in(storage: Rc<dyn Storage>) -> io::Result<Reader> {
        // A folder that is not there is an error now rather than an empty journal for ever.
        storage.names()?;
        Ok(Reader { storage, file: None, draining: false, last_seq: 0, torn: 0 })
    }

    pub(super) fn resume(
        storage: Rc<dyn Storage>,
        name: FileName,
        scan: LineScan,
        last_seq: u64,
    ) -> Reader {
        Reader { storage, file: Some((name, scan)), draining: false, last_seq, torn: 0 }
    }

    /// Lines that were torn, damaged, or of a shape that this defib does not know.
    pub const fn torn(&self) -> u64 {
        self.torn
    }

    /// The number of the last line given.
    pub const fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The next line, or `None` if there is none yet.
    pub fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        loop {
            let Some((_, scan)) = &mut self.file else {
                if !self.next_file()? {
                    return Ok(None);
                }
                continue;
            };
            let scanned = scan.next()?;
            let entry = match scanned {
                Scanned::Line | Scanned::Partial => self.accept(scanned),
                Scanned::TooLong => {
                    self.torn += 1;
                    None
                }
                Scanned::End => None,
            };
            if entry.is_some() {
                return Ok(entry);
            }
            if matches!(scanned, Scanned::Partial | Scanned::End) && !self.pass_end(scanned)? {
                return Ok(None);
            }
        }
    }

    /// A line that is right and new. One that only lacks its newline is right, too: its checksum is
    /// its last field; when the newline comes, its number is not new any more.
    fn accept(&mut self, scanned: Scanned) -> Option<Entry> {
        let line = self.file.as_ref().map_or(&[][..], |(_, scan)| scan.line());
        match decode_line(line) {
            Ok(entry) if entry.seq > self.last_seq => {
                self.last_seq = entry.seq;
                Some(entry)
            }
            Ok(_) => None,
            Err(_) => {
                self.torn += u64::from(scanned == Scanned::Line && !line.is_empty());
                None
            }
        }
    }

    /// At a file's end: false if it is the newest. The writer finishes a file before it begins the
    /// next, so once a newer one is seen this one is read to its end a last time.
    fn pass_end(&mut self, scanned: Scanned) -> io::Result<bool> {
        let Some((name, scan)) = &self.file else { return Ok(true) };
        if !self.draining {
            self.draining = after(&*self.storage, Some(*name))?.is_some();
            return Ok(self.draining);
        }
        self.torn += u64::from(scanned == Scanned::Partial && decode_line(scan.line()).is_err());
        self.next_file()
    }

    fn next_file(&mut self) -> io::Result<bool> {
        let mut from = self.file.as_ref().map(|(name, _)| *name);
        while let Some(name) = after(&*self.storage, from)? {
            match LineScan::open(&*self.storage, name, 0) {
                Ok(scan) => {
                    self.file = Some((name, scan));
                    self.draining = false;
                    return Ok(true);
                }
                // Pruned since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => from = Some(name),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}
