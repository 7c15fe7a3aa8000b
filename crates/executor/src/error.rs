//! Why the executor could not begin.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why the executor could not begin, or go on.
#[derive(Debug)]
pub enum Error {
    /// The config is not usable; the text says where and why.
    Config(String),
    /// Another defib holds the state folder.
    Taken(PathBuf),
    /// A file or a kernel facility.
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
}

impl Error {
    /// Names what was tried.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        let what = what.into();
        move |source| Error::Io { what, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Config(text) => f.write_str(text),
            Error::Taken(folder) => write!(
                f,
                "another defib is already running with the state folder {}; stop it first, or give \
                 this one a state folder of its own",
                folder.display()
            ),
            Error::Io { what, source } => write!(f, "{what}: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Whether the machine refused us a process, memory or a descriptor: that is never the app's fault, and
/// over as soon as somebody gives some back.
pub(crate) fn is_our_limit(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE | libc::ENOSPC)
    )
}
