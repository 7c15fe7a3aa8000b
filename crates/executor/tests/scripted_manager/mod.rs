//! A service manager that does as it is told, on a private bus or as PID 1's private socket.
//!
//! The bus is the real `dbus-daemon` with a configuration and a socket of its own, so that what we
//! send is judged by the reference implementation. Nothing here ever touches the system bus.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(unreachable_pub, reason = "a module of several test programs")]

pub mod rig;
pub mod server;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that goes away with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("defib-service-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a folder of our own");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running `dbus-daemon`.
pub struct Bus {
    child: Child,
    socket: PathBuf,
}

impl Bus {
    pub fn start(folder: &Path) -> Bus {
        let socket = folder.join("bus");
        let config = folder.join("bus.conf");
        let text = format!(
            "<busconfig><type>custom</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>\
             <policy context='default'><allow user='*'/><allow own='*'/>\
             <allow send_destination='*'/><allow send_type='signal'/>\
             <allow receive_sender='*'/></policy></busconfig>",
            socket.display()
        );
        std::fs::write(&config, text).expect("config written");
        let _ = std::fs::remove_file(&socket);
        let mut child = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon is missing: `cargo xtask test` installs it (Debian package dbus)");
        let mut address = String::new();
        let output = child.stdout.take().expect("piped");
        // It prints the address when it listens.
        BufReader::new(output).read_line(&mut address).expect("an address");
        assert!(address.starts_with("unix:path="), "dbus-daemon said {address:?}");
        Bus { child, socket }
    }

    pub fn address(&self) -> String {
        format!("unix:path={}", self.socket.display())
    }

    pub fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// A process to be some unit's main process.
pub struct Sleeper(Child);

impl Sleeper {
    pub fn start() -> Sleeper {
        Sleeper(Command::new("sleep").arg("60").spawn().expect("sleep"))
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    pub fn kill(&mut self) {
        self.0.kill().expect("killed");
        self.0.wait().expect("reaped");
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A shell script that can be executed.
pub fn script(path: &Path, text: &str) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.create_new(true).write(true).mode(0o755).open(path).expect("created");
    write!(file, "#!/bin/sh\n{text}\n").expect("written");
}
