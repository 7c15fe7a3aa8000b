//! What apps and commands print: one file each, appended to by the app itself, cut by us.
//!
//! Never a pipe: if we stopped reading, the app would block on its next line.

use std::fs::{File, OpenOptions, create_dir_all};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The most that is kept.
const KEPT_MAX: u64 = 1 << 20;

/// What stays of a file that has grown past it.
const KEPT_TAIL: u64 = 512 << 10;

/// The folder of output files.
#[derive(Debug)]
pub(super) struct Outputs {
    folder: PathBuf,
}

impl Outputs {
    /// In the state folder.
    pub(super) fn new(state_dir: &Path) -> Outputs {
        Outputs { folder: state_dir.join("output") }
    }

    /// The path of one app's file.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        // An app's name is checked by the config; a slash is impossible, but costs nothing to refuse.
        self.folder.join(format!("{}.log", name.replace('/', "_")))
    }

    /// Opens one for a child to append to.
    pub(super) fn open(&self, name: &str) -> io::Result<File> {
        create_dir_all(&self.folder)?;
        OpenOptions::new().append(true).create(true).mode(0o640).open(self.path(name))
    }

    /// The same; without a disk that takes it the output is lost, and the app starts all the same.
    pub(super) fn open_or_none(&self, name: &str) -> io::Result<File> {
        self.open(name).or_else(|_| OpenOptions::new().write(true).open("/dev/null"))
    }

    /// Cuts it if it has grown too long. The app's descriptor appends, so its next line lands behind
    /// the tail that stays; what it writes between our read and our cut is lost.
    pub(super) fn cut(&self, name: &str) -> io::Result<()> {
        let path = self.path(name);
        match std::fs::metadata(&path) {
            Ok(meta) if meta.len() <= KEPT_MAX => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            _ => {}
        }
        let tail = read_tail(&path, KEPT_TAIL)?;
        let mut file = OpenOptions::new().append(true).open(&path)?;
        file.set_len(0)?;
        file.write_all(&tail)
    }

    /// The last bytes of it.
    pub(super) fn tail(&self, name: &str, len: u64) -> io::Result<Vec<u8>> {
        read_tail(&self.path(name), len)
    }
}

fn read_tail(path: &Path, len: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(len)))?;
    let mut tail = Vec::new();
    file.take(len).read_to_end(&mut tail)?;
    Ok(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_tail_and_the_writer_goes_on() {
        let folder = std::env::temp_dir().join(format!("defib-output-{}", std::process::id()));
        let outputs = Outputs::new(&folder);
        outputs.cut("shop").expect("no file is fine");
        let mut writer = outputs.open("shop").expect("opened");
        writer.write_all(&vec![b'a'; KEPT_MAX as usize]).expect("written");
        writer.write_all(b"the end").expect("written");
        outputs.cut("shop").expect("cut");
        writer.write_all(b" and more").expect("written");
        let size = std::fs::metadata(outputs.path("shop")).expect("there").len();
        assert_eq!(size, KEPT_TAIL + 9);
        assert_eq!(outputs.tail("shop", 16).expect("read"), b"the end and more");
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
