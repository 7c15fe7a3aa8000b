//! Taking back the memory of a process that is being killed, in our own context.
#![expect(unsafe_code, reason = "process_mrelease has no safe form in rustix")]

use std::os::fd::{AsRawFd, BorrowedFd};

/// Frees what the dying process held, as the kernel's own memory killer does (Linux 5.15); without it a
/// victim that is starved of CPU, or sleeps in the kernel, keeps its memory until it runs again.
/// Errors need no answer: an older kernel, a process that is gone, or one that is not dying. It can wait
/// for the process's memory lock, so it is never called by the loop.
pub(crate) fn mrelease(pidfd: BorrowedFd<'_>) {
    // SAFETY: takes two numbers and touches no memory of ours; the descriptor is open while it is
    // borrowed, and the kernel refuses one that is no pidfd.
    unsafe {
        libc::syscall(libc::SYS_process_mrelease, pidfd.as_raw_fd(), 0);
    }
}
