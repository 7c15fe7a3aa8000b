//! The files of the state folder that no decision depends on.

use super::last_good::LastGood;
use super::output::Outputs;
use crate::boundary::Files;
use std::io;
use std::path::{Path, PathBuf};

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
