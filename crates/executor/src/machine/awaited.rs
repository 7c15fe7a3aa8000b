//! Whom systemd-shutdown waits for: everybody who has not ended after TERM, for 90 s by default
//! (`DefaultTimeoutStopSec=`), before it sends KILL.

use crate::process::stat::{self, Stat};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// kthreadd, the parent of all kernel threads.
const KTHREADD: u32 = 2;

/// Whether anybody but us is still waited for. What cannot be seen is not.
pub(super) fn others_are_awaited() -> bool {
    let own = std::process::id();
    let all = stat::read_all().unwrap_or_default();
    let is_spared = |pid: u32| is_spared(&Path::new("/proc").join(pid.to_string()));
    all.iter().any(|stat| is_other(stat, own) && !is_spared(stat.identity.pid))
}

/// A process of somebody's that is neither PID 1 nor ours.
fn is_other(stat: &Stat, own: u32) -> bool {
    let is_kernel = stat.identity.pid == KTHREADD || stat.parent == KTHREADD;
    let is_ours = stat.identity.pid == own || stat.parent == own;
    stat.is_alive() && stat.identity.pid != 1 && !is_kernel && !is_ours
}

/// A daemon that the root file system's storage needs calls itself `@...`, and is not ended
/// (<https://systemd.io/ROOT_STORAGE_DAEMONS>). Who sleeps in the kernel may hold the lock of its own memory there, where
/// its command line is, and is not asked: we would sleep with it.
fn is_spared(process: &Path) -> bool {
    let mut first = [0];
    let mut read = || File::open(process.join("cmdline"))?.read(&mut first);
    !sleeps_in_kernel(process) && read().is_ok_and(|len| len == 1) && first == *b"@"
}

/// Whether one of its threads is in state D.
fn sleeps_in_kernel(process: &Path) -> bool {
    let threads = fs::read_dir(process.join("task")).into_iter().flatten().flatten();
    let mut lines = threads.filter_map(|thread| fs::read(thread.path().join("stat")).ok());
    lines.any(|line| stat::parse(0, &line).is_some_and(|stat| stat.state == b'D'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use defib_engine::id::Identity;
    use std::os::unix::process::CommandExt;
    use std::process::Command;
    use std::time::{Duration, Instant};

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

    /// A process of this name, once it is where it stays: while it begins it may sleep for a page of its program.
    fn named(name: &str) -> bool {
        let mut child = Command::new("sleep").arg0(name).arg("60").spawn().expect("sleep");
        let process = Path::new("/proc").join(child.id().to_string());
        let end = Instant::now() + Duration::from_secs(20);
        while stat::read(child.id()).is_none_or(|stat| stat.state != b'S') {
            assert!(Instant::now() < end, "it never came to rest");
            std::thread::yield_now();
        }
        let spared = is_spared(&process);
        child.kill().and_then(|()| child.wait()).expect("ours");
        spared
    }

    #[test]
    fn a_storage_daemon_is_known_by_its_name() {
        assert!(named("@sleep") && !named("sleep"));
        assert!(others_are_awaited(), "the test runner, at the least");
    }

    #[test]
    fn who_sleeps_in_the_kernel_is_not_asked_for_its_name() {
        let process = std::env::temp_dir().join(format!("defib-awaited-{}", std::process::id()));
        let thread = |tid: u32, state: char| {
            let folder = process.join(format!("task/{tid}"));
            let line = format!("{tid} (a) D (b) {state} 1 7 7{}", " 0".repeat(47));
            fs::create_dir_all(&folder).expect("ours");
            fs::write(folder.join("stat"), line).expect("ours");
        };
        thread(7, 'S');
        fs::write(process.join("cmdline"), "@a").expect("ours");
        assert!(is_spared(&process));
        thread(8, 'D');
        assert!(!is_spared(&process));
        fs::remove_dir_all(&process).expect("ours");
    }
}
