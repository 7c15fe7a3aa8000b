//! The last config that was in force, for a start when the file has a mistake in it: a typo must
//! not end guarding.

use std::fs::{File, OpenOptions, read, rename};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Its name in the state folder.
const NAME: &str = "config.last-good.toml";

/// The thread's work is one small write, one fsync and one rename.
const STACK_BYTES: usize = 64 << 10;

/// Keeps it.
#[derive(Debug, Default)]
pub(super) struct LastGood {
    newest: Arc<AtomicU64>,
}

impl LastGood {
    /// Keeps this text in place of what was kept before. By a thread of its own, because a sick
    /// disk must not hold up the loop.
    pub(super) fn keep(&self, state_dir: &Path, text: &str) {
        let own = self.newest.fetch_add(1, Ordering::SeqCst) + 1;
        let newest = Arc::clone(&self.newest);
        let (folder, text) = (state_dir.to_path_buf(), text.to_owned());
        let work = move || {
            let is_newest = || newest.load(Ordering::SeqCst) == own;
            if let Err(error) = replace(&folder, own, text.as_bytes(), is_newest) {
                let place = folder.join(NAME);
                eprintln!(
                    "defib: {} cannot be written: {error}; a start with a mistake in the config \
                     would be refused",
                    place.display()
                );
            }
        };
        let thread = std::thread::Builder::new().name("last-good".into()).stack_size(STACK_BYTES);
        if let Err(error) = thread.spawn(work) {
            eprintln!("defib: the last good config cannot be kept: {error}");
        }
    }
}

/// Whole or not at all, and readable by us alone: a config may hold a password for a probe.
fn replace(
    folder: &Path,
    number: u64,
    text: &[u8],
    is_newest: impl Fn() -> bool,
) -> io::Result<()> {
    let place = folder.join(NAME);
    if read(&place).is_ok_and(|kept| kept == text) {
        return Ok(());
    }
    let fresh = folder.join(format!("{NAME}.{number}.new"));
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(text)?;
    file.sync_all()?;
    if !is_newest() {
        return std::fs::remove_file(&fresh);
    }
    rename(&fresh, &place)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::{NAME, replace};
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    fn folder(name: &str) -> PathBuf {
        let own = format!("defib-last-good-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(own);
        std::fs::create_dir_all(&folder).expect("writable");
        folder
    }

    #[test]
    fn the_newest_text_is_kept_for_us_alone() {
        let folder = folder("keep");
        let place = folder.join(NAME);
        replace(&folder, 1, b"one", || true).expect("a disk");
        replace(&folder, 3, b"three", || true).expect("a disk");
        replace(&folder, 2, b"two, but late", || false).expect("a disk");
        assert_eq!(std::fs::read(&place).expect("kept"), b"three");
        let mode = std::fs::metadata(&place).expect("kept").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(&folder).expect("ours").count(), 1, "nothing is left");
        std::fs::remove_dir_all(&folder).expect("ours");
    }

    #[test]
    fn a_folder_that_is_gone_is_an_error() {
        let gone = folder("gone");
        std::fs::remove_dir(&gone).expect("ours");
        replace(&gone, 1, b"one", || true).expect_err("nowhere to write");
    }
}
