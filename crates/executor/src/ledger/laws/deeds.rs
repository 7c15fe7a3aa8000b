//! What the ledger knows of acts: how old they are, who hears of them, and when they are forgotten.

use super::{BOOT, DAY, LIVES, MINUTE, NEXT_BOOT, Store, begin, order, rules};
use crate::ledger::Keeper;
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Charge, Failure, LedgerIntent, Outcome, StartCount};
use defib_engine::freeze::VainReboot;
use defib_engine::id::{AppId, IntentId};
use defib_engine::time::Moment;

const SHOP: AppId = AppId(1);
/// An executor that is cut off leaves its job to the service manager for so long.
const WITHIN_MS: u64 = 1_000;

fn starts(keeper: &Keeper) -> Option<u16> {
    keeper.ledger().app("shop").map(|app| app.start_count)
}

/// The back-off grows with starts that did not last. After ten minutes the next one is the first again.
#[test]
fn a_start_after_a_long_rest_is_the_first_and_no_other_act_makes_it_so() {
    let rest_ms = rules("shop").healthy_reset_ms;
    for (later_ms, count) in [(0, 3), (rest_ms - 1, 3), (rest_ms, 1), (rest_ms + 1, 1)] {
        let (_, mut keeper) = Store::fresh();
        begin(&mut keeper, 1, Rung::Start, MINUTE);
        begin(&mut keeper, 2, Rung::Start, MINUTE);
        begin(&mut keeper, 3, Rung::Start, MINUTE + later_ms);
        assert_eq!(starts(&keeper), Some(count), "{later_ms}");
        begin(&mut keeper, 4, Rung::Kill, MINUTE + later_ms + DAY / 2);
        assert_eq!(starts(&keeper), Some(count), "a kill is no start");
    }
}

/// No window of a budget is longer than a week.
#[test]
fn a_stamp_forgets_what_is_a_week_old() {
    for (age_ms, left) in [(7 * DAY - 1, true), (7 * DAY, false)] {
        let (store, mut keeper) = Store::fresh();
        begin(&mut keeper, 1, Rung::Kill, MINUTE);
        keeper.stamp(MINUTE + age_ms);
        assert_eq!(keeper.ledger().app("shop").is_some(), left, "{age_ms}");
        assert_eq!(&store.durable(), keeper.ledger());
        // So does an executor that begins.
        let (store, mut keeper) = Store::fresh();
        begin(&mut keeper, 1, Rung::Kill, MINUTE);
        assert_eq!(store.opened(BOOT, MINUTE + age_ms).ledger().app("shop").is_some(), left);
    }
}

/// A hard reset ages no charge by more than the time between two stamps.
#[test]
fn a_stamp_is_due_ten_minutes_after_each_record() {
    let (store, mut keeper) = Store::fresh();
    assert_eq!(keeper.stamp_due_ms(), 10 * MINUTE);
    begin(&mut keeper, 1, Rung::Kill, 3 * MINUTE);
    assert_eq!(keeper.stamp_due_ms(), 13 * MINUTE);
    keeper.stamp(13 * MINUTE);
    assert_eq!(keeper.stamp_due_ms(), 23 * MINUTE);
    assert_eq!(store.durable().stamp_boottime_ms, 13 * MINUTE);
    let keeper = store.opened(NEXT_BOOT, MINUTE);
    assert_eq!(keeper.moment(0), Moment(13 * MINUTE), "the line goes on from it");
    assert_eq!(keeper.moment(MINUTE), Moment(14 * MINUTE));
}

#[test]
fn an_act_was_cut_off_if_an_executor_died_in_it_a_moment_ago() {
    let (store, mut keeper) = Store::fresh();
    begin(&mut keeper, 1, Rung::Kill, MINUTE);
    let cut_off = |keeper: &Keeper, now_ms| keeper.was_interrupted("shop", now_ms, WITHIN_MS);
    assert!(!cut_off(&keeper, MINUTE), "it is under way");
    let mut keeper = store.opened(BOOT, MINUTE);
    for (later_ms, is_so) in [(0, true), (999, true), (1_000, false), (1_001, false)] {
        assert_eq!(cut_off(&keeper, MINUTE + later_ms), is_so, "{later_ms}");
    }
    assert!(!keeper.was_interrupted("blog", MINUTE, WITHIN_MS), "another's");
    keeper.finish(IntentId(1), Outcome::Done, MINUTE);
    assert!(!cut_off(&keeper, MINUTE), "it has ended");
}

