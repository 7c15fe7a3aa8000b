//! The machine rung: nothing is asked before the disk remembers it.

use super::{JobResult, Stage, Turn};
use crate::executor::Executor;
use crate::ledger::DiskState;
use crate::manager::JobId;
use defib_engine::effect::Order;
use defib_engine::event::{Failure, OrderRefusal, Outcome};
use defib_journal::order::ActStep;

/// How long the disk copy of the ledger may take.
pub(super) const DISK_DEADLINE_MS: u64 = 5_000;

/// With a disk that cannot remember, one reboot in this time at the most: the machine must have been
/// up for as long.
const BLIND_UPTIME_MS: u64 = 12 * 3_600_000;

impl Executor {
    pub(super) fn turn_disk_wait(
        &mut self,
        order: &Order,
        until: u64,
        now_ms: u64,
        end_at: u64,
    ) -> Turn {
        let may_go_on = match self.keeper.disk_state() {
            DiskState::Written => true,
            DiskState::Waiting if now_ms < until => return Turn::Wait(Stage::DiskWait(until)),
            DiskState::Waiting | DiskState::Failed => now_ms >= BLIND_UPTIME_MS,
        };
        if !may_go_on {
            let detail =
                format!("the ledger is not on disk, and {now_ms} ms up are less than 12 h");
            return Turn::End(Outcome::Refused(OrderRefusal::LedgerUnwritable), detail);
        }
        if let Some(why) = self.machine.why_not(self.manager.as_ref()) {
            return Turn::End(Outcome::Failed(Failure::NotPossible), why);
        }
        self.arm_behind_reboot(now_ms);
        let job = self.machine.reboot(self.manager.as_mut(), end_at);
        self.say_step(order, ActStep::RebootAsked);
        Turn::Wait(Stage::RebootAsked(job, None))
    }
}

/// Waits for the manager's acceptance.
pub(super) fn turn_reboot(job: JobId, result: Option<JobResult>, now_ms: u64, end_at: u64) -> Turn {
    match result {
        None if now_ms < end_at => Turn::Wait(Stage::RebootAsked(job, None)),
        None => Turn::End(Outcome::Failed(Failure::Deadline), "no answer in time".into()),
        Some(Ok(())) => Turn::End(Outcome::Done, "the machine is going down".into()),
        Some(Err((failure, why))) => Turn::End(Outcome::Failed(failure), why),
    }
}
