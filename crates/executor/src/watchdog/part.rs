//! What becomes of the watchdog when the executor ends, and what people are told of it until then.

use super::ground::Parting;
use crate::boundary::{self, Sight};
use crate::executor::Executor;
use crate::ledger::DiskState;
use defib_journal::ledger::WatchdogMark;

/// What is asked of a device that cannot be disarmed when we end: time for whoever comes next.
const LAST_TIMEOUT_S: u32 = 600;

impl Executor {
    /// We end. Behind a reboot of ours it stays armed, or a shutdown that hangs would hang for ever; else it is
    /// disarmed: a stop, an upgrade, or a shutdown by others, for which PID 1 has a watchdog of its own.
    pub(crate) fn part_from_watchdog(&mut self, now_ms: u64) {
        let is_our_reboot = self.keeper.ledger().asked_for_reboot();
        match self.dog.at_end(is_our_reboot, self.is_feeding_over) {
            Parting::Nothing => {}
            Parting::Leave => {
                if !self.is_feeding_over {
                    self.mark_watchdog(WatchdogMark::LeftArmed, now_ms);
                }
                self.watchdog.leave();
            }
            Parting::Disarm => self.disarm_at_end(now_ms),
        }
    }

    fn disarm_at_end(&mut self, now_ms: u64) {
        if matches!(self.watchdog.look(), Sight::Device(it) if it.has_no_way_out) {
            let _ = self.watchdog.set_timeout_s(LAST_TIMEOUT_S);
        }
        if self.watchdog.disarm() == boundary::Parting::Disarmed {
            self.dog.disarmed();
            return self.mark_watchdog(WatchdogMark::Disarmed, now_ms);
        }
        self.notify.complain(
            "the watchdog cannot be disarmed (nowayout): it resets this machine unless defib, or somebody else, \
             feeds it again",
        );
    }

    /// Whether the disk knows that we ended, and that the watchdog was disarmed: else the next boot counts a
    /// reset that never was, or calls an end in order a power cut.
    pub(crate) fn is_parting_durable(&self) -> bool {
        self.keeper.disk_state() != DiskState::Waiting
    }

    /// What is added to the line of `systemctl status`.
    pub(crate) fn watchdog_status(&self) -> String {
        let dog = match (self.dog.timeout_s(), &self.no_watchdog) {
            (Some(timeout_s), _) => format!("; watchdog armed, {timeout_s} s"),
            (None, Some(_)) => "; last rung unproven, no watchdog".to_owned(),
            (None, None) => String::new(),
        };
        let sick = if self.deaths.is_observing() {
            "; the guardian keeps dying: observes only"
        } else {
            ""
        };
        format!("{dog}{sick}")
    }
}
