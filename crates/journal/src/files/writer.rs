//! The one writer.

use super::backlog::Backlog;
use super::error::FileError;
use super::folder::Folder;
use super::name::{FileName, list};
use super::page::Page;
use super::scan::LineScan;
use super::storage::Storage;
use crate::line::{LINE_MAX, Line, day_of, encode_line};
use defib_engine::time::Moment;
use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::rc::Rc;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Days with a file.
    pub days: usize,
    /// Bytes of all files.
    pub bytes: u64,
    /// Bytes of lines that wait while the disk refuses; more are dropped and counted. The buffer is
    /// allocated once.
    pub backlog_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { days: 30, bytes: 64 << 20, backlog_bytes: 256 << 10 }
    }
}

/// Appends lines to the newest file of a folder.
pub struct Writer {
    pub(super) storage: Rc<dyn Storage>,
    pub(super) limits: Limits,
    pub(super) page: Option<Page>,
    backlog: Backlog,
    next_seq: u64,
    last_up: Option<Moment>,
    last_wall_ms: u64,
    /// Lines dropped since the last alarm line.
    dropped: u64,
    /// Lines that were given to the file and not confirmed by it when it was last asked.
    unconfirmed: u64,
    /// Both numbers as they were confessed since the last sync: said anew if that fails.
    confessed: (u64, u64),
    /// Lines since the last sync.
    unsynced: u64,
}

impl Writer {
    /// Goes on after the last good line of the folder, which is made if need be. What is there is
    /// never changed: the next line begins on a fresh one, whatever the last is.
    pub fn open(dir: &Path, limits: Limits) -> Result<Writer, FileError> {
        Writer::open_in(Rc::new(Folder::at(dir)), limits)
    }

    /// [`Writer::open`] on any storage.
    pub fn open_in(storage: Rc<dyn Storage>, limits: Limits) -> Result<Writer, FileError> {
        storage.make().map_err(FileError::io("make", storage.place()))?;
        let mut writer = Writer {
            storage,
            limits,
            page: None,
            backlog: Backlog::with_capacity(limits.backlog_bytes),
            next_seq: 1,
            last_up: None,
            last_wall_ms: 0,
            dropped: 0,
            unconfirmed: 0,
            confessed: (0, 0),
            unsynced: 0,
        };
        writer.take_up()?;
        Ok(writer)
    }

    fn take_up(&mut self) -> Result<(), FileError> {
        let names = list(&*self.storage).map_err(FileError::io("list", self.storage.place()))?;
        for name in names.iter().rev() {
            if self.find_last_line(*name)? {
                break;
            }
        }
        if let Some(newest) = names.last() {
            let page = Page::open(&*self.storage, *newest)?;
            // Its end may lack a newline, and where it does not that may be in memory alone: a sync
            // of ours that failed may have dropped it, and is forgotten.
            self.backlog.fresh_line = page.bytes > 0;
            self.page = Some(page);
        }
        Ok(())
    }

    fn find_last_line(&mut self, name: FileName) -> Result<bool, FileError> {
        let path = self.storage.place().join(name.text());
        let mut scan =
            LineScan::open(&*self.storage, name, 0).map_err(FileError::io("open", &path))?;
        let mut found = false;
        while let Some(head) = scan.next_head().map_err(FileError::io("read", &path))? {
            self.next_seq = self.next_seq.max(head.seq.saturating_add(1));
            self.last_up = Some(head.up);
            found = true;
        }
        Ok(found)
    }

    /// The number that the next line gets.
    pub const fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// The time of the last line, of this run or an earlier one.
    pub const fn last_up(&self) -> Option<Moment> {
        self.last_up
    }

    /// Whether lines wait for [`Writer::flush`].
    pub fn has_backlog(&self) -> bool {
        !self.backlog.bytes.is_empty()
    }

    /// Whether something was written since the last [`Writer::sync`].
    pub fn needs_sync(&self) -> bool {
        self.unsynced > 0 || self.has_backlog()
    }

    /// Adds one line, and says its number. It is in the file after [`Writer::flush`], and survives
    /// a power cut after [`Writer::sync`].
    ///
    /// An error means that the line was dropped: the disk has refused for so long that the backlog
    /// is full. The writer stays usable, and says in an `alarm` line how many were dropped once the
    /// disk takes lines again.
    pub fn append(&mut self, wall_ms: u64, up: Moment, line: &Line<'_>) -> Result<u64, FileError> {
        self.last_wall_ms = wall_ms;
        let from = self.backlog.bytes.len();
        encode_line(&mut self.backlog.bytes, self.next_seq, wall_ms, up, line);
        let length = self.backlog.bytes.len() - from;
        if length > LINE_MAX {
            self.drop_line(from);
            return Err(FileError::TooLong { kind: line.kind(), bytes: length });
        }
        if from > 0 && self.backlog.bytes.len() > self.limits.backlog_bytes {
            self.make_room(length)?;
        }
        let seq = self.next_seq;
        self.next_seq += 1;
        self.unsynced += 1;
        self.last_up = Some(up);
        if let Some(page) = &mut self.page {
            page.appended(line.kind(), length as u64);
        }
        Ok(seq)
    }

