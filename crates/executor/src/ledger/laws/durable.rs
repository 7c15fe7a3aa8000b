//! Nothing is done that is not written, and nothing is written that was refused.

use super::{BOOT, LIVES, NEXT_BOOT, Store, begin, order, rules};
use crate::ledger::Keeper;
use defib_engine::effect::Rung;
use defib_engine::event::{Failure, Outcome};
use defib_engine::id::{Identity, IntentId};
use defib_engine::time::Moment;
use defib_journal::ledger::{Damaged, IntentRecord, Ledger, WatchdogMark};
use defib_journal::order::ActStep;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// One deed of the executor's, by its number, at this time of the boot; the fast copy is writable or not.
type Deed = (u8, u64, bool);

const RUNGS: [Rung; 5] = [Rung::Start, Rung::Restart, Rung::Kill, Rung::Reboot, Rung::Clean];

/// Does it. What must be unchanged afterwards if it could not be written; `None`: what it says stays true all the
/// same, and the next record tells it.
fn does(keeper: &mut Keeper, deed: Deed, intent: &mut u64) -> Option<Ledger> {
    let (what, now_ms, is_writable) = deed;
    let before = keeper.ledger().clone();
    let undone = |is_ok: bool| (!is_ok).then_some(before);
    match what {
        0..=4 => {
            *intent += 1;
            let order = order(*intent, RUNGS[usize::from(what)]);
            let accepted = keeper.begin(&order, &rules("shop"), now_ms).is_ok();
            assert_eq!(accepted, is_writable, "what is not durable is not accepted");
            return undone(accepted);
        }
        5 => keeper.finish(IntentId(*intent), Outcome::Done, now_ms),
        6 => {
            let started = keeper.started("shop", LIVES, now_ms);
            assert_eq!(started.is_ok(), is_writable);
        }
        7 => keeper.ended("shop", now_ms),
        8 => {
            keeper.recovered(|name| name == Some("shop"), now_ms);
        }
        9 => return undone(keeper.thaw(now_ms).is_ok()),
        10 => keeper.stamp(now_ms),
        11 => {
            let marked = keeper.mark_watchdog(WatchdogMark::Armed, now_ms);
            assert_eq!(marked.is_ok(), is_writable);
        }
        12 => keeper.mark_starved(now_ms),
        13 => keeper.mark_step(ActStep::RebootAsked, now_ms),
        14 => keeper.mark_step(ActStep::SysrqSent, now_ms),
        _ => keeper.say_farewell(now_ms % 2 == 0, now_ms),
    }
    None
}

/// Whether it may be that nothing was to be written.
fn may_be_nothing(deed: u8) -> bool {
    deed == 8 || deed == 9
}

fn deeds() -> impl Strategy<Value = Vec<(u8, u64, bool)>> {
    prop::collection::vec((0..16u8, 0..5_000u64, prop::bool::weighted(0.8)), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(41),
        ..ProptestConfig::default()
    })]

    /// Killed after any of them, the executor leaves what it has said and done, and what it refused is not there.
    #[test]
    fn each_deed_is_durable_before_it_returns_or_has_not_been(deeds in deeds()) {
        let (store, mut keeper) = Store::fresh();
        let (mut intent, mut now_ms) = (0, 0);
        for (what, later_ms, is_writable) in deeds {
            now_ms += later_ms;
            store.fails(!is_writable);
            let before = store.durable();
            let undone = does(&mut keeper, (what, now_ms, is_writable), &mut intent);
            if let Some(mut undone) = undone {
                undone.stamp_boottime_ms = keeper.ledger().stamp_boottime_ms;
                prop_assert_eq!(keeper.ledger(), &undone);
            }
            let found = store.durable();
            if !is_writable || found == before {
                prop_assert_eq!(found, before, "the old record stays whole");
                prop_assert!(!is_writable || may_be_nothing(what));
            } else {
                prop_assert_eq!(&found, keeper.ledger());
                prop_assert_eq!((found.seq, found.stamp_boottime_ms), (before.seq + 1, now_ms));
            }
        }
    }
}

fn intents(keeper: &Keeper) -> Vec<(u64, Option<Outcome>)> {
    let of = |it: &IntentRecord| (it.intent.0, it.outcome);
    keeper.ledger().apps().iter().flat_map(|app| app.intents.iter().map(of)).collect()
}

