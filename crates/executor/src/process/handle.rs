//! A process held by pidfd: it cannot be mistaken for a later one with the same number.

use super::stat;
use defib_engine::id::Identity;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A process and the descriptor that is its name.
#[derive(Debug)]
pub(crate) struct Handle {
    /// Who it is.
    pub(crate) identity: Identity,
    pidfd: OwnedFd,
}

impl Handle {
    /// Opens it if this very process is there, even as a zombie. The start time is read after the
    /// pidfd is open: from then on the number cannot be given to another.
    pub(crate) fn open(identity: Identity) -> Option<Handle> {
        let pid = Pid::from_raw(identity.pid as i32)?;
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        let found = stat::read(identity.pid)?;
        (found.identity == identity).then_some(Handle { identity, pidfd })
    }

    /// Whether it has ended: the kernel makes a pidfd readable then, reaped or not.
    pub(crate) fn is_gone(&self) -> bool {
        let mut fds = [PollFd::new(&self.pidfd, PollFlags::IN)];
        let no_wait = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&no_wait)).is_ok_and(|ready| ready > 0)
    }

    /// Sends a signal. Never to PID 1, to us, or to whoever started us.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        if is_protected(self.identity.pid) {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!("process {} is defib itself or one above it", self.identity.pid),
            ));
        }
        Ok(pidfd_send_signal(&self.pidfd, signal)?)
    }
}

impl AsFd for Handle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

/// Whether it is PID 1, this process, or an ancestor of it.
pub(crate) fn is_protected(pid: u32) -> bool {
    let mut above = std::process::id();
    // A chain of processes is short; the bound is against a /proc that lies.
    for _ in 0..64 {
        if pid == above {
            return true;
        }
        match stat::read(above) {
            Some(stat) if stat.parent > 1 => above = stat.parent,
            _ => break,
        }
    }
    pid <= 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn ends_what_it_holds_and_nothing_else() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep starts");
        let identity = stat::read(child.id()).expect("it runs").identity;
        let handle = Handle::open(identity).expect("it is that one");
        let other = Identity { start_ticks: identity.start_ticks + 1, ..identity };
        assert!(Handle::open(other).is_none());
        assert!(!handle.is_gone());
        handle.signal(Signal::KILL).expect("ours");
        child.wait().expect("it ends");
        assert!(handle.is_gone());
    }

    #[test]
    fn protects_itself_and_those_above() {
        assert!(is_protected(0) && is_protected(1) && is_protected(std::process::id()));
        let parent = stat::read(std::process::id()).expect("we run").parent;
        assert!(is_protected(parent));
    }
}
