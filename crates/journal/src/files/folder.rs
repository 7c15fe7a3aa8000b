//! The storage that there is: a folder of the file system.

use super::ring_file::RingFile;
use super::storage::{Ring, Sheet, Storage};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A real folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder of this path, which need not be there yet.
    pub fn at(path: &Path) -> Folder {
        Folder { path: path.to_path_buf() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Storage for Folder {
    fn place(&self) -> &Path {
        &self.path
    }

    fn make(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o750).create(&self.path)
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            // A name that is not text is none of ours.
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn bytes_of(&self, name: &str) -> io::Result<u64> {
        Ok(self.file(name).metadata()?.len())
    }

    fn append_to(&self, name: &str) -> io::Result<Box<dyn Sheet>> {
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o640);
        Ok(Box::new(options.open(self.file(name))?))
    }

    fn read_from(&self, name: &str, offset: u64) -> io::Result<Box<dyn Read>> {
        let mut file = File::open(self.file(name))?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Box::new(file))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.file(name))
    }

    fn sync_names(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    fn open_ring(&self, name: &str, bytes: usize) -> io::Result<Box<dyn Ring>> {
        let (ring, is_new) = RingFile::open(&self.file(name), bytes)?;
        if is_new {
            self.sync_names()?;
        }
        Ok(Box::new(ring))
    }
}

impl Sheet for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write(bytes)
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn is_removed(&self) -> io::Result<bool> {
        Ok(self.metadata()?.nlink() == 0)
    }
}
