//! The machine: power, boots, clocks, frozen stretches.

use super::{Due, World};
use crate::fact::{By, Fact};
use crate::plan::{DiskFault, DiskName};

/// 2026-01-01T00:00:00Z: where the wall clock of every world begins.
const WALL_BEGINS_MS: u64 = 1_767_225_600_000;

/// A change of the machine's power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// Everything has ended; it starts again.
    Down {
        /// Who asked for it.
        by: By,
        /// Without a polite end.
        hard: bool,
        /// Until power-on.
        off_ms: u64,
    },
    /// The kernel is there, units start.
    Up,
}

/// The machine and its clocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    boot: u32,
    is_up: bool,
    /// True time of this boot's beginning, offset by `EARLY`: a machine may be older than its world.
    booted_at_ms: i64,
    /// Milliseconds of this boot that it was suspended.
    slept_ms: u64,
    frozen_until_ms: u64,
    wall_offset_ms: i64,
    steal: Option<(u64, u8)>,
    pub(super) is_going_down: bool,
    disks: Vec<(DiskName, DiskFault, u64)>,
    no_processes_until_ms: u64,
    /// Until when something that is no app has all memory.
    robbed_until_ms: u64,
    /// Until when how many steps of the reboot ladder leave it standing.
    pub(super) stuck: (u64, u8),
    /// Until when how many are refused.
    pub(super) refused: (u64, u8),
}

impl Machine {
    pub(super) fn up_since(uptime_ms: u64) -> Machine {
        Machine {
            boot: 1,
            is_up: true,
            booted_at_ms: -(uptime_ms as i64),
            slept_ms: 0,
            frozen_until_ms: 0,
            wall_offset_ms: 0,
            steal: None,
            is_going_down: false,
            disks: Vec::new(),
            no_processes_until_ms: 0,
            robbed_until_ms: 0,
            stuck: (0, 0),
            refused: (0, 0),
        }
    }

    /// Which boot this is, counted from 1.
    pub fn boot(&self) -> u32 {
        self.boot
    }

    /// The boot's id, as the kernel would give it: another one for each boot.
    pub fn boot_id(&self) -> [u8; 16] {
        let mut id = [0xb0; 16];
        id[..4].copy_from_slice(&self.boot.to_be_bytes());
        id
    }

    /// Whether anything can run.
    pub fn has_power(&self) -> bool {
        self.is_up
    }

    /// CLOCK_BOOTTIME at a true time.
    pub fn boot_ms(&self, now_ms: u64) -> u64 {
        (now_ms as i64 - self.booted_at_ms).max(0) as u64
    }

    /// The true time of a CLOCK_BOOTTIME of this boot.
    pub fn true_ms(&self, boot_ms: u64) -> u64 {
        (boot_ms as i64 + self.booted_at_ms).max(0) as u64
    }

    /// CLOCK_MONOTONIC at a true time: suspended stretches are missing.
    pub fn monotonic_ms(&self, now_ms: u64) -> u64 {
        self.boot_ms(now_ms).saturating_sub(self.slept_ms)
    }

    /// The wall clock at a true time.
    pub fn wall_ms(&self, now_ms: u64) -> u64 {
        (WALL_BEGINS_MS as i64 + now_ms as i64 + self.wall_offset_ms).max(0) as u64
    }

    /// When the last stretch in which nothing ran was over, or will be.
    pub(crate) fn thawed_ms(&self) -> u64 {
        self.frozen_until_ms
    }

    /// Until when nothing runs, if that is so now.
    pub fn frozen_until(&self, now_ms: u64) -> Option<u64> {
        (now_ms < self.frozen_until_ms).then_some(self.frozen_until_ms)
    }

    /// Per cent of the CPU that is stolen now.
    pub fn stolen_percent(&self, now_ms: u64) -> u8 {
        self.steal.filter(|(until_ms, _)| now_ms < *until_ms).map_or(0, |(_, percent)| percent)
    }

    /// How a disk misbehaves now.
    pub fn disk_fault(&self, disk: DiskName, now_ms: u64) -> Option<DiskFault> {
        let faults = self.disks.iter().rev();
        faults.filter(|(which, _, until)| *which == disk && now_ms < *until).map(|it| it.1).next()
    }

