//! A temporary folder that goes away with its owner.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// An empty folder of this test's own, readable by others: an app may run as another user.
pub struct Folder {
    path: PathBuf,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Folder {
    /// Makes it. `name` is for people who look into a folder that a crash left behind.
    pub fn new(name: &str) -> Folder {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let own = format!("defib-test-{name}-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(own);
        // A leftover of an earlier process with the same number.
        drop(std::fs::remove_dir_all(&path));
        std::fs::create_dir_all(&path).expect("the temporary folder is writable");
        Folder { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of something in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Evidence of a failed test is worth more than a clean /tmp.
        if !std::thread::panicking() {
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}
