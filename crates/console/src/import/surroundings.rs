//! What the reader must ask of the machine: texts of scripts, and homes of users.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A script that guards a site is far shorter.
const TEXT_MAX: u64 = 64 * 1024;

/// What can be asked of a machine.
pub(crate) trait Surroundings {
    /// The text of a file, at most 64 KiB; `None` if there is none, or it is no text.
    fn read(&self, path: &str) -> Option<String>;

    /// A user's home.
    fn home(&self, user: &str) -> Option<String>;
}

/// A machine whose files begin at a folder; `/` is this one.
#[derive(Debug)]
pub(crate) struct Rooted(pub(crate) PathBuf);

impl Rooted {
    /// Where a path of that machine is on this one.
    pub(crate) fn place(&self, path: &str) -> PathBuf {
        self.0.join(path.trim_start_matches('/'))
    }
}

impl Surroundings for Rooted {
    fn read(&self, path: &str) -> Option<String> {
        read_text(&self.place(path))
    }

    fn home(&self, user: &str) -> Option<String> {
        let passwd = self.read("/etc/passwd")?;
        let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
        let entry = passwd.lines().map(fields).find(|entry| entry[0] == user)?;
        entry.get(5).filter(|home| home.starts_with('/')).cloned()
    }
}

/// Only regular files are read: a pipe would wait for ever.
fn read_text(path: &Path) -> Option<String> {
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(TEXT_MAX + 1).read_to_end(&mut bytes).ok()?;
    if bytes.len() as u64 > TEXT_MAX || bytes.contains(&0) {
        return None;
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
