//! The machine's clocks, as one process reads them.

use crate::disk::Disk;
use crate::world::Lent;
use defib_guardian::mind::Clocks;
use std::cell::Cell;

/// Time stands still in the world while a process runs; what the process waits for (a slow disk) puts it
/// ahead of the world by as much.
#[derive(Debug)]
pub(super) struct SimClocks {
    lent: Lent,
    disk: Disk,
    ahead_ms: Cell<u64>,
}

impl SimClocks {
    pub(super) fn new(lent: Lent, disk: Disk) -> SimClocks {
        SimClocks { lent, disk, ahead_ms: Cell::new(0) }
    }

    /// True time, as far as this process has come.
    pub(super) fn now_ms(&self) -> u64 {
        self.ahead_ms.set(self.ahead_ms.get() + self.disk.take_cost_ms());
        self.lent.world().now_ms() + self.ahead_ms.get()
    }

    /// Whether the process is not ahead of the world.
    pub(super) fn has_caught_up(&self) -> bool {
        self.now_ms() == self.lent.world().now_ms()
    }

    /// The world has caught up.
    pub(super) fn catch_up(&self) {
        self.ahead_ms.set(0);
    }

    /// CLOCK_BOOTTIME milliseconds at a true time.
    pub(super) fn boot_ms(&self, true_ms: u64) -> u64 {
        self.lent.world().machine().boot_ms(true_ms)
    }
}

impl Clocks for SimClocks {
    fn boot_us(&self) -> u64 {
        self.boot_ms(self.now_ms()) * 1000
    }

    fn running_ms(&self) -> u64 {
        let now_ms = self.now_ms();
        self.lent.world().machine().monotonic_ms(now_ms)
    }

    fn wall_ms(&self) -> u64 {
        let now_ms = self.now_ms();
        self.lent.world().machine().wall_ms(now_ms)
    }
}
