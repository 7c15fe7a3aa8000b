//! Told to end in the middle of a reboot of our own: the service manager ends every service then, ours too.
//! If it hangs at another one, the next step of the ladder is still to come.

use crate::AtEnd;
use crate::executor::Executor;
use crate::machine::ladder::Step;
use defib_config::spec::AFTER_POLITE_MS;

/// How often we look whether the reboot still needs us.
const LOOK_EVERY_MS: u64 = 1_000;

/// The same in the last phase of a shutdown, which waits for us once nobody else is left.
const LAST_LOOK_EVERY_MS: u64 = 100;

impl Executor {
    /// Whether we go on although told to end. A person at `guard` is obeyed.
    pub(crate) fn hold_on(&mut self, now_ms: u64) -> bool {
        if self.at_end != AtEnd::LeaveApps || !self.is_needed() {
            return false;
        }
        self.held_until = Some(now_ms);
        self.notify.stopping();
        let whole_ms = self.config.polite_reboot_ms + AFTER_POLITE_MS;
        self.notify.extend_stop(whole_ms.into());
        true
    }

    /// In the last phase of a shutdown who does not end is waited for 90 s, and the service manager can be asked for
    /// nothing any more: the next step is ours. With nobody else left it would wait for us.
    fn is_needed(&self) -> bool {
        self.is_rebooting() && (!self.machine.is_in_last_phase() || self.machine.awaits_others())
    }

    /// Told again to end, as systemd-shutdown does: that is its last phase.
    pub(crate) fn look_whether_to_hold_on(&mut self, now_ms: u64) {
        self.held_until = self.held_until.map(|_| now_ms);
    }

    pub(crate) fn keep_holding_on(&mut self, now_ms: u64) {
        let Some(look_at_ms) = self.held_until else { return };
        if now_ms < look_at_ms && self.is_rebooting() {
            return;
        }
        if !self.is_needed() {
            return self.stop_now(now_ms);
        }
        if self.machine.is_in_last_phase() {
            // Each was told to end, and another would be waited for in its turn.
            self.guardian.start_no_more();
            self.held_until = Some(now_ms + LAST_LOOK_EVERY_MS);
            return;
        }
        self.held_until = Some(now_ms + LOOK_EVERY_MS);
        if self.rebooting_step() == Some(Step::Polite) {
            self.manager.count_jobs();
        }
    }

    /// So many jobs run. Ours is one: with no other, all that the shutdown waits for is us.
    pub(crate) fn take_running(&mut self, jobs: u32, now_ms: u64) {
        if self.held_until.is_some() && jobs <= 1 && self.rebooting_step() == Some(Step::Polite) {
            self.stop_now(now_ms);
        }
    }
}
