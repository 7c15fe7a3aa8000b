//! What is kept across the gap between two boots: how the last one ended, and what the next one will need to
//! judge this one.

use super::{Boot, Keeper};
use crate::boot;
use crate::boundary::Boots;
use defib_journal::boot::{BootEnding, LastBoot};
use defib_journal::ledger::{BootEnd, WatchdogMark, boot_end};
use defib_journal::order::ActStep;

impl Keeper {
    /// The last boot is judged once, before anything of it is forgotten.
    pub(super) fn begin_boot(&mut self, boot: Boot, boots: &mut dyn Boots) {
        let end = boot_end(&self.ledger, boot.has_reset_us);
        let last = boot::last_boot(&self.ledger, boot.id, boot.has_reset_us, boots);
        self.ledger.next_boot(boot.id);
        self.last_boot_end = Some(end);
        self.ledger.last_boot = Some(last);
        let has_panicked = matches!(last.ending, BootEnding::Panic | BootEnding::OutOfMemory);
        if end.is_charged() || has_panicked {
            // Nobody has paid for that reset yet, and a machine that is reset again and again is no cure.
            self.ledger.charge_reset(self.ledger.booted_at());
        }
    }

    /// How the last boot ended as far as its watchdog tells; `None`: this is the boot that it knew.
    pub(crate) fn last_boot_end(&self) -> Option<BootEnd> {
        self.last_boot_end
    }

    /// How the last boot ended, if this executor or an earlier one of this boot has found it out.
    pub(crate) fn last_boot(&self) -> Option<LastBoot> {
        self.ledger.last_boot_now()
    }

    /// Whether this is the first executor of its boot.
    pub(crate) fn is_first(&self) -> bool {
        self.last_boot_end.is_some()
    }

    /// The watchdog is fed no more; to be written with the step that says so.
    pub(crate) fn starve(&mut self) {
        self.ledger.mark_watchdog(WatchdogMark::Starved);
    }

    /// A reboot of ours has come to this step. For the last ones nothing is allocated: what goes to the disk
    /// then goes in room that was kept for them.
    pub(crate) fn mark_step(&mut self, step: ActStep, now_ms: u64) {
        self.ledger.mark_step(step);
        let is_late =
            matches!(step, ActStep::ResetCalled | ActStep::SysrqSent | ActStep::FeedingEnded);
        if !is_late {
            self.disk.keep_room();
            let _ = self.write(now_ms);
        } else if let Ok(len) = self.write_fast(now_ms) {
            self.disk.request_last(self.ledger.seq, &self.buffer[..len]);
        }
    }

    /// We were told to end; `is_shutdown`: because the machine does.
    pub(crate) fn say_farewell(&mut self, is_shutdown: bool, now_ms: u64) {
        self.ledger.say_farewell(now_ms, is_shutdown);
        let _ = self.write(now_ms);
    }
}
