//! The capabilities that the executor itself goes on with.
//!
//! Only its own sets shrink, and not the bounding set: a child that starts as root (`exec-child`, which
//! becomes another user and then an app or a command) gets by its exec what the service manager allows.

use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, no_new_privs, set_capabilities};

/// Each with what fails without it.
const NEEDED: CapabilitySet = CapabilitySet::KILL // ending processes of other users
    .union(CapabilitySet::SYS_BOOT) // reboot(2)
    .union(CapabilitySet::IPC_LOCK) // mlockall beyond RLIMIT_MEMLOCK
    .union(CapabilitySet::SYS_RESOURCE) // oom_score_adj -1000; PSI windows below 2 s; the last free blocks of a disk
    .union(CapabilitySet::SYS_NICE) // a better place with the scheduler when all is busy
    .union(CapabilitySet::SYS_PTRACE) // /proc/PID/{fd,wchan,syscall} of other users; process_mrelease
    .union(CapabilitySet::DAC_READ_SEARCH) // the same folders, and a pidfile or config in somebody's closed folder
    .union(CapabilitySet::DAC_OVERRIDE) // cgroup files of delegated groups, clean-ups in folders of the app's user
    .union(CapabilitySet::SYSLOG); // /dev/kmsg where dmesg is restricted

/// Lets all others go, for this thread and those that it starts from now on. Without root there is nothing to
/// let go of.
pub(crate) fn keep_needed() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let Ok(now) = capabilities(None) else { return };
    let kept = now.permitted & NEEDED;
    // Under no_new_privs a child gets by its exec no more than its parent may have: what apps' users and the
    // guardian's drop need must then stay within reach, though not in force.
    let is_bound = no_new_privs().unwrap_or(false);
    let permitted = if is_bound { now.permitted } else { kept };
    let sets = CapabilitySets { effective: kept, permitted, inheritable: CapabilitySet::empty() };
    // Giving up needs no privilege; a kernel that refuses leaves us as we were.
    let _ = set_capabilities(None, sets);
}
