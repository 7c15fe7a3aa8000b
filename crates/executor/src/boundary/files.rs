//! Files that no decision depends on: the config as people wrote it, and output.

use std::io;
use std::path::{Path, PathBuf};

/// Reads and keeps them.
pub trait Files {
    /// The text of the config file.
    fn config(&self, path: &Path) -> io::Result<String>;

    /// Keeps the last good config, without waiting for the disk.
    fn keep_config(&self, text: &str);

    /// Whether a person has left a yes to reboots after those in vain; it is taken away. What was put
    /// there by another user than ours is no yes.
    fn take_resume(&self) -> bool;

    /// Where this output goes.
    fn output_path(&self, name: &str) -> PathBuf;

    /// Makes its file, so that another process can open it.
    fn make_output(&self, name: &str) -> io::Result<()>;

    /// Cuts it if it has grown too long.
    fn cut_output(&self, name: &str) -> io::Result<()>;

    /// The last bytes of it.
    fn output_tail(&self, name: &str, len: u64) -> io::Result<Vec<u8>>;
}
