//! What the ledger remembers of a boot's end: the reboot that we had ordered and how far it was, and
//! whether we were told to end.

use super::{Ledger, Name, WatchdogMark};
use crate::boot::LastBoot;
use crate::order::ActStep;
use defib_engine::effect::Rung;
use defib_engine::event::Outcome;
use defib_engine::id::{IncidentId, IntentId};
use defib_engine::note::Class;

/// A reboot of ours: why, and how far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RebootMark {
    /// In which boot it was ordered.
    pub boot_id: [u8; 16],
    /// By this intent.
    pub intent: IntentId,
    /// For which app.
    pub app: Name,
    /// For which incident; 0 if that is not known.
    pub incident: IncidentId,
    /// Why.
    pub class: Class,
    /// The last step that was begun, and is on disk.
    pub step: Option<ActStep>,
}

/// We were told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// In which boot.
    pub boot_id: [u8; 16],
    /// When, in milliseconds of CLOCK_BOOTTIME.
    pub boottime_ms: u64,
    /// The service manager had said that the machine is shutting down.
    pub is_shutdown: bool,
}

impl Ledger {
    /// A reboot is ordered: to be written with the intent.
    pub fn mark_reboot(&mut self, mark: RebootMark) {
        self.reboot_mark = Some(RebootMark { boot_id: self.boot_id, ..mark });
    }

    /// It has come to this step. Allocates nothing.
    pub fn mark_step(&mut self, step: ActStep) {
        if let Some(mark) = &mut self.reboot_mark {
            mark.step = Some(step);
        }
    }

    /// We were told to end.
    pub fn say_farewell(&mut self, boottime_ms: u64, is_shutdown: bool) {
        let boot_id = self.boot_id;
        self.farewell = Some(Farewell { boot_id, boottime_ms, is_shutdown });
    }

    /// We are there again, in the same boot.
    pub fn take_farewell_back(&mut self) {
        self.farewell = None;
    }

    /// The last thing that was said in this very boot, if that was a farewell.
    pub fn farewell_now(&self) -> Option<Farewell> {
        self.farewell.filter(|farewell| farewell.boot_id == self.boot_id)
    }

    /// What is known of the end of the boot before this one.
    pub fn last_boot_now(&self) -> Option<LastBoot> {
        self.last_boot.filter(|last| last.boot_id == self.boot_id)
    }

    /// The reboot that this boot ends by, if it ends now: one that was ordered and has not failed, or that has
    /// left the watchdog unfed.
    pub fn reboot_now(&self) -> Option<RebootMark> {
        let is_starved = self.watchdog_now() == Some(WatchdogMark::Starved);
        let is_such = |outcome| is_starved || matches!(outcome, None | Some(Outcome::Done));
        let since = self.booted_at();
        let all = self.apps.iter().flat_map(|app| app.intents.iter().map(move |it| (app.name, it)));
        let (app, record) = all
            .filter(|(_, it)| it.rung == Rung::Reboot && it.at > since && is_such(it.outcome))
            .max_by_key(|(_, it)| it.intent)?;
        let known = self.reboot_mark.filter(|mark| mark.intent == record.intent);
        Some(known.unwrap_or(RebootMark {
            boot_id: self.boot_id,
            intent: record.intent,
            app,
            incident: IncidentId(0),
            class: Class::Unknown,
            step: None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use defib_engine::effect::Purse;
    use defib_engine::event::Failure;
    use defib_engine::time::Moment;

    fn ordered() -> Ledger {
        let mut ledger = Ledger::fresh([1; 16]);
        let (intent, rung) = (IntentId(4), Rung::Reboot);
        ledger.charge_and_intend("shop", intent, rung, Purse::Ladder, Moment(5)).expect("room");
        ledger
    }

    fn mark() -> RebootMark {
        RebootMark {
            boot_id: [1; 16],
            intent: IntentId(4),
            app: Name::new("shop").expect("short"),
            incident: IncidentId(7),
            class: Class::Hung,
            step: None,
        }
    }

    #[test]
    fn a_reboot_is_this_boot_s_end_until_it_has_failed() {
        let mut ledger = ordered();
        ledger.mark_reboot(RebootMark { boot_id: [9; 16], ..mark() });
        assert_eq!(ledger.reboot_now(), Some(mark()), "the boot is the ledger's");
        ledger.mark_step(ActStep::SysrqSent);
        assert_eq!(ledger.reboot_now().and_then(|it| it.step), Some(ActStep::SysrqSent));
        ledger.finish(IntentId(4), Outcome::Failed(Failure::Deadline));
        assert_eq!(ledger.reboot_now(), None);
        ledger.mark_watchdog(WatchdogMark::Starved);
        assert!(ledger.reboot_now().is_some(), "its last rung goes on all the same");
        ledger.next_boot([2; 16]);
        assert_eq!(ledger.reboot_now(), None);
    }

    #[test]
    fn an_older_version_s_intent_has_no_step() {
        let found = ordered().reboot_now().expect("an intent");
        assert_eq!((found.app.as_str(), found.step), ("shop", None));
        assert_eq!((found.incident, found.class), (IncidentId(0), Class::Unknown));
    }

    #[test]
    fn a_farewell_counts_until_we_are_back_or_the_boot_is_over() {
        let mut ledger = Ledger::fresh([1; 16]);
        ledger.say_farewell(77, true);
        let said = Farewell { boot_id: [1; 16], boottime_ms: 77, is_shutdown: true };
        assert_eq!(ledger.farewell_now(), Some(said));
        ledger.take_farewell_back();
        assert_eq!(ledger.farewell_now(), None);
        ledger.say_farewell(78, false);
        ledger.next_boot([2; 16]);
        assert_eq!(ledger.farewell_now(), None);
    }
}
