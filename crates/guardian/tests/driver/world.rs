//! One guardian with its folders, and how tests look at it.

use crate::executor::Executor;
use crate::server::Server;
use defib_engine::event::Started;
use defib_engine::policy::Policy;
use defib_guardian::{AppStatus, Ended, Narrate, Setup, run};
use defib_journal::boot::LastBoot;
use defib_journal::files::Reader;
use defib_journal::line::{Entry, Line};
use defib_journal::order::{Report, Request};
use rustix::fd::{AsFd, OwnedFd};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const STATE: &str = "DEFIB_TEST_STATE";
const RUNTIME: &str = "DEFIB_TEST_RUNTIME";

struct Silent;

impl Narrate for Silent {
    fn entry(&mut self, _: &Policy, _: &Entry) {}
    fn status(&mut self, apps: &[AppStatus]) {
        assert!(!apps.is_empty());
    }
    fn wants_status(&self) -> bool {
        true
    }
}

#[expect(clippy::disallowed_methods, reason = "the code is all that a test sees of this process")]
pub(crate) fn guardian_role() {
    let ended = run(Setup {
        socket: std::io::stdin().as_fd().try_clone_to_owned().unwrap(),
        state_dir: PathBuf::from(std::env::var_os(STATE).unwrap()),
        runtime_dir: PathBuf::from(std::env::var_os(RUNTIME).unwrap()),
        narrator: Box::new(Silent),
        exec_child_argv: Vec::new(),
        executor_is_root: rustix::process::geteuid().is_root(),
        is_confined: false,
        trigger: crate::pressure::trigger(),
        alarms: Vec::new(),
        version: "0.0.0-test",
        keep_program: || (),
    });
    let code = match ended {
        Ended::Stopped => 50,
        Ended::ExecutorGone => 51,
        Ended::Failed(why) => {
            eprintln!("the guardian failed: {why}");
            52
        }
    };
    std::process::exit(code);
}

pub(crate) struct World {
    pub(crate) state: TempDir,
    pub(crate) runtime: TempDir,
    pub(crate) executor: Executor,
    guardian: Child,
}

/// Looks every 200 ms, and every 100 ms once something failed.
pub(crate) fn config(server: &Server) -> String {
    format!(
        "[machine]\nmode = \"act\"\n\n[app.shop]\nurl = \"http://127.0.0.1:{}/\"\n\
         unit = \"shop.service\"\ninterval = \"200ms\"\nfast = \"100ms\"\ntimeout = \"250ms\"\n\
         window = \"500ms\"\n\
         rise = 2\nverify = \"300ms\"\n",
        server.port
    )
}

impl World {
    pub(crate) fn start(config: &str) -> World {
        World::started(config, None)
    }

    pub(crate) fn started(config: &str, trigger: Option<OwnedFd>) -> World {
        let mut world = World::spawned(trigger);
        world.executor.greet(config, &Started::default());
        world.executor.introduce();
        world
    }

    /// Without the handshake.
    pub(crate) fn silent() -> World {
        World::spawned(None)
    }

    fn spawned(trigger: Option<OwnedFd>) -> World {
        let (state, runtime) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (executor, guardian) = spawn(&state, &runtime, trigger);
        World { state, runtime, executor, guardian }
    }

    /// The guardian is killed and a new one greeted with this ledger.
    pub(crate) fn kill_and_restart(&mut self, config: &str, ledger: &Started) {
        self.kill();
        self.restart(config, ledger);
    }

    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.guardian.wait().unwrap();
    }

    /// The next one is told to observe and do nothing.
    pub(crate) fn restart_to_observe(&mut self, config: &str, message: &str) {
        self.kill();
        let (executor, guardian) = spawn(&self.state, &self.runtime, None);
        (self.executor, self.guardian) = (executor, guardian);
        self.executor.welcome(&Started::default());
        self.executor.say(&Report::ObserveOnly { message: message.into() });
        self.executor.give_config(config);
        assert_eq!(self.executor.expect(), Request::ConfigRead { accepted: true });
    }

    /// A guardian of another boot, which is told how the last one ended.
    pub(crate) fn restart_in_boot(
        &mut self,
        config: &str,
        ledger: &Started,
        boot: (u64, [u8; 16]),
        last: LastBoot,
    ) {
        let (executor, guardian) = spawn(&self.state, &self.runtime, None);
        (self.executor, self.guardian) = (executor, guardian);
        self.executor.welcome_in(ledger, boot);
        self.executor.say(&Report::LastBoot(last));
        self.executor.give_config(config);
        assert_eq!(self.executor.expect(), Request::ConfigRead { accepted: true });
    }

    pub(crate) fn restart(&mut self, config: &str, ledger: &Started) {
        let (executor, guardian) = spawn(&self.state, &self.runtime, None);
        (self.executor, self.guardian) = (executor, guardian);
        self.executor.greet(config, ledger);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.guardian), signal).unwrap();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.guardian.id()
    }

    /// Waits for the guardian's end, at most 2 s.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        until("the guardian's end", Duration::from_secs(2), || self.guardian.try_wait().unwrap())
    }

    pub(crate) fn journal(&self) -> Vec<Entry> {
        let Ok(mut reader) = Reader::open(&self.state.path().join("journal")) else {
            return Vec::new();
        };
        let mut entries = Vec::new();
        while let Some(entry) = reader.next_entry().unwrap() {
            entries.push(entry);
        }
        entries
    }

    /// Waits for a line.
    pub(crate) fn line(&self, what: &str, wanted: impl Fn(&Line<'_>) -> bool) -> Entry {
        until(what, Duration::from_secs(10), || {
            self.journal().into_iter().find(|entry| wanted(&entry.line))
        })
    }

    pub(crate) fn count(&self, wanted: impl Fn(&Line<'_>) -> bool) -> usize {
        self.journal().iter().filter(|entry| wanted(&entry.line)).count()
    }

    /// Waits until the first good look was made.
    pub(crate) fn wait_until_up(&self) {
        until("the app to be up", Duration::from_secs(10), || {
            self.ask("{\"do\":\"status\"}").contains("\"state\":\"up\"").then_some(())
        });
    }

    pub(crate) fn connect(&self) -> UnixStream {
        let path = self.runtime.path().join("defib.sock");
        let stream = until("the control socket", Duration::from_secs(10), || {
            UnixStream::connect(&path).ok()
        });
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }

    /// One request, one answer.
    pub(crate) fn ask(&self, request: &str) -> String {
        let mut stream = self.connect();
        writeln!(stream, "{request}").unwrap();
        read_line(stream)
    }
}

pub(crate) fn read_line(stream: UnixStream) -> String {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.guardian.kill();
        let _ = self.guardian.wait();
    }
}

/// Its standard output may be a trigger.
fn spawn(state: &TempDir, runtime: &TempDir, trigger: Option<OwnedFd>) -> (Executor, Child) {
    let (ours, theirs) =
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    let guardian = Command::new(std::env::current_exe().unwrap())
        .args(["guardian_role", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env(STATE, state.path())
        .env(RUNTIME, runtime.path())
        .env(crate::pressure::IS_THERE, if trigger.is_some() { "yes" } else { "no" })
        .stdin(Stdio::from(theirs))
        .stdout(trigger.map_or_else(Stdio::null, Stdio::from))
        .spawn()
        .unwrap();
    (Executor::new(ours), guardian)
}

/// Asks again every 5 ms until there is an answer.
#[expect(clippy::disallowed_methods, reason = "a poll with a deadline")]
pub(crate) fn until<T>(what: &str, patience: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let ends = Instant::now() + patience;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < ends, "waited {patience:?} for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
