//! A check command with Nagios' exit codes, in a process group of its own that does not outlive
//! the run.

use super::errno::Failure;
use super::look::Detail;
use super::poller::Interest;
use super::stopwatch::Stopwatch;
use super::{Kind, Looker, Micros, Poller, Progress, Run, Terms};
use defib_config::spec::CommandSpec;
use defib_engine::seen::{Phase, Seen, UnknownWhy};
use rustix::fd::OwnedFd;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions};
use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::rc::Rc;

/// What is kept of the output; Nagios plugins write one line and some figures.
const OUTPUT_MAX: usize = 4096;

/// What is read in one turn, so that a command that writes without end cannot keep the loop: the
/// next turn goes on.
const READ_MAX: usize = 64 * 1024;

/// Ended commands that were not gone at once: a process in an uninterruptible sleep takes its
/// KILL later. They are reaped at the start of later runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Graveyard(Rc<RefCell<Vec<Child>>>);

impl Graveyard {
    fn bury(&self, child: Child) {
        self.0.borrow_mut().push(child);
        self.reap();
    }

    fn reap(&self) {
        self.0.borrow_mut().retain_mut(|child| matches!(child.try_wait(), Ok(None)));
    }
}

/// The kind.
pub(super) struct CommandKind(Rc<CommandSpec>);

impl CommandKind {
    pub(super) fn new(spec: &CommandSpec) -> Result<CommandKind, String> {
        if spec.argv.is_empty() {
            return Err("the command is empty: name a program".to_owned());
        }
        Ok(CommandKind(Rc::new(spec.clone())))
    }
}

impl Kind for CommandKind {
    fn start(&self, _terms: Terms, watch: Stopwatch) -> Box<dyn Run> {
        Box::new(CommandRun { spec: Rc::clone(&self.0), running: None, watch })
    }
}

struct CommandRun {
    spec: Rc<CommandSpec>,
    running: Option<Running>,
    watch: Stopwatch,
}

impl Run for CommandRun {
    fn advance(&mut self, looker: &mut Looker, poller: &Poller<'_>, now: Micros) -> Progress {
        if self.running.is_none() {
            looker.graveyard.reap();
            self.watch.enter(Phase::Command, now);
            match Running::start(&self.spec, looker, poller) {
                Ok(running) => self.running = Some(running),
                Err(failure) => return self.watch.done(failure.seen, *failure.detail, now),
            }
        }
        let Some(running) = &mut self.running else { return self.watch.wait(now, false) };
        running.read_output();
        let status = running.ended();
        let detail = Detail::first_line(&running.output);
        match status {
            Some(status) => self.watch.done(seen_of(status), detail, now),
            None => self.watch.wait(now, false).with_detail(detail),
        }
    }
}

/// Nagios' meaning: 0 good, 1 warning, 2 critical, 3 does not know. Codes without meaning, and a
/// check that was itself killed, know nothing either.
fn seen_of(status: ExitStatus) -> Seen {
    match status.code() {
        Some(0) => Seen::Pass,
        Some(code @ (1 | 2)) => Seen::Command(code as u8),
        _ => Seen::Unknown(UnknownWhy::CommandUnsure),
    }
}

/// A command that was started. Dropping it ends it with all its group.
struct Running {
    /// `None` once it has been reaped: from then on its number may belong to another.
    child: Option<Child>,
    pid: Pid,
    /// Readable when the command has ended. The end of its output would not do: a grandchild may
    /// hold the pipe open for ever.
    pidfd: Option<OwnedFd>,
    pipe: Option<OwnedFd>,
    output: Vec<u8>,
    graveyard: Graveyard,
}

