//! The files of the state folder that no decision depends on.

use super::last_good::LastGood;
use super::output::Outputs;
use crate::boundary::Files;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What `defib resume` leaves in the state folder.
const RESUME: &str = "resume";

/// The state folder.
#[derive(Debug)]
pub(super) struct Folder {
    state_dir: PathBuf,
    outputs: Outputs,
    last_good: LastGood,
}

impl Folder {
    pub(super) fn new(state_dir: &Path) -> Folder {
        let (outputs, last_good) = (Outputs::new(state_dir), LastGood::default());
        Folder { state_dir: state_dir.to_owned(), outputs, last_good }
    }
}

impl Files for Folder {
    fn config(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(path)
    }

    fn keep_config(&self, text: &str) {
        self.last_good.keep(&self.state_dir, text);
    }

    fn take_resume(&self) -> bool {
        let path = self.state_dir.join(RESUME);
        let ours = rustix::process::geteuid().as_raw();
        // The folder is ours and the guardian cannot write to it, so neither can it make the file, nor link one
        // of root's to there.
        let is_yes = std::fs::symlink_metadata(&path).is_ok_and(|it| it.uid() == ours);
        is_yes && std::fs::remove_file(&path).is_ok()
    }

    fn output_path(&self, name: &str) -> PathBuf {
        self.outputs.path(name)
    }

    fn make_output(&self, name: &str) -> io::Result<()> {
        self.outputs.open(name).map(drop)
    }

    fn cut_output(&self, name: &str) -> io::Result<()> {
        self.outputs.cut(name)
    }

    fn output_tail(&self, name: &str, len: u64) -> io::Result<Vec<u8>> {
        self.outputs.tail(name, len)
    }
}
