//! What was truly done, and when in true up-time; kept without the ledger's code.

use super::ledger::NAMES;
use defib_engine::effect::{Purse, Rung};
use defib_engine::id::AppId;
use defib_journal::ledger::{CHARGES_MAX, Ledger, REBOOTS_MAX, boot_end};

pub(super) struct Truth {
    /// Up-time of all boots.
    up_ms: u64,
    /// When this boot began.
    booted_at_ms: u64,
    boot: u8,
    /// The watchdog is armed, and the ledger says so durably.
    pub(super) is_armed: bool,
    done: Vec<Done>,
}

struct Done {
    app: usize,
    rung: Rung,
    purse: Purse,
    at_ms: u64,
}

/// The windows of the budgets.
const WINDOWS_MS: [u64; 3] = [3_600_000, 21_600_000, 86_400_000];

impl Truth {
    pub(super) fn new() -> Truth {
        Truth { up_ms: 0, booted_at_ms: 0, boot: 1, is_armed: false, done: Vec::new() }
    }

    /// CLOCK_BOOTTIME.
    pub(super) fn boottime_ms(&self) -> u64 {
        self.up_ms - self.booted_at_ms
    }

    pub(super) fn time_passes(&mut self, ms: u64) {
        self.up_ms += ms;
    }

    /// An act whose record is durable is begun.
    pub(super) fn done(&mut self, charge: Option<(usize, Rung, Purse)>) {
        let at_ms = self.up_ms;
        self.done.extend(charge.map(|(app, rung, purse)| Done { app, rung, purse, at_ms }));
    }

    pub(super) fn nothing_is_done(&self) -> bool {
        self.done.is_empty()
    }

    /// The machine comes up again, with what its ledger holds.
    pub(super) fn reboot(&mut self, mut ledger: Ledger) -> Ledger {
        let is_paid = |done: &Done| done.rung == Rung::Reboot && done.at_ms >= self.booted_at_ms;
        if self.is_armed && !self.done.iter().any(is_paid) {
            // A reset behind an armed watchdog counts like a reboot that was ordered.
            self.done(Some((0, Rung::Reboot, Purse::Ladder)));
        }
        self.is_armed = false;
        self.booted_at_ms = self.up_ms;
        self.boot = self.boot.wrapping_add(1).max(2);
        let end = boot_end(&ledger, false);
        ledger.next_boot([self.boot; 16]);
        if end.is_charged() {
            ledger.charge_reset(ledger.booted_at());
        }
        ledger
    }

    /// No budget is counted lower than it was used: up-time that the ledger did not see makes charges younger.
    pub(super) fn judge(&self, ledger: &Ledger) {
        let now = ledger.now(self.boottime_ms());
        for window_ms in WINDOWS_MS {
            let young = |done: &&Done| self.up_ms - done.at_ms < window_ms;
            let reboots = self.done.iter().filter(young).filter(|done| done.rung == Rung::Reboot);
            let counted = ledger.reboots_used(now, window_ms);
            assert!(counted >= reboots.count().min(REBOOTS_MAX), "S4: reboots of {window_ms} ms");
            for (app, name) in NAMES.iter().enumerate() {
                let of_ladder = |done: &&Done| {
                    let ends = matches!(done.rung, Rung::Restart | Rung::Kill | Rung::Reload);
                    done.app == app && ends && done.purse == Purse::Ladder
                };
                let used = self.done.iter().filter(young).filter(of_ladder).count();
                let counted = ledger.ladder_used(name, now, window_ms);
                assert!(counted >= used.min(CHARGES_MAX), "S4: {name}: {counted} of {used}");
            }
        }
        self.judge_gentle(ledger);
    }

    /// The pause since the last gentle act is never taken for longer than it was.
    fn judge_gentle(&self, ledger: &Ledger) {
        let now = ledger.now(self.boottime_ms());
        let mut charges = Vec::new();
        let place = |name: &str| NAMES.iter().position(|other| *other == name);
        ledger.charges(|name| place(name).map(|app| AppId(app as u16)), &mut charges);
        for (app, name) in NAMES.iter().enumerate() {
            let gentle = self.done.iter().rev().find(|done| {
                let ends = matches!(done.rung, Rung::Restart | Rung::Kill);
                done.app == app && ends && done.purse == Purse::Gentle
            });
            let Some(gentle) = gentle.filter(|done| self.up_ms - done.at_ms < 86_400_000) else {
                continue;
            };
            let known = charges.iter().filter(|charge| charge.purse == Purse::Gentle);
            let last = known.filter(|charge| charge.app == AppId(app as u16)).map(|c| c.at).max();
            let since = last.map(|at| now.since(at));
            let true_ms = self.up_ms - gentle.at_ms;
            assert!(since.is_some_and(|ms| ms <= true_ms), "S4: {name}: gentle {since:?}");
        }
    }
}
