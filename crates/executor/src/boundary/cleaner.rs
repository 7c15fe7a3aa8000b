//! Deleting what the config names.

use defib_config::spec::CleanRule;
use std::io;

/// Deletes files on disks that are full.
pub trait Cleaner {
    /// Begins with these, and waits for nothing. An error: it cannot begin now.
    fn begin(&mut self, rules: &[CleanRule]) -> io::Result<()>;

    /// What came of it, once; `None` while it goes on.
    fn done(&mut self) -> Option<Cleaned>;

    /// Its time is over: nothing more is deleted.
    fn stop(&mut self);
}

/// What came of a clean-up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Files that were deleted.
    pub files: u64,
    /// What they took on their disks.
    pub bytes: u64,
    /// The config names folders on disks that were found full.
    pub was_full: bool,
    /// One of those disks is full all the same.
    pub is_full: bool,
    /// What could not be done, for people; the first of it.
    pub fault: Option<String>,
}

/// Where nothing is ever deleted.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCleaner;

impl Cleaner for NoCleaner {
    fn begin(&mut self, _rules: &[CleanRule]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn done(&mut self) -> Option<Cleaned> {
        None
    }

    fn stop(&mut self) {}
}
