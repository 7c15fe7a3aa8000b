//! What can go wrong with the files, for people.

use crate::line::LINE_MAX;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why the journal could not be written or read.
#[derive(Debug)]
pub enum FileError {
    /// The system refused.
    Io {
        /// What was tried: `write to`, `sync`, `open`.
        tried: &'static str,
        /// With which file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A line larger than [`LINE_MAX`]; it was not written.
    TooLong {
        /// Its kind.
        kind: &'static str,
        /// Its bytes.
        bytes: usize,
    },
}

impl FileError {
    pub(super) fn io(tried: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
        move |source| FileError::Io { tried, path: path.to_path_buf(), source }
    }

    /// The disk was not waited for any longer: what was asked may yet be done.
    pub fn is_late(&self) -> bool {
        let FileError::Io { source, .. } = self else { return false };
        source.kind() == io::ErrorKind::TimedOut
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileError::Io { tried, path, source } => {
                write!(f, "cannot {tried} {}: {source}{}", path.display(), advice(source))
            }
            FileError::TooLong { kind, bytes } => write!(
                f,
                "a '{kind}' line of the journal would take {bytes} bytes, more than {LINE_MAX}; it \
                 was not written"
            ),
        }
    }
}

fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space: guarding goes on, and what could not be written is counted"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "; look for disk errors with 'dmesg' and mount it writable again"
        }
        io::ErrorKind::TimedOut => {
            "; guarding goes on without waiting for it: look for disk errors with 'dmesg'"
        }
        io::ErrorKind::PermissionDenied => "; give it to the user that defib's guardian runs as",
        _ => "",
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            FileError::Io { source, .. } => Some(source),
            FileError::TooLong { .. } => None,
        }
    }
}
