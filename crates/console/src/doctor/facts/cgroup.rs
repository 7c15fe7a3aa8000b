//! Which cgroups there are.

use super::kernel::Kernel;
use super::root::Root;

/// The cgroups of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cgroups {
    /// Which kind.
    pub(crate) kind: Kind,
    /// Whether `cgroup.kill` ends a whole one (Linux 5.14).
    pub(crate) has_kill: bool,
    /// Whether one can be frozen through the unified hierarchy (Linux 5.2).
    pub(crate) has_freeze: bool,
    /// Whether v1's freezer is mounted.
    pub(crate) has_old_freezer: bool,
    /// Whether memory can be limited.
    pub(crate) memory: Memory,
}

/// Which kind of cgroups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Version 2 alone.
    Unified,
    /// Version 1, and version 2 beside it without controllers.
    Hybrid,
    /// Version 1 alone.
    Legacy,
    /// None.
    #[default]
    Nothing,
}

/// Whose memory controller it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Version 2's, with `memory.high`.
    Unified,
    /// Version 1's, with a hard limit only.
    Legacy,
    /// Nobody's.
    #[default]
    Nothing,
}

impl Cgroups {
    pub(super) fn read(root: &Root, kernel: &Kernel) -> Cgroups {
        let mounts = root.text("/proc/mounts").unwrap_or_default();
        let mut unified = None;
        let mut old: Vec<&str> = Vec::new();
        for line in mounts.lines() {
            let mut fields = line.split(' ').skip(1);
            match (fields.next(), fields.next(), fields.next()) {
                (Some(point), Some("cgroup2"), _) => unified = unified.or(Some(point)),
                (_, Some("cgroup"), Some(options)) => old.extend(options.split(',')),
                _ => {}
            }
        }
        let controllers = unified.and_then(|at| root.word(&format!("{at}/cgroup.controllers")));
        let is_memory_unified =
            controllers.is_some_and(|all| all.split(' ').any(|one| one == "memory"));
        Cgroups {
            kind: match (unified, old.is_empty()) {
                (Some(_), true) => Kind::Unified,
                (Some(_), false) => Kind::Hybrid,
                (None, false) => Kind::Legacy,
                (None, true) => Kind::Nothing,
            },
            has_kill: unified.is_some_and(|at| has_kill(root, at, kernel)),
            has_freeze: unified.is_some() && kernel.is_at_least(5, 2),
            has_old_freezer: old.contains(&"freezer"),
            memory: match (is_memory_unified, old.contains(&"memory")) {
                (true, _) => Memory::Unified,
                (false, true) => Memory::Legacy,
                (false, false) => Memory::Nothing,
            },
        }
    }
}

/// The file is in every group but the root; where there is no group yet, the version tells.
fn has_kill(root: &Root, at: &str, kernel: &Kernel) -> bool {
    let is_group = |name: &String| root.has(&format!("{at}/{name}/cgroup.procs"));
    match root.names(at).iter().find(|name| is_group(name)) {
        Some(group) => root.has(&format!("{at}/{group}/cgroup.kill")),
        None => kernel.is_at_least(5, 14),
    }
}