impl Running {
    fn start(spec: &CommandSpec, looker: &Looker, poller: &Poller<'_>) -> Result<Running, Failure> {
        let argv = argv(spec, &looker.exec_child)?;
        let program = argv.first().map_or(OsStr::new(""), OsString::as_os_str);
        let mut child = spawn(program, &argv).map_err(|error| not_started(program, &error))?;
        // The memory killer passes us by, and a check must not inherit that: one that eats the memory is
        // the first to go. Raising it needs no privilege.
        let _ = std::fs::write(format!("/proc/{}/oom_score_adj", child.id()), "0");
        let mut running = Running {
            pid: Pid::from_child(&child),
            pipe: child.stdout.take().map(OwnedFd::from),
            child: Some(child),
            pidfd: None,
            output: Vec::new(),
            graveyard: looker.graveyard.clone(),
        };
        running.watch(poller).map_err(|errno| not_started(program, &errno.into()))?;
        Ok(running)
    }

    fn watch(&mut self, poller: &Poller<'_>) -> Result<(), Errno> {
        let pidfd = rustix::process::pidfd_open(self.pid, PidfdFlags::empty())?;
        poller.add(&pidfd, Interest::Read)?;
        self.pidfd = Some(pidfd);
        if let Some(pipe) = &self.pipe {
            rustix::fs::fcntl_setfl(pipe, OFlags::NONBLOCK)?;
            poller.add(pipe, Interest::Read)?;
        }
        Ok(())
    }

    /// Keeps the first part of the output and reads on, so that the command is never stopped by a
    /// full pipe.
    fn read_output(&mut self) {
        let mut buffer = [0; OUTPUT_MAX];
        for _ in 0..READ_MAX / OUTPUT_MAX {
            let Some(pipe) = &self.pipe else { return };
            match rustix::io::read(pipe, &mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(len) => {
                    let room = OUTPUT_MAX - self.output.len();
                    self.output.extend_from_slice(&buffer[..len.min(room)]);
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                // Without this the level-triggered error would wake us for ever.
                Err(_) => self.pipe = None,
            }
        }
    }

    /// How the command ended, if it has. What it left behind in its group is ended first: while
    /// the leader is a zombie nobody else can have the group's number.
    fn ended(&mut self) -> Option<ExitStatus> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if let Ok(None) = rustix::process::waitid(WaitId::Pid(self.pid), options) {
            return None;
        }
        self.kill_group();
        let status = self.child.as_mut()?.try_wait();
        self.child = None;
        // An error means that somebody else reaped it: how it ended is lost.
        Some(status.ok().flatten().unwrap_or_else(|| ExitStatus::from_raw(UNSEEN << 8)))
    }

    fn kill_group(&self) {
        // It can only fail because nobody is left, or because they are another user's now.
        let _ = rustix::process::kill_process_group(self.pid, Signal::KILL);
    }
}

/// An exit code that means "unknown" to Nagios.
const UNSEEN: i32 = 3;

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = self.child.take() {
            self.kill_group();
            self.graveyard.bury(child);
        }
    }
}

/// The words to execute: another user is taken on by our own role, in the child, because `uid` on
/// [`Command`] would give up `posix_spawn` for a fork of the whole guardian.
fn argv(spec: &CommandSpec, exec_child: &[OsString]) -> Result<Vec<OsString>, Failure> {
    let command = spec.argv.iter().map(OsString::from);
    let Some(user) = &spec.user else { return Ok(command.collect()) };
    if exec_child.is_empty() {
        let seen = Seen::Unknown(UnknownWhy::OurLimit);
        return Err(Failure::new(seen, format_args!("cannot become user {user} here")));
    }
    let role = exec_child.iter().cloned();
    let options = ["--user", user, "--"].map(OsString::from);
    Ok(role.chain(options).chain(command).collect())
}

fn spawn(program: &OsStr, argv: &[OsString]) -> io::Result<Child> {
    // A group of its own is the one attribute here, and one that `posix_spawn` has.
    Command::new(program)
        .args(argv.iter().skip(1))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

/// A command that is not there knows nothing about the app; a machine that cannot start one says
/// nothing about it either.
fn not_started(program: &OsStr, error: &io::Error) -> Failure {
    let why = match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOMEM | Errno::AGAIN | Errno::MFILE | Errno::NFILE) => UnknownWhy::OurLimit,
        _ => UnknownWhy::CommandUnsure,
    };
    let program = program.to_string_lossy();
    Failure::new(Seen::Unknown(why), format_args!("cannot start {program}: {error}"))
}
