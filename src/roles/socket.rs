//! The one descriptor that is inherited by number.
#![expect(unsafe_code, reason = "a descriptor that came by number has no owner yet")]

use std::os::fd::{FromRawFd, OwnedFd};

/// Descriptor 3, if the executor says that it is our socket.
pub(crate) fn from_executor() -> Option<OwnedFd> {
    std::env::var_os("DEFIB_GUARDIAN_FD").filter(|fd| fd == "3")?;
    // SAFETY: only the executor sets this variable, in the same spawn in which it places the
    // socket at 3; nothing of this process has opened or owned a descriptor yet.
    let socket = unsafe { OwnedFd::from_raw_fd(3) };
    rustix::net::sockopt::socket_type(&socket).is_ok().then_some(socket)
}
