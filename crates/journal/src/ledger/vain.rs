//! Reboots in vain: paid for, and nobody seen well since (S23).

use super::{Ledger, NO_APP, Name, RebootCharge};
use defib_engine::effect::Rung;
use defib_engine::event::Outcome;
use defib_engine::freeze::{Freeze, VainReboot, freeze};
use defib_engine::id::AppId;
use defib_engine::time::Moment;

impl Ledger {
    /// A restart of the machine is paid for; it is in vain until the opposite is told.
    pub(super) fn charge_reboot(&mut self, app: Option<Name>, at: Moment) {
        let charge = RebootCharge { app, at };
        self.reboots.push(charge);
        self.vain.push(charge);
    }

    /// What the reboots in vain forbid now.
    pub fn freeze(&self, now: Moment) -> Option<Freeze> {
        freeze(self.vain.iter().map(|charge| charge.at), now)
    }

    /// Whoever `is_meant` by name (`None`: a reset that nobody asked for) has been seen well in this boot.
    /// True if that takes a reboot out of the account.
    ///
    /// A reboot that was asked for in this very boot, and has not failed, is still to come: whatever is well
    /// now, it was not by that.
    pub fn recovered(&mut self, is_meant: impl Fn(Option<&str>) -> bool) -> bool {
        let (before, booted_at) = (self.vain.len(), self.booted_at());
        let is_to_come =
            self.ordered_reboot(|outcome| !matches!(outcome, Some(Outcome::Failed(_))));
        self.vain.retain(|charge| {
            let name = charge.app.as_ref().map(Name::as_str);
            !is_meant(name) || is_to_come && charge.at > booted_at
        });
        self.vain.len() < before
    }

    /// A person has looked. True if there was anything to look at.
    pub fn thaw(&mut self) -> bool {
        let was_vain = !self.vain.is_empty();
        self.vain.retain(|_| false);
        was_vain
    }

    /// Reboots in vain in the engine's words, oldest first. `id_of` knows the config's apps.
    pub fn vain_reboots(&self, id_of: impl Fn(&str) -> Option<AppId>) -> Vec<VainReboot> {
        let told = |charge: &RebootCharge| {
            let app = charge.app.and_then(|name| id_of(name.as_str())).unwrap_or(NO_APP);
            VainReboot { app, at: charge.at }
        };
        self.vain.iter().map(told).collect()
    }

    /// Whether a reboot was ordered in this boot with such an outcome. One at its very beginning was what ended
    /// the boot before: the line goes on from there if nothing was written after it.
    pub(super) fn ordered_reboot(&self, is_such: impl Fn(Option<Outcome>) -> bool) -> bool {
        let since: Moment = self.booted_at();
        let records = self.apps().iter().flat_map(|app| app.intents.iter());
        let mut reboots = records.filter(|it| it.rung == Rung::Reboot && it.at > since);
        reboots.any(|it| is_such(it.outcome))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use defib_engine::effect::Purse;
    use defib_engine::event::Failure;
    use defib_engine::freeze::FREEZE_MS;
    use defib_engine::id::IntentId;

    const HOUR_MS: u64 = 3_600_000;

    /// A ledger whose `apps` have asked for a reboot each, an hour of up-time before it.
    fn rebooted(apps: &[&str]) -> Ledger {
        let mut ledger = Ledger::fresh([0; 16]);
        for (number, app) in (1..).zip(apps) {
            let at = ledger.now(HOUR_MS);
            let (intent, rung) = (IntentId(number), Rung::Reboot);
            ledger.charge_and_intend(app, intent, rung, Purse::Ladder, at).expect("room");
            ledger.next_boot([number as u8; 16]);
            ledger.finish(intent, Outcome::Done);
        }
        ledger
    }

    #[test]
    fn two_reboots_in_vain_freeze_for_a_day_from_the_second() {
        assert_eq!(rebooted(&["shop"]).freeze(Moment(HOUR_MS)), None);
        let ledger = rebooted(&["shop", "blog"]);
        let until = Moment(2 * HOUR_MS + FREEZE_MS);
        let frozen = Some(Freeze { reboots: 2, until });
        assert_eq!(ledger.freeze(ledger.now(0)), frozen);
        assert_eq!(ledger.freeze(Moment(until.0 - 1)), frozen);
        assert_eq!(ledger.freeze(until), None);
    }

    #[test]
    fn a_reset_that_nobody_asked_for_counts_like_a_reboot() {
        let mut ledger = rebooted(&["shop"]);
        ledger.charge_reset(ledger.booted_at());
        assert!(ledger.freeze(ledger.now(0)).is_some());
    }

    #[test]
    fn a_recovery_counts_for_its_own_app_and_a_persons_yes_for_all() {
        let mut ledger = rebooted(&["shop", "shop", "blog"]);
        let now = ledger.now(0);
        assert!(!ledger.recovered(|name| name == Some("other")));
        assert!(ledger.recovered(|name| name == Some("blog")));
        assert_eq!(ledger.freeze(now).map(|it| it.reboots), Some(2), "the shop's are left");
        assert!(ledger.recovered(|name| name == Some("shop")));
        assert!(ledger.vain.is_empty() && ledger.reboots.len() == 3, "the budget stays spent");
        let mut ledger = rebooted(&["shop", "shop", "blog"]);
        assert!(ledger.thaw() && !ledger.thaw());
        assert_eq!((ledger.freeze(now), ledger.reboots.len()), (None, 3));
    }

    #[test]
    fn what_is_well_before_its_reboot_was_not_cured_by_it() {
        let mut ledger = rebooted(&["shop"]);
        let (intent, rung, at) = (IntentId(7), Rung::Reboot, ledger.now(HOUR_MS));
        ledger.charge_and_intend("shop", intent, rung, Purse::Ladder, at).expect("room");
        assert!(ledger.recovered(|name| name == Some("shop")), "the one before was not in vain");
        assert!(!ledger.recovered(|name| name == Some("shop")) && ledger.vain.len() == 1);
        ledger.finish(intent, Outcome::Failed(Failure::NoManager));
        assert!(ledger.recovered(|name| name == Some("shop")), "the machine has stood");
    }

    #[test]
    fn the_engine_is_told_in_its_own_words() {
        let ledger = rebooted(&["shop", "gone"]);
        let told = ledger.vain_reboots(|name| (name == "shop").then_some(AppId(3)));
        let apps: Vec<AppId> = told.iter().map(|reboot| reboot.app).collect();
        assert_eq!(apps, [AppId(3), NO_APP]);
    }
}
