//! A real executor in a process of its own, and the test in the guardian's chair.

use defib_engine::effect::{Order, Purse, Rung};
use defib_engine::event::Outcome;
use defib_engine::id::{AppId, Identity, IncidentId, IntentId};
use defib_engine::note::Class;
use defib_journal::order::{MESSAGE_MAX, Report, Request};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with,
    bind, listen, recv, send, socket_with,
};
use rustix::process::{Pid, Signal, kill_process};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The longest that anything may take here.
pub(crate) const PATIENCE: Duration = Duration::from_secs(8);

/// One state folder and what runs on it.
pub(crate) struct Bench {
    pub(crate) folder: PathBuf,
    pub(crate) executor: Option<Child>,
    /// The program that plays the executor's roles.
    pub(crate) exe: PathBuf,
    at_end: &'static str,
    listener: OwnedFd,
    guardian: Option<OwnedFd>,
    next_intent: u64,
}

/// The line that root needs for a `start` app.
pub(crate) fn user_line() -> &'static str {
    if rustix::process::geteuid().is_root() { "user = \"root\"\n" } else { "" }
}

/// A config with one app that `start` (a TOML list) starts.
pub(crate) fn start_config(start: &str, more: &str) -> String {
    format!(
        "[machine]\nmode = \"act\"\n[app.shop]\nurl = \"http://127.0.0.1:1/\"\nstart = {start}\n{}{more}",
        user_line()
    )
}

impl Bench {
    /// Writes the config and starts an executor. `FOLDER` in the config becomes the folder.
    pub(crate) fn start(name: &str, config: &str, at_end: &'static str) -> Bench {
        let mut bench = Bench::prepare(name, config, at_end);
        bench.start_executor();
        bench
    }