    /// Whether a process can be made now.
    pub fn makes_processes(&self, now_ms: u64) -> bool {
        self.is_up && now_ms >= self.no_processes_until_ms
    }

    pub(super) fn is_robbed(&self, now_ms: u64) -> bool {
        now_ms < self.robbed_until_ms
    }

    pub(super) fn is_disk_full(&self, now_ms: u64) -> bool {
        self.disk_fault(DiskName::State, now_ms) == Some(DiskFault::Full)
    }

    pub(super) fn is_disk_read_only(&self, now_ms: u64) -> bool {
        self.disk_fault(DiskName::State, now_ms) == Some(DiskFault::ReadOnly)
    }

    pub(super) fn rob(&mut self, until_ms: u64) {
        self.robbed_until_ms = until_ms;
    }

    pub(super) fn steal(&mut self, until_ms: u64, percent: u8) {
        self.steal = Some((until_ms, percent));
    }

    pub(super) fn step_wall(&mut self, by_ms: i64) {
        self.wall_offset_ms = self.wall_offset_ms.saturating_add(by_ms);
    }

    pub(super) fn hurt_disk(&mut self, disk: DiskName, fault: DiskFault, until_ms: u64) {
        self.disks.retain(|(which, ..)| *which != disk);
        self.disks.push((disk, fault, until_ms));
    }

    pub(super) fn refuse_processes(&mut self, until_ms: u64) {
        self.no_processes_until_ms = until_ms;
    }

    pub(super) fn mend(&mut self) {
        self.disks.clear();
        (self.no_processes_until_ms, self.robbed_until_ms) = (0, 0);
        (self.stuck, self.refused) = ((0, 0), (0, 0));
        self.steal = None;
    }
}

impl World {
    /// Nothing on the machine runs for so long.
    pub(super) fn freeze(&mut self, ms: u64, is_suspend: bool) {
        if !self.machine.has_power() {
            return;
        }
        let from_ms = self.machine.frozen_until(self.now_ms).unwrap_or(self.now_ms);
        self.machine.frozen_until_ms = from_ms + ms;
        if is_suspend {
            self.machine.slept_ms += ms;
        }
        self.tell(Fact::Froze { ms });
    }

    /// The hardware watchdog resets the machine.
    pub(crate) fn bite(&mut self) {
        self.turn_power(Power::Down { by: By::Watchdog, hard: true, off_ms: 0 });
    }

    /// Whether anything on the machine runs now.
    pub(crate) fn can_run(&self) -> bool {
        self.machine.has_power() && self.machine.frozen_until(self.now_ms).is_none()
    }

    pub(super) fn turn_power(&mut self, power: Power) {
        match power {
            Power::Down { by, hard, off_ms } if self.machine.is_up => {
                self.machine.is_up = false;
                self.machine.frozen_until_ms = 0;
                for app in 0..self.apps.len() {
                    self.vanish(app);
                }
                self.manager.forget_jobs();
                self.news.clear();
                self.agent_faults.clear();
                self.tell(Fact::WentDown { by, hard });
                let up_ms = self.now_ms + off_ms + self.plan.machine.boot_ms;
                self.outside(up_ms, Due::Power(Power::Up));
            }
            Power::Up if !self.machine.is_up => self.power_up(),
            Power::Down { .. } | Power::Up => {}
        }
    }

    fn power_up(&mut self) {
        self.machine.is_up = true;
        self.machine.is_going_down = false;
        self.machine.boot += 1;
        self.machine.booted_at_ms = self.now_ms as i64 - self.plan.machine.boot_ms as i64;
        self.machine.slept_ms = 0;
        self.machine.robbed_until_ms = 0;
        self.flights.clear();
        let boot = self.machine.boot;
        self.tell(Fact::Booted { boot });
        for app in 0..self.apps.len() {
            self.end_faults(app, |active| active.remedy.reboot);
            if self.apps[app].plan.starts_at_boot && self.apps[app].is_wanted {
                self.bear(app, By::Manager);
            } else if self.is_healed && !self.agent_starts(app) {
                self.person_starts(app);
            }
        }
    }
}
