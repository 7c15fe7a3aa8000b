//! Turning to a new file, and forgetting old ones.

use super::error::FileError;
use super::name::{FileName, list};
use super::page::{Head, Page, Pruning};
use super::prune::prune;
use super::writer::Writer;
use crate::line::{DayNumber, day_of};

/// A file that holds this part of the whole bound is followed by another of the same day.
const FILES_IN_BOUND: u64 = 8;

impl Writer {
    /// Turns to a new file if the wall clock's day has come or the file is full, and removes the
    /// oldest. True as long as the file lacks a head of this writer's own, or may have lost it to a
    /// failed sync: then append `policy` and `checkpoint` before anything else. Call it before the
    /// lines of each turn of the loop; it costs nothing otherwise.
    ///
    /// A wall clock that was set back never turns to an older file. After an error the file
    /// stays, and lines go on into it.
    pub fn turn_page(&mut self, wall_ms: u64) -> Result<bool, FileError> {
        let day = day_of(wall_ms);
        if self.next_page(day)?.is_some() {
            self.sync()?;
        }
        // The sync may have begun a file for lines that waited.
        if let Some(next) = self.next_page(day)? {
            let page = Page::open(&*self.storage, next)?;
            if let Some(last) = self.page.replace(page) {
                self.prune_before(last.name)?;
            }
        }
        self.prune_what_is_due()?;
        let lacks_head = |page: &Page| matches!(page.head, Head::Missing | Head::Begun);
        Ok(self.page.as_ref().is_some_and(lacks_head))
    }

    fn next_page(&self, day: DayNumber) -> Result<Option<FileName>, FileError> {
        let Some(page) = &self.page else { return self.new_name(day).map(Some) };
        let is_over = page.is_full(self.limits.bytes / FILES_IN_BOUND) || page.name.day < day;
        Ok((is_over && page.head == Head::There).then(|| page.name.next(day)))
    }

    /// A name after all that there are.
    pub(super) fn new_name(&self, day: DayNumber) -> Result<FileName, FileError> {
        let names = list(&*self.storage).map_err(FileError::io("list", self.storage.place()))?;
        Ok(names.last().map_or(FileName::first_of(day), |newest| newest.next(day)))
    }

    fn prune_what_is_due(&mut self) -> Result<(), FileError> {
        let due = self.page.as_ref().filter(|page| page.pruning == Pruning::Due);
        let Some(name) = due.map(|page| page.name) else { return Ok(()) };
        let result = self.prune_before(name);
        // What a disk refuses is left until the next file; one that is only late is asked again.
        let is_late = result.as_ref().is_err_and(FileError::is_late);
        if let Some(page) = self.page.as_mut().filter(|_| !is_late) {
            page.pruning = Pruning::Done;
        }
        result
    }

    fn prune_before(&self, kept: FileName) -> Result<(), FileError> {
        let bytes = self.limits.bytes - self.limits.bytes / FILES_IN_BOUND;
        prune(&*self.storage, kept, self.limits.days, bytes)
    }
}
