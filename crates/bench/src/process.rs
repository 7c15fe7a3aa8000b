//! What the kernel says about a process and its descendants.

use std::collections::BTreeMap;
use std::fs;

/// Memory of a tree of processes, in KiB.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) processes: u64,
    pub(crate) pss: u64,
    pub(crate) rss: u64,
    pub(crate) private_dirty: u64,
    pub(crate) anonymous: u64,
    /// The address space that is locked; with ONFAULT more than what is resident.
    pub(crate) locked: u64,
}

/// Work of a tree of processes since each began.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Work {
    pub(crate) cpu_us: f64,
    pub(crate) wakeups: u64,
}

/// A process and everything below it, the oldest first.
pub(crate) fn tree(root: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let names = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = names.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    for pid in pids {
        if let Some(parent) = stat(pid).and_then(|fields| fields.get(1)?.parse().ok()) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(pid) = found.get(next) {
        found.extend(children.remove(pid).unwrap_or_default());
        next += 1;
    }
    found
}

/// The fields of /proc/PID/stat from `state` on: the name before it may contain anything.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// Its memory now.
pub(crate) fn memory(pids: &[u32]) -> Memory {
    let mut sum = Memory::default();
    for pid in pids {
        let Ok(text) = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) else { continue };
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        sum.processes += 1;
        sum.pss += kib(&text, "Pss:");
        sum.rss += kib(&text, "Rss:");
        sum.private_dirty += kib(&text, "Private_Dirty:");
        sum.anonymous += kib(&text, "Pss_Anon:");
        sum.locked += kib(&status, "VmLck:");
    }
    sum
}

fn kib(text: &str, name: &str) -> u64 {
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    value.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// What it has done so far. schedstat counts nanoseconds; children that have ended and were waited for
/// are only in the parent's stat, in ticks of 10 ms.
pub(crate) fn work(pids: &[u32]) -> Work {
    let mut sum = Work::default();
    for pid in pids {
        let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        for thread in threads.map(|entry| entry.path()) {
            let schedstat = fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
            let ns = schedstat.split(' ').next().and_then(|word| word.parse::<f64>().ok());
            sum.cpu_us += ns.unwrap_or(0.0) / 1e3;
            let status = fs::read_to_string(thread.join("status")).unwrap_or_default();
            sum.wakeups += kib(&status, "voluntary_ctxt_switches:");
        }
        let waited_ticks: u64 = stat(*pid).map_or(0, |fields| {
            // cutime and cstime.
            [13, 14].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum()
        });
        sum.cpu_us += waited_ticks as f64 * 10_000.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_find_ourselves_and_what_we_use() {
        let own = std::process::id();
        assert_eq!(tree(own)[0], own);
        let memory = memory(&[own]);
        assert!(memory.rss > 100 && memory.pss <= memory.rss, "{memory:?}");
        let before = work(&[own]).cpu_us;
        let begun = std::time::Instant::now();
        while begun.elapsed().as_millis() < 20 {
            std::hint::spin_loop();
        }
        assert!(work(&[own]).cpu_us > before);
    }
}
