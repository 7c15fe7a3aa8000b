//! An app that this test starts by itself, as cron or a person would, and the config that would start the same.

use crate::bench::{Bench, PATIENCE, user_line};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The user that nothing belongs to.
pub(crate) const NOBODY: u32 = 65_534;

/// Listens, and does as its arguments say: forks workers that share the socket, gives up its rights.
const SCRIPT: &str = r#"#!/usr/bin/python3
import os, socket, sys, time
folder, port, words = sys.argv[1], int(sys.argv[2]), sys.argv[3].split()
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", port))
listener.listen()
def drop():
    if "nobody" in words:
        os.setgid(65534)
        os.setuid(65534)
if "workers" in words:
    for _ in range(2):
        pid = os.fork()
        if pid == 0:
            drop()
            time.sleep(120)
            os._exit(0)
        with open(folder + "/workers", "a") as file:
            file.write("%d\n" % pid)
else:
    drop()
time.sleep(120)
"#;

/// Becomes a user, and then the program.
const AS_USER: &str = "import os, sys; user = int(sys.argv[1]); os.setgid(user); os.setuid(user); \
                       os.execv(sys.argv[2], sys.argv[2:])";

/// The app, and what of it this test has started.
pub(crate) struct App {
    pub(crate) port: u16,
    name: String,
    words: String,
    folder: PathBuf,
    child: Option<Child>,
}

impl App {
    pub(crate) fn new(name: &str, words: &str) -> App {
        // Below the ports that the kernel gives away, and another one for each process and test.
        let salt = name.bytes().fold(0_u32, |sum, byte| sum * 31 % 977 + u32::from(byte));
        let port = (std::process::id() * 37 + salt) % 20_000 + 10_000;
        let folder = std::env::temp_dir().join(format!("dxa-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("made");
        let readable = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(&folder, readable).expect("set");
        let app = App {
            port: u16::try_from(port).expect("below 30,000"),
            name: name.into(),
            words: words.into(),
            folder,
            child: None,
        };
        std::fs::write(app.script(), SCRIPT).expect("written");
        let program = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(app.script(), program).expect("set");
        app
    }

    fn script(&self) -> PathBuf {
        self.folder.join("app")
    }

    fn arguments(&self) -> [String; 3] {
        let folder = self.folder.to_string_lossy().into_owned();
        [folder, self.port.to_string(), self.words.clone()]
    }

    /// Starts it by hand, and waits until it listens.
    pub(crate) fn start(&mut self, user: Option<u32>) -> u32 {
        let mut command = match user {
            None => Command::new(self.script()),
            Some(user) => {
                let mut command = Command::new("/usr/bin/python3");
                command.args(["-c", AS_USER, &user.to_string()]).arg(self.script());
                command
            }
        };
        command.args(self.arguments());
        self.spawn(command)
    }

    /// Starts another program on its port.
    pub(crate) fn start_stranger(&mut self) -> u32 {
        let mut command = Command::new("/usr/bin/python3");
        let port = self.port.to_string();
        command.args(["-m", "http.server", &port, "--bind", "127.0.0.1"]).current_dir(&self.folder);
        self.spawn(command)
    }

    fn spawn(&mut self, mut command: Command) -> u32 {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("started");
        let pid = child.id();
        self.child = Some(child);
        let begun = Instant::now();
        while self.words.contains("workers") && self.workers().len() < 2 || !self.answers() {
            assert!(begun.elapsed() < PATIENCE, "it does not listen");
            std::thread::yield_now();
        }
        let named = || std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        while !["app\n", "python3\n"].contains(&named().as_str()) {
            assert!(begun.elapsed() < PATIENCE, "it is {}", named());
            std::thread::yield_now();
        }
        pid
    }

    pub(crate) fn answers(&self) -> bool {
        // It accepts nobody: a full queue would hold up who waits for it.
        let address = (Ipv4Addr::LOCALHOST, self.port).into();
        TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok()
    }

    pub(crate) fn workers(&self) -> Vec<u32> {
        let text = std::fs::read_to_string(self.folder.join("workers")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// KILL to what was started by hand.
    pub(crate) fn end(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        child.kill().expect("ours");
        child.wait().expect("it ends");
    }

    /// An executor whose config would start it.
    pub(crate) fn bench(&self) -> Bench {
        self.bench_that("leave")
    }

    pub(crate) fn bench_that(&self, at_end: &'static str) -> Bench {
        let mut bench = self.prepared(at_end);
        bench.start_executor();
        bench
    }

    /// The same, not started yet.
    pub(crate) fn prepared(&self, at_end: &'static str) -> Bench {
        let script = self.script().to_string_lossy().into_owned();
        let [folder, port, words] = self.arguments();
        let config = format!(
            "[machine]\nmode = \"act\"\nreboot = \"allowed\"\n[app.shop]\n\
             url = \"http://127.0.0.1:{port}/\"\ngrace = \"1s\"\n\
             start = [\"{script}\", \"{folder}\", \"{port}\", \"{words}\"]\n{}",
            user_line()
        );
        Bench::prepare(&self.name, &config, at_end)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
