//! The web server of `lone.py`: it notices when it is alive twice, and keeps a log of its starts.

use super::folder::Folder;
use super::http;
use super::port::free_port;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// One life of the server, by the kernel's own figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Life {
    /// Its process.
    pub pid: u32,
    /// When it began, in clock ticks since boot.
    pub start_ticks: u64,
}

impl Life {
    /// Since boot, in milliseconds. A tick is 10 ms (`USER_HZ` is 100 on every Linux).
    pub fn began_ms(self) -> u64 {
        self.start_ticks * 10
    }

    /// Whether it has not ended.
    pub fn is_alive(self) -> bool {
        let Ok(stat) = fs::read_to_string(format!("/proc/{}/stat", self.pid)) else { return false };
        let Some((_, rest)) = stat.rsplit_once(") ") else { return false };
        let mut fields = rest.split(' ');
        let is_gone = matches!(fields.next(), Some("Z" | "X"));
        !is_gone && fields.nth(18).and_then(|it| it.parse().ok()) == Some(self.start_ticks)
    }

    /// Sends a signal, if it has not ended.
    pub fn signal(self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.pid as i32).filter(|_| self.is_alive()) {
            let _ = kill_process(pid, signal);
        }
    }
}

/// The server's folder and port. Its lives end with this value.
pub struct Lone {
    folder: PathBuf,
    /// Where it listens.
    pub port: u16,
}

impl Lone {
    /// A folder for it below `parent`; nothing is started.
    pub fn new(parent: &Folder) -> Lone {
        let folder = parent.join("lone");
        fs::create_dir(&folder).expect("the folder is ours");
        // The server runs as another user when the test is root.
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).expect("ours");
        Lone { folder, port: free_port() }
    }

    /// The command that starts it, as a list of the config.
    pub fn start_list(&self) -> String {
        format!("[{}]", self.argv().map(|word| format!("{word:?}")).join(", "))
    }

    /// The command that starts it.
    pub fn argv(&self) -> [String; 4] {
        // A user's own Python may be out of reach for the user that the server runs as.
        let system = "/usr/bin/python3";
        let python = if Path::new(system).exists() { system } else { "python3" };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/lone.py");
        let readable = self.folder.join("lone.py");
        // The checkout may be out of reach, too.
        fs::copy(script, &readable).expect("copied");
        let folder = self.folder.to_string_lossy().into_owned();
        [python.into(), readable.to_string_lossy().into_owned(), folder, self.port.to_string()]
    }

    /// The line of the config that names its user.
    pub fn user_line() -> &'static str {
        if rustix::process::geteuid().is_root() { "user = \"nobody\"\n" } else { "" }
    }

    /// Switches a fault on.
    pub fn strike(&self, fault: &str) {
        File::create(self.folder.join(fault)).expect("the folder is writable");
    }

    /// Switches it off.
    pub fn mend(&self, fault: &str) {
        let _ = fs::remove_file(self.folder.join(fault));
    }

    /// Whether a fault is on.
    pub fn has(&self, fault: &str) -> bool {
        self.folder.join(fault).exists()
    }

    /// Each life so far, oldest first.
    pub fn lives(&self) -> Vec<Life> {
        let text = fs::read_to_string(self.folder.join("starts")).unwrap_or_default();
        let life = |line: &str| {
            let (pid, ticks) = line.split_once(' ')?;
            Some(Life { pid: pid.parse().ok()?, start_ticks: ticks.parse().ok()? })
        };
        text.lines().filter_map(life).collect()
    }

    /// The life that goes on.
    pub fn living(&self) -> Option<Life> {
        self.lives().into_iter().rev().find(|life| life.is_alive())
    }

    /// Panics if it ever was alive twice.
    pub fn assert_lone(&self) {
        let twice = fs::read_to_string(self.folder.join("twice")).unwrap_or_default();
        assert_eq!(twice, "", "two copies were alive at once");
        let living: Vec<Life> = self.lives().into_iter().filter(|it| it.is_alive()).collect();
        assert!(living.len() < 2, "two copies are alive: {living:?}");
    }

    /// Whether it answers 200.
    pub fn is_well(&self) -> bool {
        http::status_within(self.port, "/", std::time::Duration::from_millis(300)) == Some(200)
    }
}

impl Drop for Lone {
    fn drop(&mut self) {
        for life in self.lives() {
            life.signal(Signal::KILL);
        }
    }
}
