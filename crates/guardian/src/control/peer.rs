//! Who is at the other end, by the kernel's word: root, or our own user or group, may command.

use rustix::fd::{AsFd, AsRawFd};
use rustix::net::sockopt::socket_peercred;
use rustix::process::{Gid, Uid, getegid, geteuid};

/// A user is in at most 65,536 groups, but nobody who administers a machine is in more than this.
const GROUPS_MAX: usize = 256;

/// Whether the peer may command us. The socket's mode (0660) says the same at connect; this also
/// holds when the folder's modes were changed or the descriptor was handed on.
pub(crate) fn may_command(socket: impl AsFd) -> bool {
    let Ok(peer) = socket_peercred(&socket) else { return false };
    let user = geteuid();
    let group = getegid();
    peer.uid == Uid::ROOT
        || peer.uid == user
        || peer.gid == group
        || supplementary(&socket).contains(&group)
}

/// The peer's further groups at connect (SO_PEERGROUPS, Linux 4.13): a person in group `defib` has it
/// here and not as the primary one.
#[expect(unsafe_code, reason = "SO_PEERGROUPS has no safe binding")]
fn supplementary(socket: impl AsFd) -> Vec<Gid> {
    let mut groups = [0 as libc::gid_t; GROUPS_MAX];
    let mut length = size_of_val(&groups) as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes to `groups`, whose size that is, and the
    // length itself back; both outlive the call.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERGROUPS,
            groups.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return Vec::new();
    }
    let count = (length as usize / size_of::<libc::gid_t>()).min(GROUPS_MAX);
    groups[..count].iter().map(|&group| Gid::from_raw(group)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn our_own_user_may_command() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        assert!(may_command(&ours));
    }
}
