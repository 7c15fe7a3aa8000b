//! The descriptor that comes by number.
#![expect(unsafe_code, reason = "descriptor 3 is handed over by the executor")]

use std::os::fd::{FromRawFd, OwnedFd};

/// The executor's socket.
pub(crate) fn socket() -> OwnedFd {
    // SAFETY: the executor put the socket there, and nothing else in this process owns it.
    unsafe { OwnedFd::from_raw_fd(3) }
}
