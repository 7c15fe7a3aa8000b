//! The whole binary as a service, and the test as its service manager.

use super::folder::Folder;
use super::wait::poll_until;
use defib_journal::files::Reader;
use defib_journal::line::{Entry, Line};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

/// Longer than anything here takes on a busy machine.
pub const SOON: Duration = Duration::from_secs(10);

/// The folders and the config of one agent, which outlive its processes.
pub struct Home {
    folder: Folder,
    environment: Vec<(String, String)>,
}

impl Home {
    /// A home with this config.
    pub fn new(folder: Folder, config: &str) -> Home {
        fs::write(folder.join("defib.toml"), config).expect("the folder is ours");
        // No test may reach this machine's own bus.
        // GLib's word for "none"; defib takes it so, too.
        let environment = vec![("DBUS_SYSTEM_BUS_ADDRESS".into(), "disabled:".into())];
        Home { folder, environment }
    }

    /// The same with a variable of the environment.
    pub fn with(mut self, name: &str, value: String) -> Home {
        self.environment.retain(|(other, _)| other != name);
        self.environment.push((name.into(), value));
        self
    }

    /// Its own folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Journal and ledger.
    pub fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// Socket and hold files.
    pub fn runtime(&self) -> PathBuf {
        self.folder.join("run")
    }

    /// What both processes printed.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_defib"));
        for name in ["JOURNAL_STREAM", "NOTIFY_SOCKET", "STATE_DIRECTORY", "RUNTIME_DIRECTORY"] {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().cloned()).stdin(Stdio::null());
        command
    }

    fn start(&self, arguments: &[&str]) -> Daemon {
        let mut log = fs::File::options();
        let log = log.create(true).append(true).open(self.folder.join("log")).expect("ours");
        let child = self
            .command()
            .args(arguments)
            .stdout(log.try_clone().expect("a descriptor"))
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        Daemon { child }
    }

    /// `defib daemon`.
    pub fn daemon(&self) -> Daemon {
        let [config, state, runtime] =
            [self.folder.join("defib.toml"), self.state(), self.runtime()]
                .map(|path| path.to_string_lossy().into_owned());
        self.start(&["daemon", "--config", &config, "--state", &state, "--runtime", &runtime])
    }

    /// `defib daemon`, started by a program that takes things away from it first.
    pub fn daemon_under(&self, wrapper: &[&str]) -> Daemon {
        let own = env!("CARGO_BIN_EXE_defib");
        let places = [
            ("config", self.folder.join("defib.toml")),
            ("state", self.state()),
            ("runtime", self.runtime()),
        ];
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).arg(own).arg("daemon");
        for (name, path) in places {
            command.arg(format!("--{name}")).arg(path);
        }
        let log = fs::File::create(self.folder.join("log")).expect("ours");
        command.envs(self.environment.iter().cloned()).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a descriptor")).stderr(log);
        Daemon { child: command.spawn().expect("it starts") }
    }

    /// `defib guard URL` with further arguments; its runtime folder is `run` in the state folder.
    pub fn guard(&self, url: &str, further: &[&str]) -> Daemon {
        let state = self.state().to_string_lossy().into_owned();
        self.start(&[&["guard", url, "--state", &state], further].concat())
    }

    /// A verb that ends by itself.
    pub fn verb(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().expect("the binary runs")
    }

    /// One request on the control socket, and its answer; `None` if there was none in time.
    pub fn ask(&self, request: &str) -> Option<String> {
        let runtimes = [self.runtime(), self.state().join("run")];
        let socket = runtimes.iter().map(|run| run.join("defib.sock")).find(|it| it.exists())?;
        let mut stream = UnixStream::connect(socket).ok()?;
        let patience = Some(Duration::from_secs(3));
        stream.set_read_timeout(patience).ok()?;
        stream.set_write_timeout(patience).ok()?;
        writeln!(stream, "{request}").ok()?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).ok()?;
        (!answer.is_empty()).then_some(answer)
    }

    /// The word that `status` has for the app's state.
    pub fn word(&self) -> Option<String> {
        let answer = self.ask("{\"do\":\"status\"}")?;
        let (_, rest) = answer.split_once("\"state\":\"")?;
        rest.split_once('"').map(|(word, _)| word.to_owned())
    }

    /// Waits for a word of `status`.
    pub fn wait_for_word(&self, word: &str, limit: Duration) {
        poll_until(&format!("status says {word}"), limit, || {
            (self.word().as_deref() == Some(word)).then_some(())
        });
    }

    /// Every whole line of the journal.
    pub fn journal(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        if let Ok(mut reader) = Reader::open(&self.state().join("journal")) {
            while let Ok(Some(entry)) = reader.next_entry() {
                entries.push(entry);
            }
        }
        entries
    }

    /// Waits for a line of the journal.
    pub fn wait_for_line<T>(
        &self,
        what: &str,
        limit: Duration,
        find: impl Fn(&Entry) -> Option<T>,
    ) -> T {
        poll_until(what, limit, || self.journal().iter().find_map(&find))
    }

    /// The orders of the journal, with the moment of each line.
    pub fn orders(&self) -> Vec<(u64, defib_engine::effect::Order)> {
        let order = |entry: &Entry| match entry.line {
            Line::Order { order } => Some((entry.up.0, order)),
            _ => None,
        };
        self.journal().iter().filter_map(order).collect()
    }

    /// Panics unless `defib replay` comes to the same decisions.
    pub fn assert_replays(&self) {
        let output = self.verb(&["replay", &self.state().to_string_lossy()]);
        let said = String::from_utf8_lossy(&output.stdout);
        let wrong = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "replay: {said}{wrong}");
    }
}

/// A running executor with its guardian.
pub struct Daemon {
    child: Child,
}

impl Daemon {
    /// The executor's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The guardian's process, if there is one that has become the guardian.
    pub fn guardian(&self) -> Option<u32> {
        let own = self.pid();
        let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).ok()?;
        children.split_whitespace().filter_map(|pid| pid.parse().ok()).find(|pid| is_guardian(*pid))
    }

    /// Signals the executor.
    pub fn signal(&self, signal: Signal) {
        signal_to(self.pid(), signal);
    }

    /// Whether it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is ours")
    }

    /// kill -9, as nothing can refuse.
    pub fn kill(&mut self) {
        self.child.kill().expect("it is ours");
        self.child.wait().expect("it is ours");
    }

    /// TERM, and its exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        poll_until("the daemon stops", SOON, || self.ended()).code()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Signals one process.
pub fn signal_to(pid: u32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid as i32) {
        let _ = kill_process(pid, signal);
    }
}

fn is_guardian(pid: u32) -> bool {
    let words = fs::read(Path::new("/proc").join(pid.to_string()).join("cmdline"));
    words.is_ok_and(|words| words.split(|byte| *byte == 0).nth(1) == Some(b"guardian"))
}
