//! The ledger: edits, bytes, damage.

use super::{
    APPS_MAX, CHARGES_MAX, Damaged, EditError, INTENTS_MAX, Ledger, NAME_MAX, NO_APP, Name,
    REBOOTS_MAX, RebootMark, SLOT_BYTES, Slot, WatchdogMark,
};
use crate::boot::{BootEnding, LastBoot, TraceSet};
use crate::order::ActStep;
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Charge, Failure, OrderRefusal, Outcome};
use defib_engine::id::{AppId, Identity, IncidentId, IntentId};
use defib_engine::note::Class;
use defib_engine::time::Moment;
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use std::sync::LazyLock;

const BOOT: [u8; 16] = [7; 16];
const HOUR_MS: u64 = 3_600_000;

fn slot(ledger: &Ledger) -> Vec<u8> {
    let mut slot: Box<[u8; SLOT_BYTES]> =
        vec![0; SLOT_BYTES].into_boxed_slice().try_into().expect("of that size");
    let length = ledger.encode_slot(&mut slot);
    assert!(length > 0);
    slot[..length].to_vec()
}

/// The ledger as it will be once its record is durable.
fn read_back(ledger: &Ledger) -> Ledger {
    let mut expected = ledger.clone();
    expected.written();
    let read = Ledger::decode_slot(&slot(ledger)).expect("a whole slot");
    assert_eq!(read, expected);
    read
}

/// As much as fits, in the longest form that each value has.
fn full() -> Ledger {
    let mut ledger = Ledger::fresh(BOOT);
    let mut intent = 0;
    for app in 0..APPS_MAX {
        let name = format!("{app:0>NAME_MAX$}");
        let identity = Identity { pid: u32::MAX, start_ticks: u64::MAX };
        ledger.started(&name, identity).expect("room");
        for round in 0..=CHARGES_MAX as u64 {
            for (rung, purse) in [
                (Rung::Kill, Purse::Ladder),
                (Rung::Restart, Purse::Gentle),
                (Rung::Reboot, Purse::Ladder),
                (Rung::Start, Purse::Free),
            ] {
                intent += 1;
                let at = Moment(round);
                ledger.charge_and_intend(&name, IntentId(intent), rung, purse, at).expect("new");
                assert!(ledger.finish(IntentId(intent), Outcome::Failed(Failure::ExitCode(9))));
            }
        }
    }
    ledger.mark_watchdog(WatchdogMark::LeftArmed);
    let mark = RebootMark {
        boot_id: BOOT,
        intent: IntentId(u64::MAX),
        app: Name::new(&"n".repeat(NAME_MAX)).expect("fits"),
        incident: IncidentId(u32::MAX),
        class: Class::Unknown,
        step: Some(ActStep::Frozen),
    };
    ledger.mark_reboot(mark);
    ledger.say_farewell(u64::MAX, true);
    ledger.last_boot = Some(LastBoot {
        boot_id: BOOT,
        ending: BootEnding::Unknown,
        reboot: Some(mark),
        traces: TraceSet(u16::MAX),
        last_wall_ms: Some(u64::MAX),
        began_wall_ms: Some(u64::MAX),
    });
    ledger
}

static FULL: LazyLock<Vec<u8>> = LazyLock::new(|| slot(&full()));
static ONE_APP: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut ledger = full();
    ledger.apps.truncate(1);
    slot(&ledger)
});

#[test]
fn a_full_ledger_fits_its_slot_and_comes_back() {
    let ledger = full();
    assert_eq!(ledger.reboots.len(), REBOOTS_MAX);
    assert!(ledger.apps().iter().all(|app| app.ladder.len() == CHARGES_MAX));
    assert!(ledger.apps().iter().all(|app| app.intents.len() == INTENTS_MAX));
    read_back(&ledger);
    assert_eq!(read_back(&Ledger::fresh(BOOT)).apps().len(), 0);
}

#[test]
fn a_slot_torn_anywhere_leaves_the_other() {
    let mut ledger = Ledger::fresh(BOOT);
    ledger.charge_and_intend("a", IntentId(1), Rung::Kill, Purse::Ladder, Moment(5)).expect("new");
    let older = slot(&ledger);
    ledger.written();
    let good = read_back(&Ledger { seq: 0, ..ledger.clone() });
    ledger.charge_and_intend("a", IntentId(2), Rung::Kill, Purse::Ladder, Moment(6)).expect("new");
    let newer = slot(&ledger);
    // The slot held zeros or an older record before; the write stopped after `end` bytes.
    for end in 0..newer.len() {
        let torn = [&newer[..end], &vec![0; newer.len() - end][..]].concat();
        let read = Ledger::newest(Ledger::decode_slot(&torn), Ledger::decode_slot(&older));
        assert_eq!(read.as_ref(), Ok(&good), "torn at {end}");
        let over = [&newer[..end], &older[end..]].concat();
        let read = Ledger::decode_slot(&over);
        let whole = over == older || over == newer;
        assert_eq!(read.is_ok(), whole, "over an older record, torn at {end}");
        assert!(Ledger::decode_slot(&newer[..end]).is_err());
    }
    let read = Ledger::newest(Ledger::decode_slot(&older), Ledger::decode_slot(&newer));
    assert_eq!(read.map(|ledger| ledger.last_intent), Ok(2));
}

