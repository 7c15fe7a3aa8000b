//! The file that is written.

use super::error::FileError;
use super::name::FileName;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

pub(super) struct Page {
    pub(super) name: FileName,
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) bytes: u64,
    /// Its bytes when its first checkpoint had been appended; `None` until then.
    pub(super) head_bytes: Option<u64>,
    /// The folder does not durably hold its name yet.
    pub(super) is_new: bool,
}

impl Page {
    pub(super) fn open(dir: &Path, name: FileName) -> Result<Page, FileError> {
        let path = name.path(dir);
        let is_new = !path.exists();
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .append(true)
            .create(true)
            .mode(0o640)
            .open(&path)
            .map_err(FileError::io("open", &path))?;
        let bytes = file.metadata().map_err(FileError::io("look at", &path))?.len();
        Ok(Page { name, path, file, bytes, head_bytes: None, is_new })
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
        let mut last = [0];
        self.file
            .read_exact_at(&mut last, self.bytes - 1)
            .map_err(FileError::io("read", &self.path))?;
        Ok(last != *b"\n")
    }
}

/// Makes the names of new files durable.
pub(super) fn sync_folder(dir: &Path) -> Result<(), FileError> {
    File::open(dir).and_then(|folder| folder.sync_all()).map_err(FileError::io("sync", dir))
}
