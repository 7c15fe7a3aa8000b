//! Whatever is done to a ledger, it knows what was done, and its record says the same again.

use crate::memory::{Memory, NAMES, intent};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Failure, Outcome};
use defib_engine::id::Identity;
use defib_engine::time::Moment;
use defib_journal::ledger::{
    APPS_MAX, CHARGES_MAX, EditError, Ledger, REBOOTS_MAX, SLOT_BYTES, Slot,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

pub(crate) const DAY_MS: u64 = 86_400_000;
const RUNGS: [Rung; 5] = [Rung::Start, Rung::Reload, Rung::Restart, Rung::Kill, Rung::Reboot];
const PURSES: [Purse; 3] = [Purse::Free, Purse::Ladder, Purse::Gentle];

#[derive(Clone, Debug)]
enum Edit {
    Intend { app: usize, step: u64, rung: usize, purse: usize },
    Finish { ago: u64, done: bool },
    Started { app: usize, pid: u32 },
    Ended { app: usize },
    Settled { app: usize },
    Reset,
    Stamp { back_ms: u64 },
    Boot { other: bool },
    Prune { keep_ms: u64 },
    Pass { ms: u64 },
}

fn edit() -> impl Strategy<Value = Edit> {
    let app = 0..NAMES.len();
    prop_oneof![
        8 => (app.clone(), 0..3u64, 0..5usize, 0..3usize)
            .prop_map(|(app, step, rung, purse)| Edit::Intend { app, step, rung, purse }),
        3 => (0..9u64, any::<bool>()).prop_map(|(ago, done)| Edit::Finish { ago, done }),
        2 => (app.clone(), 1..9u32).prop_map(|(app, pid)| Edit::Started { app, pid }),
        2 => app.clone().prop_map(|app| Edit::Ended { app }),
        1 => app.prop_map(|app| Edit::Settled { app }),
        1 => Just(Edit::Reset),
        2 => (0..3_000u64).prop_map(|back_ms| Edit::Stamp { back_ms }),
        1 => any::<bool>().prop_map(|other| Edit::Boot { other }),
        1 => (1..3 * DAY_MS).prop_map(|keep_ms| Edit::Prune { keep_ms }),
        // So that some charges stand exactly at the end of a window.
        4 => prop_oneof![Just(1_000), Just(3_600_000), Just(DAY_MS), Just(1), 0..10_000_000u64]
            .prop_map(|ms| Edit::Pass { ms }),
    ]
}

/// The record that is written next, as it is read back.
pub(crate) fn read_back(ledger: &Ledger) -> Ledger {
    let mut slot: Box<[u8; SLOT_BYTES]> =
        vec![0xa5; SLOT_BYTES].into_boxed_slice().try_into().expect("of that size");
    let length = ledger.encode_slot(&mut slot);
    let read = Ledger::decode_slot(&slot[..length]).expect("a whole record");
    assert_eq!(Ledger::decode_slot(&slot[..]).as_ref(), Ok(&read), "what follows does not matter");
    assert_eq!(read.seq, ledger.seq + 1);
    read
}

fn apply(edit: &Edit, ledger: &mut Ledger, memory: &mut Memory, up_ms: &mut u64) {
    let boottime_ms = *up_ms - memory.booted_at;
    match *edit {
        Edit::Intend { app, step, rung, purse } => {
            let (name, number) = (NAMES[app], memory.last_intent + step);
            let what = (RUNGS[rung], PURSES[purse]);
            let at = Moment(*up_ms);
            let taken = ledger.charge_and_intend(name, intent(number), what.0, what.1, at);
            assert_eq!(taken, if step == 0 { Err(EditError::Repeated) } else { Ok(()) }, "S30");
            if step > 0 {
                memory.intend(name, number, what, *up_ms);
            }
        }
        Edit::Finish { ago, done } => {
            let outcome = if done { Outcome::Done } else { Outcome::Failed(Failure::Deadline) };
            let number = memory.last_intent.saturating_sub(ago);
            let is_kept = memory.finish(number, outcome);
            assert_eq!(ledger.finish(intent(number), outcome), is_kept);
        }
        Edit::Started { app, pid } => {
            let identity = Identity { pid, start_ticks: *up_ms };
            ledger.started(NAMES[app], identity).expect("there is room");
            memory.apps.entry(NAMES[app]).or_default().process = Some((identity, memory.boot));
        }
        Edit::Ended { app } => {
            ledger.ended(NAMES[app]);
            if let Some(known) = memory.apps.get_mut(NAMES[app]) {
                known.process = None;
            }
        }
        Edit::Settled { app } => {
            ledger.settled(NAMES[app]);
            if let Some(known) = memory.apps.get_mut(NAMES[app]) {
                known.starts.0 = 0;
            }
        }
        Edit::Reset => {
            ledger.charge_reset(Moment(*up_ms));
            memory.reboots.push((None, *up_ms));
        }
        Edit::Stamp { back_ms } => {
            let at = boottime_ms.saturating_sub(back_ms);
            ledger.stamp(at);
            memory.stamp = memory.stamp.max(at);
        }
        Edit::Boot { other } => {
            let boot = if other { memory.boot.wrapping_add(1) } else { memory.boot };
            assert_eq!(ledger.next_boot([boot; 16]), other);
            if other {
                memory.boot(boot);
                *up_ms = memory.booted_at;
            }
        }
        Edit::Prune { keep_ms } => {
            ledger.prune(Moment(*up_ms), keep_ms);
            memory.forget(*up_ms, keep_ms);
        }
        Edit::Pass { ms } => *up_ms += ms,
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(7),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_ledger_knows_what_was_done_and_its_record_says_it_again(
        edits in proptest::collection::vec(edit(), 1..120),
    ) {
        let mut ledger = Ledger::fresh([0; 16]);
        let (mut memory, mut up_ms) = (Memory::default(), 0);
        for edit in &edits {
            apply(edit, &mut ledger, &mut memory, &mut up_ms);
            memory.judge(&ledger, up_ms);
            if matches!(edit, Edit::Pass { .. }) {
                let slot = ledger.next_slot();
                let read = read_back(&ledger);
                ledger.written();
                prop_assert_eq!(&read, &ledger);
                prop_assert_ne!(ledger.next_slot(), slot, "the slots take turns");
                ledger = read;
            }
        }
    }
}

#[test]
fn the_oldest_go_when_there_is_no_room() {
    let mut ledger = Ledger::fresh([0; 16]);
    let mut memory = Memory::default();
    for number in 1..200 {
        let rung = [Rung::Kill, Rung::Reboot, Rung::Restart, Rung::Kill][number as usize % 4];
        let edit = ledger.charge_and_intend(
            "shop",
            intent(number),
            rung,
            Purse::Ladder,
            Moment(number * 1_000),
        );
        assert_eq!(edit, Ok(()));
        memory.intend("shop", number, (rung, Purse::Ladder), number * 1_000);
        memory.judge(&ledger, number * 1_000);
    }
    assert_eq!(ledger.ladder_used("shop", Moment(200_000), DAY_MS), CHARGES_MAX);
    assert_eq!(ledger.reboots_used(Moment(200_000), DAY_MS), REBOOTS_MAX);
    assert_eq!(read_back(&ledger).apps(), ledger.apps());
}

#[test]
fn sixty_four_apps_have_room_and_a_name_has_1_to_64_bytes() {
    let mut ledger = Ledger::fresh([0; 16]);
    let identity = Identity { pid: 1, start_ticks: 1 };
    for app in 0..APPS_MAX {
        assert_eq!(ledger.started(&format!("app {app}"), identity), Ok(()));
    }
    assert_eq!(ledger.started("one more", identity), Err(EditError::Full));
    assert_eq!(ledger.started("app 63", identity), Ok(()));
    assert_eq!(read_back(&ledger).apps().len(), APPS_MAX);
    ledger.ended("app 5");
    ledger.prune(Moment(0), DAY_MS);
    assert_eq!(ledger.started("one more", identity), Ok(()), "its room is free again");
    for name in ["", &"x".repeat(65)] {
        assert_eq!(ledger.started(name, identity), Err(EditError::Name));
        let intended =
            ledger.charge_and_intend(name, intent(1), Rung::Kill, Purse::Ladder, Moment(1));
        assert_eq!(intended, Err(EditError::Name));
    }
    assert_eq!(ledger.last_intent, 0, "what was refused is not accepted");
    let words = [EditError::Full, EditError::Name, EditError::Repeated].map(|e| e.to_string());
    assert!(words.iter().all(|words| words.len() > 20) && words[0] != words[1]);
}

#[test]
fn after_a_lost_ledger_every_budget_is_spent_and_a_start_is_free() {
    let ledger = Ledger::pessimistic(&NAMES[..2], [3; 16], 5_000);
    let now = ledger.now(5_000);
    assert_eq!((now, ledger.boot_id, ledger.stamp_boottime_ms), (Moment(5_000), [3; 16], 5_000));
    assert_eq!(ledger.reboots_used(now, 1), REBOOTS_MAX);
    for name in &NAMES[..2] {
        assert_eq!(ledger.ladder_used(name, now, 1), CHARGES_MAX);
        let record = ledger.app(name).expect("remembered");
        assert_eq!(record.gentle.map(|charge| charge.at), Some(now));
        assert_eq!(record.start_count, 0);
    }
    assert!(ledger.app(NAMES[2]).is_none());
}

#[test]
fn the_newer_of_two_slots_counts_and_a_damaged_one_never() {
    use defib_journal::ledger::Damaged;
    let of = |seq| {
        let mut ledger = Ledger::fresh([1; 16]);
        ledger.seq = seq;
        ledger
    };
    for (a, b) in [(3, 4), (5, 4)] {
        assert_eq!(Ledger::newest(Ok(of(a)), Ok(of(b))).map(|it| it.seq), Ok(a.max(b)));
    }
    for damage in [Damaged::Empty, Damaged::Magic, Damaged::Checksum, Damaged::Version(9)] {
        assert_eq!(Ledger::newest(Ok(of(1)), Err(damage)).map(|it| it.seq), Ok(1));
        assert_eq!(Ledger::newest(Err(damage), Ok(of(2))).map(|it| it.seq), Ok(2));
        assert_eq!(Ledger::newest(Err(damage), Err(Damaged::Empty)), Err(damage));
        assert_eq!(Ledger::newest(Err(Damaged::Empty), Err(damage)), Err(damage));
    }
    assert_eq!((Slot::A.offset(), Slot::B.offset()), (0, SLOT_BYTES as u64));
    assert_eq!((Slot::of(1), Slot::of(2)), (Slot::A, Slot::B));
}
