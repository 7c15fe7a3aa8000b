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
    /// Its bytes when its first checkpoint had been appended; `None` until then.
    pub(super) head_bytes: Option<u64>,
    /// The folder does not durably hold its name yet.
    pub(super) is_new: bool,
}

impl Page {
    pub(super) fn open(storage: &dyn Storage, name: FileName) -> Result<Page, FileError> {
        let text = name.text();
        let path = storage.place().join(&text);
        let is_new = storage.bytes_of(&text).is_err();
        let sheet = storage.append_to(&text).map_err(FileError::io("open", &path))?;
        let bytes = sheet.bytes().map_err(FileError::io("look at", &path))?;
        Ok(Page { name, path, sheet, bytes, head_bytes: None, is_new })
    }

    /// Whether another file should follow. A head that is itself large must not turn a page for
    /// every line.
    pub(super) fn is_full(&self, page_bytes: u64) -> bool {
        let head_bytes = self.head_bytes.unwrap_or(0);
        self.bytes >= page_bytes.max(head_bytes.saturating_mul(4))
    }

    /// Whether the file ends in the middle of a line.
    pub(super) fn lacks_newline(&self) -> Result<bool, FileError> {
        if self.bytes == 0 {
            return Ok(false);
        }
        let last = self.sheet.byte_at(self.bytes - 1);
        Ok(last.map_err(FileError::io("read", &self.path))? != b'\n')
    }
}
