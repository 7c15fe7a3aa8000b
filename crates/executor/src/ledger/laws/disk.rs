//! How far the disk copy is: only a machine rung waits for it, and it must not take an older record for a newer.

use super::{BOOT, Helper, Store, begin};
use crate::ledger::{DiskState, Keeper};
use defib_engine::effect::Rung;
use defib_journal::ledger::{Ledger, SLOT_BYTES, WatchdogMark};
use defib_journal::order::ActStep;
use std::os::fd::AsRawFd;

const LATE: [ActStep; 3] = [ActStep::ResetCalled, ActStep::SysrqSent, ActStep::FeedingEnded];

/// The number of its last record.
fn seq(keeper: &Keeper) -> u64 {
    keeper.ledger().seq
}

#[test]
fn each_record_goes_to_the_disk_as_it_went_to_the_fast_copy() {
    let (store, mut keeper) = Store::fresh();
    begin(&mut keeper, 1, Rung::Kill, 10);
    keeper.stamp(20);
    assert_eq!(store.jobs(), [1, 2, 3]);
    assert_eq!((&store.given(), seq(&keeper)), (keeper.ledger(), 3));
    assert!(keeper.disk_fd().is_some_and(|fd| fd.as_raw_fd() > 2));
}

/// What cannot be written even to the fast copy is not sent to the disk either.
#[test]
fn the_disk_is_never_ahead_of_the_fast_copy() {
    let (store, mut keeper) = Store::fresh();
    store.fails(true);
    keeper.stamp(20);
    keeper.mark_step(ActStep::SysrqSent, 30);
    assert_eq!(store.jobs(), [1]);
}

#[test]
fn a_record_is_on_disk_when_it_or_a_newer_one_is_said_to_be() {
    let table = [
        (&[][..], DiskState::Waiting),
        (&[(2, true)], DiskState::Waiting),
        (&[(3, true)], DiskState::Written),
        (&[(4, true)], DiskState::Written),
        (&[(2, false)], DiskState::Waiting),
        (&[(3, false)], DiskState::Failed),
        (&[(4, false)], DiskState::Failed),
        (&[(2, false), (3, true)], DiskState::Written),
        (&[(2, true), (3, false)], DiskState::Failed),
    ];
    for (news, state) in table {
        let (store, mut keeper) = Store::fresh();
        begin(&mut keeper, 1, Rung::Kill, 10);
        begin(&mut keeper, 2, Rung::Reboot, 20);
        for (seq, is_durable) in news {
            store.is_done(*seq, *is_durable);
        }
        assert_eq!(keeper.disk_state(), DiskState::Waiting, "nobody has asked");
        keeper.disk_news();
        assert_eq!(keeper.disk_state(), state, "{news:?}");
        begin(&mut keeper, 3, Rung::Kill, 30);
        begin(&mut keeper, 4, Rung::Kill, 40);
        assert_eq!(keeper.disk_state(), DiskState::Waiting, "there is another");
    }
}

/// While the helper writes one and holds another, only the newest of those that come is of use.
#[test]
fn what_does_not_fit_goes_when_there_is_room_and_only_the_newest_of_it() {
    let (store, mut keeper) = Store::fresh();
    store.helper(Helper::IsFull);
    begin(&mut keeper, 1, Rung::Kill, 10);
    begin(&mut keeper, 2, Rung::Kill, 20);
    store.is_done(1, true);
    keeper.disk_news();
    assert_eq!((store.jobs(), keeper.disk_state()), (vec![1], DiskState::Waiting));
    store.helper(Helper::Takes);
    keeper.disk_news();
    assert_eq!(store.jobs(), [1, 3]);
    assert_eq!(&store.given(), keeper.ledger());
    keeper.disk_news();
    assert_eq!(store.jobs(), [1, 3], "once");
}

#[test]
fn without_a_helper_nothing_is_on_disk_and_nobody_waits_for_it() {
    let (store, mut keeper) = Store::fresh();
    store.helper(Helper::IsGone);
    begin(&mut keeper, 1, Rung::Reboot, 10);
    assert_eq!(keeper.disk_state(), DiskState::Failed);
    keeper.mark_step(ActStep::SysrqSent, 20);
    assert_eq!(keeper.disk_state(), DiskState::Failed);
}

/// When memory is gone the last steps still leave their records, in room that was kept from the beginning on.
#[test]
fn the_last_steps_go_to_the_disk_in_room_that_was_kept_for_them() {
    let (store, mut keeper) = Store::fresh();
    begin(&mut keeper, 1, Rung::Reboot, 10);
    let kept = |store: &Store| {
        let kept = store.0.borrow();
        kept.jobs.last().map(|job| (job.seq, job.bytes.capacity() >= SLOT_BYTES))
    };
    assert_eq!(kept(&store), Some((2, false)), "no more than it needs");
    for (step, seq) in LATE.into_iter().zip(3..) {
        keeper.mark_step(step, 20);
        assert_eq!(kept(&store), Some((seq, true)), "{step:?}");
        let mark = |ledger: &Ledger| ledger.reboot_mark.and_then(|mark| mark.step);
        assert_eq!(mark(&store.given()), Some(step));
        assert_eq!(mark(&store.durable()), Some(step));
    }
    keeper.mark_step(ActStep::SysrqSent, 30);
    assert_eq!(store.jobs().len(), 5, "there is no more room");
    assert_eq!(&store.durable(), keeper.ledger(), "but it is in the fast copy");
    // An earlier step of another reboot allocates as it likes, and makes room again.
    for step in [ActStep::Written, ActStep::RebootAsked, ActStep::RebootForced, LATE[0]] {
        keeper.mark_step(step, 40);
        assert_eq!(&store.given(), keeper.ledger(), "{step:?}");
    }
}

/// Without an allocation, as it is the last rung: the fast copy alone, for the next executor of this boot.
#[test]
fn that_nobody_feeds_the_watchdog_is_written_to_the_fast_copy_alone() {
    let (store, mut keeper) = Store::fresh();
    keeper.mark_watchdog(WatchdogMark::Armed, 10).expect("written");
    assert_eq!(store.given().watchdog_now(), Some(WatchdogMark::Armed));
    keeper.mark_starved(20);
    assert_eq!(store.given().watchdog_now(), Some(WatchdogMark::Armed));
    assert_eq!(store.durable().watchdog_now(), Some(WatchdogMark::Starved));
    let next = store.opened(BOOT, 30);
    assert_eq!(next.ledger().watchdog_now(), Some(WatchdogMark::Starved));
    // With a step that says so, it goes wherever that goes.
    let (store, mut keeper) = Store::fresh();
    begin(&mut keeper, 1, Rung::Reboot, 10);
    keeper.starve();
    keeper.mark_step(ActStep::FeedingEnded, 20);
    assert_eq!(store.given().watchdog_now(), Some(WatchdogMark::Starved));
}
