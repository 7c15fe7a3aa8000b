//! The last way to the service manager: its own command line client, as a bounded child.

use crate::manager::UnitJob;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::OFlags;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::time::Timespec;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The most bytes of its words that are kept.
const WORDS_MAX: usize = 200;

/// One running `systemctl`.
#[derive(Debug)]
pub struct Systemctl {
    child: Child,
    pidfd: OwnedFd,
}

/// The arguments for a job. No `--no-block`: its exit code then tells the job's result.
pub fn arguments(job: UnitJob, unit: &str) -> Vec<String> {
    let mut arguments: Vec<String> = vec!["--quiet".into(), "--no-ask-password".into()];
    match job {
        UnitJob::Start => arguments.push("start".into()),
        UnitJob::Stop => arguments.push("stop".into()),
        UnitJob::Restart => arguments.push("restart".into()),
        UnitJob::Reload => arguments.push("reload".into()),
        UnitJob::ResetFailed => arguments.push("reset-failed".into()),
        UnitJob::Kill { signal } => {
            // `--kill-whom` is its name since 252, and this one is still understood.
            arguments.extend(["kill".into(), "--kill-who=all".into()]);
            arguments.push(format!("--signal={signal}"));
        }
    }
    arguments.push("--".into());
    arguments.push(unit.into());
    arguments
}

/// The arguments for a polite reboot, past inhibitors.
pub fn reboot_arguments() -> Vec<String> {
    vec!["--quiet".into(), "--no-ask-password".into(), "-i".into(), "reboot".into()]
}

impl Systemctl {
    /// Starts it.
    pub fn start(program: &Path, arguments: &[String]) -> io::Result<Systemctl> {
        let mut child = Command::new(program)
            .args(arguments)
            // A loaded kernel or /run/nextroot would make "reboot" mean kexec or a soft reboot, which leave
            // a sick kernel or machine as it is.
            .env("SYSTEMCTL_SKIP_AUTO_KEXEC", "1")
            .env("SYSTEMCTL_SKIP_AUTO_SOFT_REBOOT", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let pidfd = pidfd_open(Pid::from_child(&child), PidfdFlags::empty());
        match pidfd {
            Ok(pidfd) => Ok(Systemctl { child, pidfd }),
            Err(error) => {
                // Without a descriptor its end could not be waited for.
                child.kill()?;
                child.wait()?;
                Err(error.into())
            }
        }
    }

    /// What becomes readable when it has ended.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Ends it; [`Systemctl::finished`] still has to reap it.
    pub fn kill(&self) {
        // ESRCH: it has ended by itself.
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    /// How it ended, once it has: `Err` holds its words.
    pub fn finished(&mut self) -> Option<Result<(), String>> {
        let mut fds = [PollFd::new(&self.pidfd, PollFlags::IN)];
        if poll(&mut fds, Some(&Timespec::default())) != Ok(1) {
            return None;
        }
        let status = self.child.try_wait();
        let words = self.words();
        Some(match status {
            Ok(Some(status)) if status.success() => Ok(()),
            Ok(Some(status)) => Err(format!("systemctl: {status}: {words}")),
            // The executor reaps every child, and may have been faster than we. Then its words
            // must do: it has none when all went well.
            Ok(None) | Err(_) if words.is_empty() => Ok(()),
            Ok(None) | Err(_) => Err(format!("systemctl: {words}")),
        })
    }

    /// What it wrote to standard error, as one line. Never waits: a grandchild could hold it open.
    fn words(&mut self) -> String {
        let Some(mut pipe) = self.child.stderr.take() else { return String::new() };
        let mut bytes = [0; WORDS_MAX];
        let len = rustix::fs::fcntl_setfl(&pipe, OFlags::NONBLOCK)
            .map_or(0, |()| pipe.read(&mut bytes).unwrap_or(0));
        String::from_utf8_lossy(&bytes[..len]).trim().replace('\n', " ")
    }
}
