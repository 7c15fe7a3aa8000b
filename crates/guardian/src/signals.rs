//! TERM, INT and USR1 as a descriptor: rustix has no safe call for signalfd(2).

use rustix::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use rustix::io::Errno;

/// What a person or a service manager can tell us by a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// TERM or INT: stop in order.
    Stop,
    /// USR1: look at everything now.
    LookNow,
}

/// The descriptor.
#[derive(Debug)]
pub(crate) struct Signals {
    descriptor: OwnedFd,
}

impl Signals {
    /// Blocks the signals in this thread and opens the descriptor that receives them. Children do
    /// not inherit the mask: `std::process::Command` empties it before exec.
    #[expect(unsafe_code, reason = "signalfd(2) and pthread_sigmask(3) have no safe binding")]
    pub(crate) fn open() -> Result<Signals, Errno> {
        // SAFETY: the set is initialized by sigemptyset before it is read, and outlives both calls.
        let raw = unsafe {
            let mut set = std::mem::zeroed::<libc::sigset_t>();
            libc::sigemptyset(&raw mut set);
            for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGUSR1] {
                libc::sigaddset(&raw mut set, signal);
            }
            if libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) != 0 {
                return Err(Errno::INVAL);
            }
            libc::signalfd(-1, &raw const set, libc::SFD_NONBLOCK | libc::SFD_CLOEXEC)
        };
        if raw < 0 {
            let error = std::io::Error::last_os_error();
            return Err(Errno::from_io_error(&error).unwrap_or(Errno::INVAL));
        }
        // SAFETY: signalfd has just returned this descriptor and nobody else owns it.
        let descriptor = unsafe { OwnedFd::from_raw_fd(raw) };
        Ok(Signals { descriptor })
    }

    /// The next signal, if one waits.
    pub(crate) fn next(&self) -> Option<Told> {
        // One `signalfd_siginfo` is 128 bytes; its first word is the signal's number.
        let mut bytes = [0_u8; 128];
        let length = rustix::io::read(&self.descriptor, &mut bytes).ok()?;
        let number = bytes.get(..length)?.first_chunk::<4>()?;
        match i32::from_ne_bytes(*number) {
            libc::SIGUSR1 => Some(Told::LookNow),
            _ => Some(Told::Stop),
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(unsafe_code, reason = "raise(3) sends to this thread alone, whose mask we have set")]
    fn signals_come_as_words_and_do_not_end_us() {
        let signals = Signals::open().unwrap();
        assert_eq!(signals.next(), None);
        for (signal, told) in [
            (libc::SIGUSR1, Told::LookNow),
            (libc::SIGTERM, Told::Stop),
            (libc::SIGINT, Told::Stop),
        ] {
            // SAFETY: raise has no memory to misuse, and the signal is blocked in this thread.
            assert_eq!(unsafe { libc::raise(signal) }, 0);
            assert_eq!(signals.next(), Some(told));
        }
        assert_eq!(signals.next(), None);
    }
}