    /// Writes what waits; if it cannot be and is too much, the newest line of `length` bytes goes.
    fn make_room(&mut self, length: usize) -> Result<(), FileError> {
        let result = self.write_backlog();
        let waiting = self.backlog.bytes.len();
        if let Err(error) = &result
            && waiting > self.limits.backlog_bytes
        {
            // It may yet come into the file, and the next line must not look like its repetition.
            self.next_seq += u64::from(error.is_late());
            self.drop_line(waiting - length);
            return result;
        }
        Ok(())
    }

    fn drop_line(&mut self, from: usize) {
        self.backlog.bytes.truncate(from);
        self.dropped += 1;
    }

    /// Writes the lines that wait. After an error they still wait, and the next call tries again.
    pub fn flush(&mut self) -> Result<(), FileError> {
        self.write_backlog()?;
        if self.dropped > 0 { self.own_up() } else { Ok(()) }
    }

    fn write_backlog(&mut self) -> Result<(), FileError> {
        if self.backlog.bytes.is_empty() {
            return Ok(());
        }
        if self.page.is_none() {
            let name = self.new_name(day_of(self.last_wall_ms))?;
            self.page = Some(Page::open(&*self.storage, name)?);
        }
        let Some(page) = &mut self.page else { return Ok(()) };
        let (written, result) = self.backlog.write_to(&mut *page.sheet);
        page.bytes += written;
        // One checkpoint may have made the buffer larger than it is worth keeping.
        self.backlog.bytes.shrink_to(self.limits.backlog_bytes);
        result.map_err(FileError::io("write to", &page.path))
    }

    /// Says how many lines were lost, now that the disk takes lines again.
    fn own_up(&mut self) -> Result<(), FileError> {
        let message = format!(
            "the journal lost {} lines while the disk refused them, and {} more may be lost",
            self.dropped, self.unconfirmed
        );
        let alarm = Line::Alarm { app: None, invariant: None, message: Cow::Owned(message) };
        let up = self.last_up.unwrap_or_default();
        self.append(self.last_wall_ms, up, &alarm)?;
        self.confessed.0 += std::mem::take(&mut self.dropped);
        self.confessed.1 += std::mem::take(&mut self.unconfirmed);
        self.write_backlog()
    }

    /// [`Writer::flush`], and then nothing that was appended can be lost by a power cut.
    ///
    /// After an error the kernel may have dropped what it could not write: those lines count as
    /// possibly lost, and that is said as soon as a sync succeeds. A disk that is only late
    /// ([`FileError::is_late`]) has dropped nothing yet: the next call says what became of them.
    pub fn sync(&mut self) -> Result<(), FileError> {
        self.flush()?;
        self.sync_page()?;
        if self.unconfirmed > 0 {
            self.own_up()?;
            self.sync_page()?;
        }
        self.let_go_of_removed()
    }

    fn sync_page(&mut self) -> Result<(), FileError> {
        let Some(page) = &mut self.page else { return Ok(()) };
        let unsynced = std::mem::take(&mut self.unsynced);
        if unsynced == 0 && !page.is_unsure {
            return Ok(());
        }
        if let Err(error) = page.sheet.sync() {
            if error.kind() == io::ErrorKind::TimedOut {
                // Nothing is lost yet; the next sync says.
                self.unsynced = unsynced;
                return Err(FileError::io("sync", &page.path)(error));
            }
            let (dropped, unconfirmed) = std::mem::take(&mut self.confessed);
            self.dropped += dropped;
            self.unconfirmed += unconfirmed + unsynced;
            page.failed_to_sync();
            self.backlog.fresh_line = true;
            return Err(FileError::io("sync", &page.path)(error));
        }
        if page.is_unsure {
            self.storage.sync_names().map_err(FileError::io("sync", self.storage.place()))?;
        }
        self.confessed = (0, 0);
        page.was_synced();
        Ok(())
    }

    /// Somebody removed the file under us: what comes next goes into one that can be seen.
    fn let_go_of_removed(&mut self) -> Result<(), FileError> {
        let Some(page) = &self.page else { return Ok(()) };
        if page.sheet.is_removed().map_err(FileError::io("look at", &page.path))? {
            self.page = None;
            self.backlog.fresh_line = false;
        }
        Ok(())
    }
}
