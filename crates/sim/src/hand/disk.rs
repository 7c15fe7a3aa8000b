//! The helper that writes the ledger's disk copy, while the executor goes on.

use super::seat::Seat;
use super::slots::OnDisk;
use crate::plan::{DiskFault, DiskName};
use defib_executor::boundary::{DiskJob, DiskWriter, NotTaken, Token, Turns};
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;

/// The helper: one record under way, one that waits.
#[derive(Debug)]
pub(super) struct Helper {
    turns: Turns,
    current: Option<(DiskJob, u64)>,
    waiting: Option<DiskJob>,
    done: VecDeque<(u64, bool)>,
}

/// The executor's end of it.
#[derive(Debug)]
pub(super) struct Writer(Seat);

impl Writer {
    /// Starts the helper.
    pub(super) fn new(seat: &Seat) -> Writer {
        let turns = Turns::of(&OnDisk(seat.clone()));
        let helper = Helper { turns, current: None, waiting: None, done: VecDeque::new() };
        *seat.helper() = Some(helper);
        Writer(seat.clone())
    }
}

impl DiskWriter for Writer {
    fn offer(&mut self, job: DiskJob) -> Result<(), NotTaken> {
        let ends_ms = self.0.write_ends_ms();
        let mut helper = self.0.helper();
        let Some(helper) = helper.as_mut().filter(|_| !self.0.is_dead()) else {
            return Err(NotTaken::Gone(job));
        };
        match (&helper.current, &helper.waiting) {
            (None, _) => helper.current = Some((job, ends_ms)),
            (Some(_), None) => helper.waiting = Some(job),
            (Some(_), Some(_)) => return Err(NotTaken::Full(job)),
        }
        Ok(())
    }

    fn done(&mut self) -> Option<(u64, bool)> {
        self.0.helper().as_mut()?.done.pop_front()
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

impl Seat {
    /// When a write that begins now is over.
    fn write_ends_ms(&self) -> u64 {
        let now_ms = self.world_now_ms();
        let fault = self.world().machine().disk_fault(DiskName::State, now_ms);
        let slow_ms = match fault {
            Some(DiskFault::Slow { ms }) => ms,
            _ => 0,
        };
        now_ms + self.ground().between(1, 8) + slow_ms
    }

    /// When the helper is done with its record.
    pub(super) fn helper_next_ms(&self) -> Option<u64> {
        let helper = self.helper();
        helper.as_ref()?.current.as_ref().map(|(_, ends_ms)| *ends_ms)
    }

    /// Ends the writes that are over by now.
    pub(super) fn run_helper(&self, now_ms: u64) {
        while self.helper_next_ms().is_some_and(|ends_ms| ends_ms <= now_ms) && !self.is_dead() {
            let Some(mut helper) = self.helper().take() else { return };
            if let Some((job, _)) = helper.current.take() {
                let is_durable = helper.turns.write(&OnDisk(self.clone()), &job.bytes).is_ok();
                helper.done.push_back((job.seq, is_durable));
                self.wake(Token::Disk);
            }
            let ends_ms = self.write_ends_ms();
            helper.current = helper.waiting.take().map(|job| (job, ends_ms));
            *self.helper() = Some(helper);
        }
    }

    /// The executor is gone, and its helper with it. A write that was under way has reached the page
    /// cache as a whole, in part or not at all; with the power gone, the same goes for the disk itself.
    pub(super) fn cut_helper(&self, is_power_cut: bool) {
        let Some(helper) = self.helper().take() else { return };
        let Some((job, _)) = helper.current else { return };
        let len = match self.ground().between(0, 2) {
            0 => 0,
            1 => self.torn_len(job.bytes.len()),
            _ => job.bytes.len(),
        };
        let (disk, slot) = (&self.ground().0.disk, helper.turns.next());
        if is_power_cut {
            disk.tear(slot, &job.bytes, len);
        } else {
            disk.put(slot, &job.bytes[..len], false);
        }
    }
}
