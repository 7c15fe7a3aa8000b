//! Signals as a descriptor, and the clean signal state that a child starts with.
#![expect(unsafe_code, reason = "signalfd, sigprocmask and signal have no safe form in rustix")]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// The signals that the executor reads from its descriptor.
const OURS: [i32; 4] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGCHLD];

fn set_of(signals: &[i32]) -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the whole set; sigaddset then gets a valid set and number.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for &signal in signals {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        set.assume_init()
    }
}

/// Blocks our signals for this thread (and the threads it starts) and returns the descriptor that
/// they are read from.
pub(crate) fn open() -> io::Result<OwnedFd> {
    let set = set_of(&OURS);
    // SAFETY: `set` is initialised; the old mask is not asked for.
    if unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) } != 0
    {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: as above; -1 asks for a new descriptor.
    let fd = unsafe { libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: signalfd gave us a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The next signal, if there is one.
pub(crate) fn next(fd: &OwnedFd) -> Option<i32> {
    let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
    let size = size_of::<libc::signalfd_siginfo>();
    // SAFETY: the buffer is `size` bytes long and a full read initialises all of it.
    let read = unsafe { libc::read(fd.as_raw_fd(), info.as_mut_ptr().cast(), size) };
    if read != size as isize {
        return None;
    }
    // SAFETY: the kernel filled the whole struct.
    Some(unsafe { info.assume_init() }.ssi_signo as i32)
}

/// Unblocks every signal and gives each its default action. The mask and "ignored" survive exec,
/// so an app would otherwise inherit ours (Rust ignores SIGPIPE, the executor blocks TERM).
pub(crate) fn reset_for_child() {
    for signal in 1..=libc::SIGRTMAX() {
        if signal != libc::SIGKILL && signal != libc::SIGSTOP {
            // SAFETY: SIG_DFL runs no code of ours; the two numbers that libc keeps for itself are
            // refused with EINVAL, which is harmless.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
    }
    let none = set_of(&[]);
    // SAFETY: `none` is an initialised, empty set.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut()) };
}
