//! Staying in memory when memory is gone. The killer is kept off us by the executor, which has the right.
#![expect(unsafe_code, reason = "malloc_trim has no safe form")]

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{Resource, getrlimit};

/// CAP_IPC_LOCK, as a bit of CapEff.
const IPC_LOCK: u64 = 1 << 14;

/// Gives back what starting needed and guarding does not: reading 150 authorities leaves 0.2 MB of free pieces behind.
pub(crate) fn trim_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: gives free pages back and touches no allocation; it is safe beside other threads.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Best effort, like the executor's own: a lock does not outlive exec, so each process takes its own.
/// ONFAULT: pages are locked when they are first touched.
pub(crate) fn lock_memory() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    // Under a limit a later allocation would fail: locking would be the danger that it is against.
    if has_capability(&status) || getrlimit(Resource::Memlock).current.is_none() {
        let _ = mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT);
    }
}

fn has_capability(status: &str) -> bool {
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    effective
        .and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok())
        .is_some_and(|bits| bits & IPC_LOCK != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capability_is_read_from_the_effective_set() {
        assert!(has_capability("CapPrm:\t0\nCapEff:\t0000000000004000\n"));
        assert!(!has_capability("CapPrm:\t0000000000004000\nCapEff:\t0\n"));
        assert!(!has_capability(""));
    }
}
