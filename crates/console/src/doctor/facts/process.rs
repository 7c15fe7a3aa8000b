//! The processes, each in a few words. Read once: this is a verb, not a loop.

use super::root::Root;
use super::who::{field, may_boot};

/// Our own program.
const OURS: &str = "defib";

/// The most that are looked at.
const PROCESSES_MAX: usize = 8_192;

/// One process; never a kernel thread.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Process {
    /// Its number.
    pub(crate) pid: u32,
    /// Its parent's.
    pub(crate) parent: u32,
    /// What the kernel calls it.
    pub(crate) name: String,
    /// Its effective user.
    pub(crate) user: u32,
    /// The arguments of a defib; of nobody else.
    pub(crate) argv: Vec<String>,
    /// From -1000 (never chosen when memory is gone) to 1000 (first).
    pub(crate) oom_score_adj: Option<i64>,
    /// Whether it may end the machine (`CAP_SYS_BOOT`).
    pub(crate) may_boot: Option<bool>,
    /// Its cgroup paths, one a line.
    pub(crate) cgroups: String,
}

impl Process {
    /// All of them.
    pub(super) fn read_all(root: &Root) -> Vec<Process> {
        let pids = root.names("/proc").into_iter().filter_map(|name| name.parse().ok());
        let mut all: Vec<Process> =
            pids.take(PROCESSES_MAX).filter_map(|pid| Process::read(root, pid)).collect();
        all.sort_by_key(|process| process.pid);
        all
    }

    fn read(root: &Root, pid: u32) -> Option<Process> {
        let file = |name: &str| root.look(&format!("/proc/{pid}/{name}")).ok();
        // A kernel thread has no memory of its own, and one of them is called `watchdogd`.
        let status = file("status").filter(|status| status.contains("\nVmSize:"))?;
        let name = status.lines().find_map(|one| one.strip_prefix("Name:"))?.trim().to_owned();
        // Arguments are in the process' own memory: of one that is stuck there, whoever reads them waits
        // with it. Only defib's own are needed.
        let line = if name == OURS { file("cmdline").unwrap_or_default() } else { String::new() };
        let number = |key, index| field(&status, key, index).and_then(|word| word.parse().ok());
        Some(Process {
            pid,
            parent: number("PPid:", 0).unwrap_or(0),
            user: number("Uid:", 1).unwrap_or(u32::MAX),
            name,
            argv: line.trim_end_matches('\0').split('\0').take(8).map(Into::into).collect(),
            oom_score_adj: file("oom_score_adj").and_then(|text| text.trim().parse().ok()),
            may_boot: may_boot(&status, "CapEff:"),
            cgroups: file("cgroup").unwrap_or_default(),
        })
    }

    /// Whether it belongs to this unit.
    pub(crate) fn is_of(&self, unit: &str) -> bool {
        let paths = self.cgroups.lines().filter_map(|line| line.splitn(3, ':').nth(2));
        paths.flat_map(|path| path.split('/')).any(|part| part == unit)
    }

    /// The unit that it belongs to, if it is a service.
    pub(crate) fn unit(&self) -> Option<&str> {
        let paths = self.cgroups.lines().filter_map(|line| line.splitn(3, ':').nth(2));
        let mut parts = paths.flat_map(|path| path.split('/').rev());
        parts.find(|part| {
            std::path::Path::new(part).extension().is_some_and(|kind| kind == "service")
        })
    }

    /// Whether it plays this role of defib.
    pub(crate) fn is_defib(&self, roles: &[&str]) -> bool {
        self.argv.get(1).is_some_and(|role| roles.contains(&role.as_str()))
    }
}

/// The main process of a unit: the one whose parent is not of it.
pub(crate) fn main_of<'a>(all: &'a [Process], unit: &str) -> Option<&'a Process> {
    let members: Vec<&Process> = all.iter().filter(|process| process.is_of(unit)).collect();
    let is_member = |pid: u32| members.iter().any(|one| one.pid == pid);
    members.iter().find(|one| !is_member(one.parent)).copied()
}
