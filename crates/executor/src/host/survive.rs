//! Staying alive when memory is gone: the kernel's killer passes us by, and our pages stay.

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{Resource, getrlimit};

/// CAP_IPC_LOCK, as a bit of CapEff.
const IPC_LOCK: u64 = 1 << 14;

/// What the killer never takes. The guardian gets the same; every other child is reset to 0.
pub(super) const NEVER_KILLED: &str = "-1000";

/// Best effort: without the privilege everything works, only less surely when memory is short.
pub(crate) fn harden() {
    let _ = std::fs::write("/proc/self/oom_score_adj", NEVER_KILLED);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    // Without the capability RLIMIT_MEMLOCK counts, and an allocation beyond it would end us:
    // locking would then be the danger that it is against.
    if has_capability(&status, IPC_LOCK) || getrlimit(Resource::Memlock).current.is_none() {
        // ONFAULT: pages are locked when they are first touched. Without it each thread's whole
        // stack would be (35 MB measured for four, against 1.7 MB).
        let _ = mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT);
    }
}

/// Whether the capability of this bit is effective, by the text of `/proc/self/status`.
pub(crate) fn has_capability(status: &str, bit: u64) -> bool {
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    effective
        .and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok())
        .is_some_and(|bits| bits & bit != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locking_needs_the_capability() {
        assert!(has_capability("Name:\tx\nCapEff:\t000001ffffffffff\n", IPC_LOCK));
        assert!(!has_capability("CapEff:\t0000000000000000\n", IPC_LOCK));
        assert!(!has_capability("", IPC_LOCK));
    }
}
