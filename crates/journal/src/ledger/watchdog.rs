//! What the ledger remembers of the hardware watchdog, and what a later boot makes of it.
//!
//! A hard reset leaves no line of its own. What can be known is whether the device was armed by us when
//! the machine was last heard of, and sometimes what the device says of the last reset.

use super::Ledger;
use defib_engine::event::Outcome;

/// The last thing that was done with the watchdog, and in which boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchdogRecord {
    /// In which boot.
    pub boot_id: [u8; 16],
    /// What was done.
    pub mark: WatchdogMark,
}

/// What was last done with the watchdog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchdogMark {
    /// It was armed, or is about to be: the record is durable before the device is opened.
    Armed,
    /// It was disarmed in order.
    Disarmed,
    /// It was armed and is fed no more, on purpose: the last rung.
    Starved,
    /// It was closed armed, behind a reboot that we had asked for.
    LeftArmed,
}

/// How a boot ended, as far as the watchdog can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootEnd {
    /// The watchdog was not armed by us: it has nothing to say.
    NotArmed,
    /// We had asked for a reboot, and paid for it.
    OurReboot,
    /// The device says that it has reset the machine.
    Watchdog,
    /// It was armed and never disarmed: a reset by it, by a panic, or from outside.
    Reset,
}

impl BootEnd {
    /// Whether it is charged: a reset that nobody has paid for yet.
    pub const fn is_charged(self) -> bool {
        matches!(self, BootEnd::Watchdog | BootEnd::Reset)
    }
}

/// How the boot that `ledger` was written in ended. To be asked before
/// [`next_boot`](Ledger::next_boot), and only if this is another boot.
///
/// `card_reset`: `WDIOF_CARDRESET` of the device's boot status. It proves a reset when it is set, and
/// nothing when it is not: many drivers never set it, and an emulated device forgets it at the reset.
pub fn boot_end(ledger: &Ledger, card_reset: bool) -> BootEnd {
    let Some(record) = ledger.watchdog.filter(|record| record.boot_id == ledger.boot_id) else {
        return BootEnd::NotArmed;
    };
    match record.mark {
        WatchdogMark::Disarmed => BootEnd::NotArmed,
        // The last rung of a reboot that was paid for when it was ordered, however that is said to end.
        WatchdogMark::Starved if ledger.ordered_reboot(|_| true) => BootEnd::OurReboot,
        _ if ledger.asked_for_reboot() => BootEnd::OurReboot,
        WatchdogMark::Starved => BootEnd::Watchdog,
        WatchdogMark::Armed | WatchdogMark::LeftArmed if card_reset => BootEnd::Watchdog,
        WatchdogMark::Armed | WatchdogMark::LeftArmed => BootEnd::Reset,
    }
}

impl Ledger {
    /// What was done with the watchdog in this very boot.
    pub fn watchdog_now(&self) -> Option<WatchdogMark> {
        self.watchdog.filter(|record| record.boot_id == self.boot_id).map(|record| record.mark)
    }

    /// The watchdog was armed, or is no longer.
    pub fn mark_watchdog(&mut self, mark: WatchdogMark) {
        self.watchdog = Some(WatchdogRecord { boot_id: self.boot_id, mark });
    }

    /// Whether a reboot was asked for in this boot and has not failed.
    pub fn asked_for_reboot(&self) -> bool {
        self.ordered_reboot(|outcome| matches!(outcome, None | Some(Outcome::Done)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use defib_engine::effect::{Purse, Rung};
    use defib_engine::event::Failure;
    use defib_engine::id::IntentId;
    use defib_engine::time::Moment;

    const ALL: [WatchdogMark; 4] = [
        WatchdogMark::Armed,
        WatchdogMark::Disarmed,
        WatchdogMark::Starved,
        WatchdogMark::LeftArmed,
    ];

    fn marked(mark: WatchdogMark) -> Ledger {
        let mut ledger = Ledger::fresh([1; 16]);
        ledger.mark_watchdog(mark);
        ledger
    }

    #[test]
    fn an_end_is_the_watchdogs_only_if_it_was_armed_in_that_boot() {
        assert_eq!(boot_end(&Ledger::fresh([1; 16]), true), BootEnd::NotArmed);
        assert_eq!(boot_end(&marked(WatchdogMark::Disarmed), true), BootEnd::NotArmed);
        assert_eq!(boot_end(&marked(WatchdogMark::Armed), false), BootEnd::Reset);
        assert_eq!(boot_end(&marked(WatchdogMark::Armed), true), BootEnd::Watchdog);
        assert_eq!(boot_end(&marked(WatchdogMark::Starved), false), BootEnd::Watchdog);
        for mark in ALL {
            let mut earlier = marked(mark);
            earlier.next_boot([2; 16]);
            assert_eq!(boot_end(&earlier, true), BootEnd::NotArmed, "{mark:?} two boots ago");
            assert_eq!(earlier.watchdog_now(), None);
        }
    }

    #[test]
    fn a_reboot_that_was_paid_for_is_not_paid_twice() {
        for mark in ALL {
            let mut ledger = marked(mark);
            let (intent, rung) = (IntentId(1), Rung::Reboot);
            ledger.charge_and_intend("shop", intent, rung, Purse::Ladder, Moment(5)).expect("room");
            assert!(!boot_end(&ledger, true).is_charged(), "{mark:?}");
            ledger.finish(intent, Outcome::Done);
            assert!(!boot_end(&ledger, true).is_charged(), "{mark:?}");
            ledger.finish(intent, Outcome::Failed(Failure::NoManager));
            // The reboot failed, so an end that nobody had ordered came after it; to starve is to order.
            let is_unpaid = matches!(mark, WatchdogMark::Armed | WatchdogMark::LeftArmed);
            assert_eq!(boot_end(&ledger, true).is_charged(), is_unpaid, "{mark:?}");
        }
    }
}