#[test]
fn a_record_from_before_the_watchdog_was_known_is_read() {
    let ledger = Ledger::fresh(BOOT);
    let bytes = slot(&ledger);
    // An older record has zeros where the later fields are now.
    assert!(bytes[8 + 2 + 2 + 8 + 16 + 3 * 8 + 1..2048].iter().all(|byte| *byte == 0));
    assert_eq!(Ledger::decode_slot(&bytes).map(|it| it.watchdog), Ok(None));
    let mut armed = ledger;
    armed.mark_watchdog(WatchdogMark::Armed);
    assert_eq!(read_back(&armed).watchdog_now(), Some(WatchdogMark::Armed));
}

#[test]
fn slots_take_turns_and_a_failed_write_is_repeated_in_place() {
    let mut ledger = Ledger::fresh(BOOT);
    assert_eq!((ledger.next_slot(), ledger.next_slot().offset()), (Slot::A, 0));
    assert_eq!(ledger.next_slot(), Slot::A);
    ledger.written();
    assert_eq!((ledger.next_slot(), ledger.next_slot().offset()), (Slot::B, SLOT_BYTES as u64));
    let read = read_back(&ledger);
    assert_eq!(read.next_slot(), Slot::A);
}

#[test]
fn damage_has_names() {
    let good = slot(&Ledger::fresh(BOOT));
    let decode = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        Ledger::decode_slot(&bytes).map(|ledger| ledger.seq)
    };
    assert_eq!(decode(&|_| ()), Ok(1));
    assert_eq!(decode(&|bytes| bytes.fill(0)), Err(Damaged::Empty));
    assert_eq!(decode(&|bytes| bytes.clear()), Err(Damaged::Empty));
    assert_eq!(decode(&|bytes| bytes[0] = b'x'), Err(Damaged::Magic));
    assert_eq!(decode(&|bytes| bytes[8] = 2), Err(Damaged::Version(2)));
    assert_eq!(decode(&|bytes| bytes[30] ^= 1), Err(Damaged::Checksum));
    assert_eq!(decode(&|bytes| bytes[10] = 255), Err(Damaged::Checksum));
    let empty = || Err(Damaged::Empty);
    assert_eq!(Ledger::newest(empty(), empty()), Err(Damaged::Empty));
    assert_eq!(Ledger::newest(empty(), Err(Damaged::Magic)), Err(Damaged::Magic));
    assert_eq!(Ledger::newest(Err(Damaged::Magic), empty()), Err(Damaged::Magic));
}

proptest! {
    #[test]
    fn a_changed_byte_is_never_believed(place in any::<proptest::sample::Index>(), flip in 1_u8..) {
        let mut bytes = FULL.clone();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        prop_assert!(Ledger::decode_slot(&bytes).is_err());
    }

    #[test]
    fn contents_behind_a_right_checksum_are_still_checked(
        changes in vec((12_usize..2560, any::<u8>()), 1..8),
    ) {
        let mut bytes = ONE_APP.clone();
        for (place, value) in changes {
            bytes[place] = value;
        }
        let end = bytes.len() - 4;
        let crc = crc32fast::hash(&bytes[..end]).to_le_bytes();
        bytes[end..].copy_from_slice(&crc);
        if let Ok(ledger) = Ledger::decode_slot(&bytes) {
            let again = Ledger { seq: ledger.seq.wrapping_sub(1), ..ledger.clone() };
            prop_assert_eq!(Ledger::decode_slot(&slot(&again)), Ok(ledger));
        }
    }
}

#[test]
fn an_intent_is_accepted_once_and_paid_by_its_purse() {
    let mut ledger = Ledger::fresh(BOOT);
    let mut intend = |intent, rung, purse, at| {
        ledger.charge_and_intend("a", IntentId(intent), rung, purse, Moment(at))
    };
    assert_eq!(intend(3, Rung::Restart, Purse::Ladder, 10), Ok(()));
    assert_eq!(intend(3, Rung::Restart, Purse::Ladder, 11), Err(EditError::Repeated));
    assert_eq!(intend(2, Rung::Restart, Purse::Ladder, 11), Err(EditError::Repeated));
    assert_eq!(intend(4, Rung::Kill, Purse::Gentle, 12), Ok(()));
    assert_eq!(intend(5, Rung::Start, Purse::Free, 13), Ok(()));
    assert_eq!(intend(6, Rung::Reload, Purse::Free, 14), Ok(()));
    assert_eq!(intend(7, Rung::Reboot, Purse::Ladder, 15), Ok(()));
    let mut charges = Vec::new();
    ledger.charges(|name| (name == "a").then_some(AppId(2)), &mut charges);
    let charge = |rung, purse, at| Charge { app: AppId(2), rung, purse, at: Moment(at) };
    let expected = [
        charge(Rung::Restart, Purse::Ladder, 10),
        charge(Rung::Kill, Purse::Gentle, 12),
        charge(Rung::Reboot, Purse::Ladder, 15),
    ];
    assert_eq!(charges, expected);
    charges.clear();
    ledger.charges(|_| None, &mut charges);
    assert_eq!(charges, [Charge { app: NO_APP, ..expected[2] }]);
    let app = ledger.app("a").expect("known");
    assert_eq!((app.start_count, app.last_start), (1, Moment(13)));
    assert_eq!(ledger.last_intent, 7);
}

