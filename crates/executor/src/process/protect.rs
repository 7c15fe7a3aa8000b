//! Whom no order ends, whatever it says: process 1, defib, those above it, and the way in for a person.

use super::stat;
use std::sync::OnceLock;

/// A chain of processes is short; the bound is against a /proc that lies.
const LINEAGE_MAX: usize = 64;

/// Why a process is never ended; `None` if it may be.
///
/// `lineage`: defib itself and all above it. `name`: the kernel's name of the process, which is the
/// program's for sshd and for the `sshd-session` of newer ones.
pub(crate) fn why_never(pid: u32, name: &[u8], lineage: &[u32]) -> Option<&'static str> {
    if pid <= 1 {
        return Some("process 1");
    }
    if lineage.contains(&pid) {
        return Some("defib itself or one above it");
    }
    // Somebody who wants to save the machine by hand comes in through it.
    name.starts_with(b"sshd").then_some("sshd")
}

/// Why a cgroup is never ended as a whole. `homes`: the cgroups of process 1, of defib and of all above
/// it, in the same hierarchy. Paths begin with `/`.
pub(crate) fn why_never_group(group: &str, homes: &[impl AsRef<str>]) -> Option<&'static str> {
    if !group.starts_with('/') || group.trim_matches('/').is_empty() {
        return Some("the root of all cgroups");
    }
    homes
        .iter()
        .any(|home| lies_in(home.as_ref(), group))
        .then_some("the cgroup of process 1, of defib or of one above it")
}

/// Whether the cgroup `path` is `group` or lies below it.
pub(crate) fn lies_in(path: &str, group: &str) -> bool {
    path.strip_prefix(group).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Defib and all above it, as they were when it was first asked: later there may be no descriptor left to
/// find out.
pub(crate) fn lineage() -> &'static [u32] {
    static LINEAGE: OnceLock<Vec<u32>> = OnceLock::new();
    LINEAGE.get_or_init(|| {
        let mut above = std::process::id();
        let mut all = vec![above];
        while let Some(parent) = stat::read(above).map(|stat| stat.parent) {
            if parent <= 1 || all.len() >= LINEAGE_MAX {
                break;
            }
            all.push(parent);
            above = parent;
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_are_never_ended() {
        let lineage = [50, 40, 30];
        for pid in [0, 1, 50, 40, 30] {
            assert!(why_never(pid, b"app", &lineage).is_some(), "{pid}");
        }
        assert!(why_never(60, b"sshd", &lineage).is_some());
        assert!(why_never(60, b"sshd-session", &lineage).is_some());
        assert!(why_never(60, b"my-sshd-like", &lineage).is_none());
        assert!(why_never(60, b"gunicorn", &lineage).is_none());
    }

    #[test]
    fn a_cgroup_that_holds_one_of_them_is_never_ended() {
        let homes = ["/init.scope", "/system.slice/defib.service"];
        let never = ["", "/", "//", "shop", "/init.scope", "/system.slice"];
        for group in never.into_iter().chain(["/system.slice/defib.service"]) {
            assert!(why_never_group(group, &homes).is_some(), "{group}");
        }
        // Only whole names count.
        for group in ["/system.slice/shop.service", "/system.slice/defib.serv", "/system.slic"] {
            assert!(why_never_group(group, &homes).is_none(), "{group}");
        }
        // Where nothing has a place of its own, only what lies below the root may be ended.
        assert!(why_never_group("/defib-app-shop.7", &["/"]).is_none());
    }

    #[test]
    fn the_lineage_begins_with_us() {
        let parent = stat::read(std::process::id()).expect("we run").parent;
        assert_eq!(lineage().first(), Some(&std::process::id()));
        assert!(parent <= 1 || lineage().contains(&parent));
    }
}
