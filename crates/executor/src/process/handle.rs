//! A process held by pidfd: it cannot be mistaken for a later one with the same number.

use super::{protect, stat};
use crate::boundary::{Held, Signal};
use defib_engine::id::Identity;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open, pidfd_send_signal};
use std::io;

/// Holds it if this very process is there, even as a zombie. The start time is read after the pidfd is
/// open: from then on the number cannot be given to another.
pub(crate) fn open(identity: Identity) -> Option<Held> {
    let pid = Pid::from_raw(identity.pid as i32)?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    let found = stat::read(identity.pid)?;
    (found.identity == identity).then(|| Held::new(identity, Some(pidfd)))
}

/// Whether it has ended: the kernel makes a pidfd readable then, reaped or not.
pub(crate) fn is_gone(held: &Held) -> bool {
    let Some(pidfd) = held.fd() else { return true };
    let mut fds = [PollFd::new(&pidfd, PollFlags::IN)];
    let no_wait = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut fds, Some(&no_wait)).is_ok_and(|ready| ready > 0)
}

/// Sends a signal. Never to PID 1, to us, to whoever started us, or to sshd.
pub(crate) fn signal(held: &Held, signal: Signal) -> io::Result<()> {
    let pid = held.identity.pid;
    let is_sshd = || stat::read(pid).is_some_and(|stat| stat.is_sshd);
    if is_protected(pid) || is_sshd() {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("process {pid} is sshd, defib itself or one above it"),
        ));
    }
    let Some(pidfd) = held.fd() else {
        return Err(io::Error::other("the process is not held by a descriptor"));
    };
    Ok(pidfd_send_signal(pidfd, number(signal))?)
}

const fn number(signal: Signal) -> rustix::process::Signal {
    match signal {
        Signal::Hup => rustix::process::Signal::HUP,
        Signal::Term => rustix::process::Signal::TERM,
        Signal::Cont => rustix::process::Signal::CONT,
        Signal::Stop => rustix::process::Signal::STOP,
        Signal::Kill => rustix::process::Signal::KILL,
    }
}

/// Whether it is PID 1, this process, or an ancestor of it.
pub(crate) fn is_protected(pid: u32) -> bool {
    protect::why_never(pid, b"", protect::lineage()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn ends_what_it_holds_and_nothing_else() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep starts");
        let identity = stat::read(child.id()).expect("it runs").identity;
        let held = open(identity).expect("it is that one");
        let other = Identity { start_ticks: identity.start_ticks + 1, ..identity };
        assert!(open(other).is_none());
        assert!(!is_gone(&held));
        signal(&held, Signal::Kill).expect("ours");
        child.wait().expect("it ends");
        assert!(is_gone(&held));
    }

    #[test]
    fn protects_itself_and_those_above() {
        assert!(is_protected(0) && is_protected(1) && is_protected(std::process::id()));
        let parent = stat::read(std::process::id()).expect("we run").parent;
        assert!(is_protected(parent));
    }
}
