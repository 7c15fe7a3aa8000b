//! How much memory there is, and what stands behind it.

use super::kernel::Kernel;
use super::root::Root;

/// Memory and swap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// All of it.
    pub(crate) total_kib: Option<u64>,
    /// All swap.
    pub(crate) swap_kib: Option<u64>,
    /// Whether some of the swap is compressed memory.
    pub(crate) is_zram_used: bool,
    /// Whether there could be.
    pub(crate) has_zram: bool,
    /// `vm.overcommit_memory`.
    pub(crate) overcommit: Option<i64>,
}

impl Memory {
    pub(super) fn read(root: &Root, kernel: &Kernel) -> Memory {
        let text = root.text("/proc/meminfo").unwrap_or_default();
        let swaps = root.text("/proc/swaps").unwrap_or_default();
        Memory {
            total_kib: kib(&text, "MemTotal:"),
            swap_kib: kib(&text, "SwapTotal:"),
            is_zram_used: swaps.lines().any(|line| line.starts_with("/dev/zram")),
            has_zram: kernel.has_module(root, "drivers/block/zram", "zram"),
            overcommit: root.number("/proc/sys/vm/overcommit_memory"),
        }
    }
}

fn kib(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}