#[test]
fn who_comes_after_a_death_finds_what_was_begun_and_calls_it_interrupted() {
    for (boot_id, of_reboot) in [(BOOT, Outcome::Interrupted), (NEXT_BOOT, Outcome::Done)] {
        let (store, mut keeper) = Store::fresh();
        let failed = Outcome::Failed(Failure::Deadline);
        begin(&mut keeper, 1, Rung::Restart, 10);
        keeper.finish(IntentId(1), failed, 20);
        begin(&mut keeper, 2, Rung::Kill, 30);
        begin(&mut keeper, 3, Rung::Reboot, 40);
        drop(keeper);
        let keeper = store.opened(boot_id, 50);
        let expected = [(1, Some(failed)), (2, Some(Outcome::Interrupted)), (3, Some(of_reboot))];
        assert_eq!(intents(&keeper), expected, "{boot_id:?}");
        assert_eq!(&store.durable(), keeper.ledger(), "and it is written down");
        assert_eq!(keeper.ledger().last_intent, 3);
    }
}

/// A number that was used is used for ever, and one that was refused is not.
#[test]
fn no_intent_is_accepted_twice() {
    let (store, mut keeper) = Store::fresh();
    begin(&mut keeper, 5, Rung::Kill, 10);
    for intent in [4, 5] {
        let again = keeper.begin(&order(intent, Rung::Kill), &rules("shop"), 20);
        assert!(again.is_err(), "{intent}");
    }
    let mut keeper = store.opened(BOOT, 30);
    assert!(keeper.begin(&order(5, Rung::Kill), &rules("shop"), 40).is_err());
    store.fails(true);
    assert!(keeper.begin(&order(6, Rung::Kill), &rules("shop"), 50).is_err());
    store.fails(false);
    begin(&mut keeper, 6, Rung::Kill, 60);
    assert_eq!(keeper.ledger().app("shop").map(|app| app.ladder.len()), Some(2));
}

#[test]
fn a_ledger_that_was_never_written_is_new_and_one_that_is_lost_has_spent_everything() {
    let store = Store::default();
    let (keeper, damage) = store.open(Err(Damaged::Empty), BOOT, 10);
    assert_eq!((damage, keeper.ledger().apps().len()), (None, 0));
    assert_eq!(keeper.last_boot(), None);
    let store = Store::default();
    let (keeper, damage) = store.open(Err(Damaged::Checksum), BOOT, 10);
    assert_eq!(damage, Some(Damaged::Checksum));
    assert!(keeper.ledger().ladder_used("shop", Moment(10), 1_000) > 4);
    assert!(keeper.freeze(10).is_some() && keeper.last_boot().is_some());
}

/// The fast copy does not survive the machine, nor the disk copy a slow disk: the newer of both counts.
#[test]
fn the_newest_of_both_copies_is_taken() {
    let (store, mut keeper) = Store::fresh();
    begin(&mut keeper, 1, Rung::Kill, 10);
    let older = store.durable();
    begin(&mut keeper, 2, Rung::Kill, 20);
    let newer = store.durable();
    assert_eq!(store.open(Ok(older), BOOT, 30).0.ledger().last_intent, 2);
    let lost = Store::default();
    assert_eq!(lost.open(Ok(newer), BOOT, 30).0.ledger().last_intent, 2);
}

/// A number may be another process's in the next boot.
#[test]
fn a_process_is_known_in_its_own_boot_and_until_it_has_ended() {
    let (store, mut keeper) = Store::fresh();
    let other = Identity { pid: 8, start_ticks: 9 };
    keeper.started("shop", LIVES, 10).expect("written");
    keeper.started("blog", other, 10).expect("written");
    let known = |keeper: &Keeper| ["shop", "blog", "none"].map(|name| keeper.process(name));
    assert_eq!(known(&keeper), [Some(LIVES), Some(other), None]);
    assert_eq!(known(&store.opened(BOOT, 20)), [Some(LIVES), Some(other), None]);
    keeper.ended("shop", 30);
    assert_eq!(known(&keeper), [None, Some(other), None]);
    assert_eq!(known(&store.opened(BOOT, 40)), [None, Some(other), None]);
    assert_eq!(known(&store.opened(NEXT_BOOT, 50)), [None, None, None]);
}