#[test]
fn an_outcome_finds_its_intent() {
    let mut ledger = Ledger::fresh(BOOT);
    ledger.charge_and_intend("a", IntentId(1), Rung::Kill, Purse::Ladder, Moment(0)).expect("new");
    assert_eq!(ledger.app("a").expect("known").intents.iter().next().expect("one").outcome, None);
    let refused = Outcome::Refused(OrderRefusal::WrongIdentity);
    assert!(ledger.finish(IntentId(1), refused));
    assert!(!ledger.finish(IntentId(2), refused));
    let read = read_back(&ledger);
    let record = *read.app("a").expect("known").intents.iter().next().expect("one");
    assert_eq!((record.intent, record.outcome), (IntentId(1), Some(refused)));
}

#[test]
fn windows_count_to_their_edge() {
    let mut ledger = Ledger::fresh(BOOT);
    for (intent, at) in [(1, 0), (2, HOUR_MS), (3, HOUR_MS + 1)] {
        let at = Moment(at);
        ledger
            .charge_and_intend("a", IntentId(intent), Rung::Kill, Purse::Ladder, at)
            .expect("new");
    }
    assert_eq!(ledger.ladder_used("a", Moment(HOUR_MS - 1), HOUR_MS), 3);
    assert_eq!(ledger.ladder_used("a", Moment(HOUR_MS), HOUR_MS), 2);
    assert_eq!(ledger.ladder_used("a", Moment(2 * HOUR_MS), HOUR_MS), 1);
    assert_eq!(ledger.ladder_used("b", Moment(0), HOUR_MS), 0);
    ledger.prune(Moment(2 * HOUR_MS), HOUR_MS);
    assert_eq!(ledger.app("a").expect("known").ladder.len(), 1);
    ledger.prune(Moment(3 * HOUR_MS), HOUR_MS);
    assert_eq!(ledger.app("a"), None);
}

#[test]
fn a_new_boot_goes_on_where_the_last_was_known_to_be() {
    let mut ledger = Ledger::fresh(BOOT);
    ledger.started("a", Identity { pid: 1, start_ticks: 2 }).expect("room");
    ledger.stamp(600_000);
    let at = ledger.now(700_000);
    ledger.charge_and_intend("a", IntentId(1), Rung::Reboot, Purse::Ladder, at).expect("new");
    assert!(!ledger.next_boot(BOOT));
    assert!(ledger.app("a").expect("known").process.is_some());
    assert!(ledger.next_boot([8; 16]));
    // The act was later than the stamp: time must not run back behind it.
    assert_eq!(ledger.booted_at(), Moment(700_000));
    assert_eq!(ledger.now(5), Moment(700_005));
    assert_eq!(ledger.reboots_used(ledger.now(5), 21_600_000), 1);
    assert!(ledger.app("a").expect("known").process.is_none());
    ledger.stamp(50);
    assert!(ledger.next_boot([9; 16]));
    assert_eq!(ledger.booted_at(), Moment(700_050));
}

#[test]
fn a_lost_ledger_has_spent_everything_for_a_while() {
    let mut ledger = Ledger::pessimistic(&["a", "b"], BOOT, 1000);
    let now = ledger.now(1001);
    assert_eq!(ledger.ladder_used("a", now, HOUR_MS), CHARGES_MAX);
    assert_eq!(ledger.ladder_used("b", now, HOUR_MS), CHARGES_MAX);
    assert_eq!(ledger.reboots_used(now, HOUR_MS), REBOOTS_MAX);
    assert!(ledger.app("a").expect("known").gentle.is_some());
    read_back(&ledger);
    ledger.prune(Moment(1000 + 24 * HOUR_MS), 24 * HOUR_MS);
    assert_eq!(ledger, Ledger { stamp_boottime_ms: 1000, ..Ledger::fresh(BOOT) });
}

#[test]
fn names_and_seats_are_bounded() {
    let mut ledger = full();
    let one_more = Identity { pid: 1, start_ticks: 1 };
    assert_eq!(ledger.started("one more", one_more), Err(EditError::Full));
    let mut ledger = Ledger::fresh(BOOT);
    assert_eq!(ledger.started("", one_more), Err(EditError::Name));
    assert_eq!(ledger.started(&"x".repeat(65), one_more), Err(EditError::Name));
    assert_eq!(ledger.started(&"é".repeat(32), one_more), Ok(()));
    read_back(&ledger);
    ledger.ended(&"é".repeat(32));
    ledger.prune(Moment(0), HOUR_MS);
    assert!(ledger.apps().is_empty());
}