/// Oldest first, in the numbers of the present config; what has left it is told to nobody, but for reboots.
#[test]
fn a_guardian_is_told_all_that_concerns_its_apps_and_of_each_its_own() {
    let (_, mut keeper) = Store::fresh();
    begin(&mut keeper, 1, Rung::Start, 10);
    keeper.finish(IntentId(1), Outcome::Done, 11);
    let gentle = defib_engine::effect::Order { purse: Purse::Gentle, ..order(2, Rung::Restart) };
    keeper.begin(&gentle, &rules("blog"), 20).expect("written");
    begin(&mut keeper, 3, Rung::Kill, 30);
    keeper.begin(&order(4, Rung::Kill), &rules("gone"), 40).expect("written");
    begin(&mut keeper, 5, Rung::Reboot, 50);
    keeper.started("known", LIVES, 60).expect("written");
    let told = keeper.told(&["blog", "shop", "known"].map(rules));
    let paid = |app, rung, purse, at| Charge { app, rung, purse, at: Moment(at) };
    assert_eq!(
        told.charges,
        [
            paid(AppId(0), Rung::Restart, Purse::Gentle, 20),
            paid(SHOP, Rung::Kill, Purse::Ladder, 30),
            paid(SHOP, Rung::Reboot, Purse::Ladder, 50),
        ]
    );
    let intent = |app, intent, rung, outcome| {
        let intent = IntentId(intent);
        LedgerIntent { app, intent, rung, outcome }
    };
    assert_eq!(
        told.intents,
        [
            intent(SHOP, 1, Rung::Start, Some(Outcome::Done)),
            intent(AppId(0), 2, Rung::Restart, None),
            intent(SHOP, 3, Rung::Kill, None),
            intent(SHOP, 5, Rung::Reboot, None),
        ]
    );
    assert_eq!(told.starts, [StartCount { app: SHOP, count: 1, last: Moment(10) }]);
    assert_eq!(told.vain, [VainReboot { app: SHOP, at: Moment(50) }]);
}

/// Two reboots in vain: frozen until somebody is seen well, or a person says so, or the day is over.
#[test]
fn s23_a_freeze_ends_by_a_recovery_by_a_person_or_by_time_and_stays_ended() {
    let frozen = || {
        let (store, mut keeper) = Store::fresh();
        let failed = Outcome::Failed(Failure::NoManager);
        begin(&mut keeper, 1, Rung::Reboot, MINUTE);
        keeper.finish(IntentId(1), failed, MINUTE);
        assert_eq!(keeper.freeze(MINUTE), None, "one");
        begin(&mut keeper, 2, Rung::Reboot, 2 * MINUTE);
        keeper.finish(IntentId(2), failed, 2 * MINUTE);
        let freeze = keeper.freeze(2 * MINUTE).expect("two");
        assert_eq!((freeze.reboots, freeze.until), (2, Moment(2 * MINUTE + DAY)));
        (store, keeper)
    };
    let is_frozen = |store: &Store| store.durable().freeze(Moment(3 * MINUTE)).is_some();
    let (store, keeper) = frozen();
    assert!(is_frozen(&store));
    assert_eq!(keeper.freeze(2 * MINUTE + DAY), None);
    let (store, mut keeper) = frozen();
    assert!(!keeper.recovered(|name| name == Some("blog"), 3 * MINUTE), "of no use to shop");
    assert!(is_frozen(&store));
    assert!(keeper.recovered(|name| name == Some("shop"), 3 * MINUTE));
    assert!(!keeper.recovered(|name| name == Some("shop"), 3 * MINUTE), "once");
    assert!(keeper.freeze(3 * MINUTE).is_none() && !is_frozen(&store));
    let (store, mut keeper) = frozen();
    assert!(keeper.thaw(3 * MINUTE).expect("written"));
    assert!(!keeper.thaw(3 * MINUTE).expect("nothing to write"));
    assert!(keeper.freeze(3 * MINUTE).is_none() && !is_frozen(&store));
    let (store, mut keeper) = frozen();
    store.fails(true);
    assert!(keeper.thaw(3 * MINUTE).is_err());
    assert!(keeper.freeze(3 * MINUTE).is_some(), "it would be forgotten with us");
    assert_eq!(frozen().1.ledger().reboots.len(), 2);
}
