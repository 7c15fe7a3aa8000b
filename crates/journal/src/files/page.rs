//! The file that is written.

use super::error::FileError;
use super::name::FileName;
use super::storage::{Sheet, Storage};
use std::path::PathBuf;

pub(super) struct Page {
    pub(super) name: FileName,
    pub(super) path: PathBuf,
    pub(super) sheet: Box<dyn Sheet>,
    pub(super) bytes: u64,
    pub(super) head: Head,
    /// The bytes of the last head that was appended.
    pub(super) head_bytes: u64,
    /// Whether its name and what is in it are durable is not known: not so for a new file, and
    /// not for one that an earlier process left.
    pub(super) is_unsure: bool,
    pub(super) pruning: Pruning,
}

/// What a restart begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    Missing,
    /// A policy was appended.
    Begun,
    /// And a checkpoint after it.
    There,
    /// A sync failed, so it may be gone. Another is asked for once the disk takes lines again: one
    /// for each event until then would only fill it.
    Lost,
}

impl Head {
    /// What it is with one more line of this kind.
    pub(super) fn after(self, kind: &str) -> Head {
        match (self, kind) {
            (Head::Missing, "policy") => Head::Begun,
            (Head::Begun, "checkpoint") => Head::There,
            (head, _) => head,
        }
    }
}

/// The files before this one may only go once this one can stand for them: a crash between a new
/// file and its head would otherwise leave a restart with nothing, where one day is kept. A head of
/// an earlier process does not count: a sync that failed may have left it in memory alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pruning {
    /// Until the head is durable.
    Waits,
    Due,
    Done,
}

impl Page {
    pub(super) fn open(storage: &dyn Storage, name: FileName) -> Result<Page, FileError> {
        let text = name.text();
        let path = storage.place().join(&text);
        let sheet = storage.append_to(&text).map_err(FileError::io("open", &path))?;
        let bytes = sheet.bytes().map_err(FileError::io("look at", &path))?;
        Ok(Page {
            name,
            path,
            sheet,
            bytes,
            head: Head::Missing,
            head_bytes: 0,
            is_unsure: true,
            pruning: Pruning::Waits,
        })
    }

    /// Whether another file should follow. A head that is itself large must not turn a page for
    /// every line.
    pub(super) fn is_full(&self, page_bytes: u64) -> bool {
        self.bytes >= page_bytes.max(self.head_bytes.saturating_mul(4))
    }

    /// To be told of every line that is appended.
    pub(super) fn appended(&mut self, kind: &str, bytes: u64) {
        let head = self.head.after(kind);
        match (std::mem::replace(&mut self.head, head), head) {
            (Head::Missing, Head::Begun) => self.head_bytes = bytes,
            (Head::Begun, Head::There) => self.head_bytes += bytes,
            _ => {}
        }
    }

    /// All that was appended is durable.
    pub(super) fn was_synced(&mut self) {
        self.is_unsure = false;
        match self.head {
            Head::There if self.pruning == Pruning::Waits => self.pruning = Pruning::Due,
            Head::Lost => self.head = Head::Missing,
            _ => {}
        }
    }

    /// What was appended may be gone, and what comes after it is of no use to a restart by itself.
    pub(super) fn failed_to_sync(&mut self) {
        self.head = Head::Lost;
    }
}
