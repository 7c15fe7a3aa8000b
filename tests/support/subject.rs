//! gunicorn with the Flask app of `tests/subject/`: a real web server whose faults are files.

use super::folder::Folder;
use super::http;
use super::port::free_port;
use super::wait::poll_until;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How gunicorn's workers take requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Workers {
    /// One request at a time each.
    Sync,
    /// Four threads each.
    Threads,
}

/// A fault of a running subject; a fresh start is well again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Each request blocks for good.
    Hang,
    /// The worker that takes the next request dies by SIGKILL.
    CrashWorker,
    /// Each request is answered by a connection reset.
    Reset,
    /// Each request is answered 500.
    Error500,
    /// Each request is answered 503 with Retry-After (text: the seconds, 120).
    RetryAfter,
    /// Each request is answered 302.
    Redirect,
    /// Each request is answered 401.
    Auth,
    /// Each request is answered 200 with another site's body.
    WrongBody,
    /// Each request is answered late (text: the seconds, 2).
    Slow,
    /// The master exits at once. Strikes at each start while the file is there.
    DieAtStart,
    /// Master and workers ignore SIGTERM. Takes effect at a start.
    IgnoreTerm,
}

impl Fault {
    /// The name of the file that switches it on.
    pub fn file(self) -> &'static str {
        match self {
            Fault::Hang => "hang",
            Fault::CrashWorker => "crash-worker",
            Fault::Reset => "reset",
            Fault::Error500 => "err500",
            Fault::RetryAfter => "retry-after",
            Fault::Redirect => "redirect",
            Fault::Auth => "auth",
            Fault::WrongBody => "wrong-body",
            Fault::Slow => "slow",
            Fault::DieAtStart => "die-at-start",
            Fault::IgnoreTerm => "ignore-term",
        }
    }
}

/// A subject: where it is, and how it is started. It need not run.
pub struct Subject {
    /// Its port on the loopback.
    pub port: u16,
    folder: Folder,
    workers: Workers,
    dependency: Option<u16>,
}

impl Subject {
    /// A subject with a port and a folder of its own.
    pub fn new(name: &str, workers: Workers) -> Subject {
        let folder = Folder::new(name);
        std::fs::create_dir(folder.join("faults")).expect("the folder is ours");
        Subject { port: free_port(), folder, workers, dependency: None }
    }

    /// The same, needing a listener on this port of the loopback at each request.
    #[must_use]
    pub fn needing(mut self, port: u16) -> Subject {
        self.dependency = Some(port);
        self
    }

    /// Its folder, free for the test's own files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What to look at.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// What to start. Further options of gunicorn may be added.
    pub fn argv(&self) -> Vec<String> {
        let subject = checkout().join("tests/subject");
        let text = |path: &Path| path.to_string_lossy().into_owned();
        vec![
            text(&gunicorn()),
            "--chdir".to_owned(),
            text(&subject),
            "--config".to_owned(),
            text(&subject.join("gunicorn.conf.py")),
            "--bind".to_owned(),
            format!("127.0.0.1:{}", self.port),
            "app:app".to_owned(),
        ]
    }

    /// The environment that goes with [`Subject::argv`].
    pub fn environment(&self) -> Vec<(String, String)> {
        let class = match self.workers {
            Workers::Sync => "sync",
            Workers::Threads => "gthread",
        };
        let mut environment = vec![
            ("SUBJECT_FAULTS".to_owned(), self.faults().to_string_lossy().into_owned()),
            ("SUBJECT_CLASS".to_owned(), class.to_owned()),
        ];
        if let Some(port) = self.dependency {
            environment.push(("SUBJECT_DEPENDENCY".to_owned(), format!("127.0.0.1:{port}")));
        }
        environment
    }

    /// Switches a fault on, for what runs now.
    pub fn strike(&self, fault: Fault, text: &str) {
        std::fs::write(self.faults().join(fault.file()), text).expect("the folder is ours");
    }

    /// Switches a fault on, for each later start too.
    pub fn strike_always(&self, fault: Fault, text: &str) {
        self.strike(fault, &format!("{text} always"));
    }

    /// Switches a fault off.
    pub fn mend(&self, fault: Fault) {
        drop(std::fs::remove_file(self.faults().join(fault.file())));
    }

    /// Starts it by the test itself, in a process group of its own, and waits for its first answer.
    pub fn start(&self) -> Running {
        let running = self.start_unseen();
        self.wait_well();
        running
    }

    /// Starts it without waiting for an answer.
    pub fn start_unseen(&self) -> Running {
        let log = File::create(self.folder.join("gunicorn.log")).expect("the folder is ours");
        let argv = self.argv();
        let child = Command::new(&argv[0])
            .args(&argv[1..])
            .envs(self.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .process_group(0)
            .spawn()
            .expect("gunicorn can be started");
        Running { master: child }
    }

    /// Waits until it answers 200.
    pub fn wait_well(&self) {
        let look = || (http::status(self.port, "/") == Some(200)).then_some(());
        poll_until("the subject answers 200", Duration::from_secs(10), look);
    }

    /// The processes that belong to it, whoever started them, orphans of a killed master too: they
    /// are known by their environment.
    pub fn processes(&self) -> Vec<Pid> {
        let mark = format!("SUBJECT_FAULTS={}\0", self.faults().display());
        let entries = std::fs::read_dir("/proc").expect("Linux has it").flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        pids.filter(|pid| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.windows(mark.len()).any(|window| window == mark.as_bytes())
        })
        .filter_map(Pid::from_raw)
        .collect()
    }

    fn faults(&self) -> PathBuf {
        self.folder.join("faults")
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        // Hung workers outlive a killed master and would hold the port for ever.
        for pid in self.processes() {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// A subject that the test itself has started.
pub struct Running {
    master: Child,
}

impl Running {
    /// The master's number, which is its process group's too.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.master)
    }

    /// Sends a signal to the master.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it is our child, and not waited for yet");
    }

    /// Sends a signal to master and workers.
    pub fn signal_all(&self, signal: Signal) {
        kill_process_group(self.pid(), signal).expect("it is our child, and not waited for yet");
    }

    /// Whether the master has ended.
    pub fn has_ended(&mut self) -> bool {
        self.master.try_wait().expect("it is our child").is_some()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Before `wait`: the number of a zombie is still its own.
        let _ = kill_process_group(self.pid(), Signal::KILL);
        drop(self.master.wait());
    }
}

fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// gunicorn in the venv that `cargo xtask test` makes.
pub fn gunicorn() -> PathBuf {
    let path = checkout().join("target/venv/bin/gunicorn");
    assert!(
        path.exists(),
        "{} is not there: run `cargo xtask test` once, which makes the venv",
        path.display()
    );
    path
}
