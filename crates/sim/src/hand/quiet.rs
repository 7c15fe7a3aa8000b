//! Boundaries on which no decision depends: files of people and for people, and whoever started us.

use super::seat::Seat;
use defib_executor::boundary::Files;
use defib_executor::notify::Notify;
use std::io;
use std::path::{Path, PathBuf};

impl Files for Seat {
    fn config(&self, _path: &Path) -> io::Result<String> {
        Ok(self.world().plan().config.clone())
    }

    fn keep_config(&self, _text: &str) {}

    fn take_resume(&self) -> bool {
        false
    }

    fn output_path(&self, name: &str) -> PathBuf {
        Path::new("/var/lib/defib/output").join(name)
    }

    fn make_output(&self, _name: &str) -> io::Result<()> {
        self.may_call()
    }

    fn cut_output(&self, _name: &str) -> io::Result<()> {
        self.may_call()
    }

    fn output_tail(&self, _name: &str, _len: u64) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

impl Notify for Seat {
    fn ready(&mut self) {}
    fn reloading(&mut self) {}
    fn status(&mut self, _text: &str) {}
    fn stopping(&mut self) {}
    fn watchdog(&mut self) {}
    fn watchdog_every_ms(&self) -> Option<u64> {
        None
    }
    fn complain(&mut self, what: &str) {
        Seat::complain(self, what);
    }
}