    /// The same without the executor.
    pub(crate) fn prepare(name: &str, config: &str, at_end: &'static str) -> Bench {
        let folder = std::env::temp_dir().join(format!("dx-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("made");
        let listener =
            socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
                .expect("a socket");
        bind(&listener, &SocketAddrUnix::new(folder.join("s")).expect("short")).expect("bound");
        listen(&listener, 8).expect("listening");
        let bench = Bench {
            folder,
            executor: None,
            exe: env!("CARGO_BIN_EXE_executor-stand-in").into(),
            at_end,
            listener,
            guardian: None,
            next_intent: 1,
        };
        bench.write_config(config);
        bench
    }

    pub(crate) fn write_config(&self, config: &str) {
        let text = config.replace("FOLDER", &self.folder.to_string_lossy());
        std::fs::write(self.folder.join("config.toml"), text).expect("written");
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.exe);
        command.arg("executor").arg(&self.folder).arg(self.at_end);
        command.env("DEFIB_TEST_SOCKET", self.folder.join("s"));
        command
    }

    pub(crate) fn start_executor(&mut self) {
        let log = std::fs::File::options()
            .append(true)
            .create(true)
            .open(self.folder.join("log"))
            .expect("opened");
        let child = self.command().stderr(Stdio::from(log)).spawn().expect("started");
        self.executor = Some(child);
    }

    pub(crate) fn signal_executor(&self, signal: Signal) {
        let child = self.executor.as_ref().expect("running");
        kill_process(Pid::from_child(child), signal).expect("ours");
    }

    /// kill -9 of the executor alone.
    pub(crate) fn kill_executor(&mut self) {
        let mut child = self.executor.take().expect("running");
        child.kill().expect("ours");
        child.wait().expect("it ends");
        self.guardian = None;
    }

    /// The guardian is gone.
    pub(crate) fn hang_up(&mut self) {
        self.guardian = None;
    }

    /// Whether one has come that nobody has spoken to yet.
    pub(crate) fn has_another_guardian(&self) -> bool {
        Self::is_readable(&self.listener, Duration::ZERO)
    }

    /// Waits for the executor to end by itself.
    pub(crate) fn wait_executor(&mut self) -> std::process::ExitStatus {
        let mut child = self.executor.take().expect("running");
        let begun = Instant::now();
        loop {
            if let Some(status) = child.try_wait().expect("ours") {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "the executor did not end");
            std::thread::yield_now();
        }
    }

    fn is_readable(fd: &OwnedFd, wait: Duration) -> bool {
        let timeout =
            Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) };
        poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&timeout)).is_ok_and(|ready| ready > 0)
    }

    /// The next report; a new guardian is taken when the old one is gone.
    pub(crate) fn next(&mut self, wait: Duration) -> Option<Report> {
        let end = Instant::now() + wait;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Some(guardian) = &self.guardian else {
                if !Self::is_readable(&self.listener, left) {
                    return None;
                }
                let fd = accept_with(&self.listener, SocketFlags::CLOEXEC).expect("accepted");
                self.guardian = Some(fd);
                continue;
            };
            if !Self::is_readable(guardian, left) {
                return None;
            }
            let mut bytes = [0; MESSAGE_MAX];
            match recv(guardian, &mut bytes, RecvFlags::empty()) {
                Ok((len, _)) if len > 0 => {
                    return Some(Report::decode(&bytes[..len]).expect("a valid report"));
                }
                _ => self.guardian = None,
            }
        }
    }

    /// Reads until `wanted` picks something.
    pub(crate) fn until<T>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&Report) -> Option<T>,
    ) -> T {
        let end = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        while let Some(report) = self.next(end.saturating_duration_since(Instant::now())) {
            if let Some(found) = wanted(&report) {
                return found;
            }
            seen.push(format!("{report:?}"));
        }
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("no {what} in\n{}\nlog: {log}", seen.join("\n"));
    }

    pub(crate) fn say(&mut self, request: &Request) {
        let mut bytes = Vec::new();
        request.encode(&mut bytes);
        self.say_bytes(&bytes);
    }

    pub(crate) fn say_bytes(&mut self, bytes: &[u8]) {
        let guardian = self.guardian.as_ref().expect("a guardian is there");
        let _ = send(guardian, bytes, SendFlags::NOSIGNAL);
    }

    /// Waits until a guardian has been told everything; says the last intent.
    pub(crate) fn greeted(&mut self) -> u64 {
        let last = self.until("Welcome", |report| match report {
            Report::Welcome { last_intent, .. } => Some(*last_intent),
            _ => None,
        });
        self.next_intent = last + 1;
        self.until("Capable", |report| matches!(report, Report::Capable { .. }).then_some(()));
        last
    }

    pub(crate) fn order(&mut self, rung: Rung, purse: Purse, identity: Option<Identity>) -> Order {
        let intent = IntentId(self.next_intent);
        self.next_intent += 1;
        Order {
            intent,
            app: AppId(0),
            incident: IncidentId(7),
            rung,
            purse,
            class: Class::Hung,
            identity,
            deadline_ms: 6_000,
        }
    }

    /// Sends an order and waits for its end.
    pub(crate) fn act(&mut self, order: Order) -> (Outcome, String) {
        self.say(&Request::Order(order));
        self.until("Acted", |report| match report {
            Report::Acted { intent, outcome, detail, .. } if *intent == order.intent => {
                Some((*outcome, detail.clone()))
            }
            _ => None,
        })
    }

    /// Starts the app and says who it is.
    pub(crate) fn start_app(&mut self) -> Identity {
        let order = self.order(Rung::Start, Purse::Free, None);
        self.say(&Request::Order(order));
        let identity = self.until("Found", found);
        self.until("Acted", |report| matches!(report, Report::Acted { .. }).then_some(()));
        identity
    }

    /// Polls until `done`.
    pub(crate) fn eventually(&self, what: &str, mut done: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !done() {
            assert!(begun.elapsed() < PATIENCE, "never: {what}; log: {}", self.text("log"));
            std::thread::yield_now();
        }
    }

    pub(crate) fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.join(file)).unwrap_or_default()
    }
}

/// Picks the identity out of `Found`.
pub(crate) fn found(report: &Report) -> Option<Identity> {
    match report {
        Report::Found { identity, .. } => Some(*identity),
        _ => None,
    }
}

/// Whether a process with this number runs (a zombie does not).
pub(crate) fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| !rest.trim().is_empty() && !rest.trim_start().starts_with(['Z', 'X']))
}

pub(crate) fn kill(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid as i32).expect("a number");
    kill_process(pid, signal).expect("ours");
}

impl Drop for Bench {
    /// Ends what this bench started, and only that: an executor that stops its apps.
    fn drop(&mut self) {
        if let Some(mut child) = self.executor.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        self.guardian = None;
        self.at_end = "stop";
        if let Ok(mut child) = self.command().stderr(Stdio::null()).spawn() {
            // Its guardian waits in our listener; the welcome means that it has adopted the apps.
            let _ = self.next(PATIENCE);
            let _ = kill_process(Pid::from_child(&child), Signal::TERM);
            let _ = child.wait();
        }
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
