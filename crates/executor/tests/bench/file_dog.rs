//! A watchdog that is a file: what was done with it is a line each. `dog.facts` in the folder makes it exist:
//! words of `nowayout`, `busy`, `short`.

use defib_executor::boundary::{Device, Parting, Sight, Watchdog};
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

pub(crate) struct FileDog {
    folder: PathBuf,
}

impl FileDog {
    pub(crate) fn new(folder: PathBuf) -> FileDog {
        FileDog { folder }
    }

    fn facts(&self) -> Option<String> {
        fs::read_to_string(self.folder.join("dog.facts")).ok()
    }

    fn has(&self, word: &str) -> bool {
        self.facts().is_some_and(|facts| facts.contains(word))
    }

    fn did(&self, what: &str) {
        let path = self.folder.join("dog.log");
        let mut file = fs::File::options().append(true).create(true).open(path).expect("opened");
        writeln!(file, "{what}").expect("written");
    }
}

impl Watchdog for FileDog {
    fn look(&mut self) -> Sight {
        let Some(_) = self.facts() else { return Sight::Missing };
        Sight::Device(Device {
            name: "watchdog0".into(),
            has_no_way_out: self.has("nowayout"),
            ..Device::default()
        })
    }

    fn arm(&mut self) -> io::Result<()> {
        if self.has("busy") {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        self.did("arm");
        Ok(())
    }

    fn set_timeout_s(&mut self, timeout_s: u32) -> io::Result<u32> {
        let set_s = if self.has("short") { 12 } else { timeout_s };
        self.did(&format!("timeout {set_s}"));
        Ok(set_s)
    }

    fn feed(&mut self) -> io::Result<()> {
        self.did("feed");
        Ok(())
    }

    fn restart(&mut self) -> io::Result<()> {
        self.did("restart");
        Ok(())
    }

    fn disarm(&mut self) -> Parting {
        self.did("disarm");
        if self.has("nowayout") { Parting::StillArmed } else { Parting::Disarmed }
    }

    fn leave(&mut self) {
        self.did("leave");
    }
}
