//! Whom systemd-shutdown waits for: everybody who has not ended after TERM, for 90 s by default
//! (`DefaultTimeoutStopSec=`), before it sends KILL.

use crate::process::stat::{self, Stat};
use std::fs::File;
use std::io::Read;

/// kthreadd, the parent of all kernel threads.
const KTHREADD: u32 = 2;

/// Whether anybody but us is still waited for. What cannot be seen is not.
pub(super) fn others_are_awaited() -> bool {
    let own = std::process::id();
    let all = stat::read_all().unwrap_or_default();
    all.iter().any(|stat| is_other(stat, own) && !is_spared(stat.identity.pid))
}

/// A process of somebody's that is neither PID 1 nor ours.
fn is_other(stat: &Stat, own: u32) -> bool {
    let is_kernel = stat.identity.pid == KTHREADD || stat.parent == KTHREADD;
    let is_ours = stat.identity.pid == own || stat.parent == own;
    stat.is_alive() && stat.identity.pid != 1 && !is_kernel && !is_ours
}

/// A daemon that the root file system's storage needs calls itself `@...`, and is not ended
/// (<https://systemd.io/ROOT_STORAGE_DAEMONS>).
fn is_spared(pid: u32) -> bool {
    let mut first = [0];
    let read = File::open(format!("/proc/{pid}/cmdline")).and_then(|mut it| it.read(&mut first));
    read.is_ok_and(|len| len == 1) && first == *b"@"
}

#[cfg(test)]
mod tests {
    use super::*;
    use defib_engine::id::Identity;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    const OWN: u32 = 400;

    fn process(pid: u32, parent: u32, state: u8) -> Stat {
        let identity = Identity { pid, start_ticks: 1 };
        Stat { identity, state, parent, group: pid, session: pid, is_sshd: false }
    }

    #[test]
    fn it_is_others_that_are_waited_for() {
        let expected = [
            (process(1, 0, b'S'), false),
            (process(2, 0, b'S'), false),
            (process(9, 2, b'I'), false),
            (process(OWN, 1, b'S'), false),
            (process(401, OWN, b'S'), false),
            (process(500, 1, b'Z'), false),
            (process(501, 1, b'S'), true),
            (process(502, 500, b'D'), true),
        ];
        for (stat, is_awaited) in expected {
            assert_eq!(is_other(&stat, OWN), is_awaited, "{stat:?}");
        }
    }

    #[test]
    fn a_storage_daemon_is_known_by_its_name() {
        let named = |name: &str| {
            let mut child = Command::new("sleep").arg0(name).arg("60").spawn().expect("sleep");
            let spared = is_spared(child.id());
            child.kill().and_then(|()| child.wait()).expect("ours");
            spared
        };
        assert!(named("@sleep") && !named("sleep"));
        assert!(others_are_awaited(), "the test runner, at the least");
    }
}
