//! Becoming another user, for good.
#![expect(unsafe_code, reason = "setgroups, setgid and setuid of a whole process")]

use std::io;

fn checked(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sets groups, group and user, in the only order that works: a user without privileges may set
/// none of them.
pub(crate) fn become_user(uid: u32, gid: u32, groups: &[u32]) -> io::Result<()> {
    // SAFETY: pointer and length describe one live slice; gid_t is u32 on Linux.
    checked(unsafe { libc::setgroups(groups.len(), groups.as_ptr()) })?;
    // SAFETY: no pointers.
    checked(unsafe { libc::setgid(gid) })?;
    // SAFETY: no pointers.
    checked(unsafe { libc::setuid(uid) })
}

/// Gives scheduling back its defaults: the executor may run with another policy and a better
/// nice value, and both are inherited.
pub(crate) fn reset_scheduling() {
    let plain = libc::sched_param { sched_priority: 0 };
    // SAFETY: `plain` lives through the call; 0 is the calling thread.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_OTHER, &raw const plain) };
    // SAFETY: no pointers. Raising the nice value from a negative one needs no privilege.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 0) };
}

/// Gives the limit of open files back its usual soft value: an inherited large one breaks
/// programs that use select(2).
pub(crate) fn reset_limits() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a live, writable struct.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } == 0 {
        limit.rlim_cur = limit.rlim_max.min(1024);
        // SAFETY: `limit` is initialised.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    }
    let core = libc::rlimit { rlim_cur: 0, rlim_max: libc::RLIM_INFINITY };
    // A core limit that we do not have the right to raise stays as it is.
    // SAFETY: `core` is initialised.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const core) };
}
