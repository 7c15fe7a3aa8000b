//! The ledger's two slots: any bytes are refused in words or mean one thing, and after any edits, torn writes and power
//! cuts no budget is counted lower than what was truly done.

use super::bytes::Bytes;
use super::journal_reader::crc32;
use super::ledger_truth::Truth;
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Failure, Outcome};
use defib_engine::id::{Identity, IntentId};
use defib_journal::ledger::{Damaged, Ledger, SLOT_BYTES, Slot, WatchdogMark};

/// The first byte says whether the rest is two slots as they are, two slots with their checksums made right, or
/// edits.
pub fn ledger(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    match bytes.below(4) {
        0 => any_slots(bytes.rest(), false),
        1 => any_slots(bytes.rest(), true),
        _ => edits(&mut bytes),
    }
}

fn any_slots(input: &[u8], mends_checksums: bool) {
    let (a, b) = input.split_at(input.len() / 2);
    let (mut a, mut b) = (padded(a), padded(b));
    if mends_checksums {
        mend(&mut a);
        mend(&mut b);
    }
    let (a, b) = (Ledger::decode_slot(&a), Ledger::decode_slot(&b));
    for ledger in [&a, &b].into_iter().flatten() {
        means_one_thing(ledger);
    }
    match Ledger::newest(a.clone(), b.clone()) {
        Ok(newest) => assert!([&a, &b].into_iter().flatten().all(|one| newest.seq >= one.seq)),
        Err(why) => {
            assert!(a.is_err() && b.is_err());
            assert_eq!(why == Damaged::Empty, a == Err(Damaged::Empty) && b == Err(Damaged::Empty));
            assert!(!why.to_string().is_empty());
        }
    }
}

/// As in a file: what was never written is zeros.
fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut slot = bytes.to_vec();
    slot.resize(SLOT_BYTES, 0);
    slot
}

/// The layout of `docs/formats/ledger.md`: 2 KiB, then 512 bytes an app, then the checksum.
fn mend(slot: &mut [u8]) {
    slot[..10].copy_from_slice(b"defibLGR\x01\x00");
    let apps = u16::from_le_bytes([slot[10], slot[11]]);
    let end = 2048 + 512 * usize::from(apps);
    if end + 4 <= slot.len() {
        let crc = crc32(&slot[..end]);
        slot[end..end + 4].copy_from_slice(&crc.to_le_bytes());
    }
}

fn means_one_thing(ledger: &Ledger) {
    let (slot, length) = record(ledger);
    assert!(length > 0);
    let mut next = ledger.clone();
    next.written();
    assert_eq!(Ledger::decode_slot(&slot[..length]), Ok(next.clone()));
    assert_eq!(Ledger::decode_slot(&slot[..]), Ok(next));
}

/// What the executor does: an edit, a record to the other slot, and only then the act.
fn edits(bytes: &mut Bytes<'_>) {
    let mut truth = Truth::new();
    let mut file = [padded(&[]), padded(&[])];
    let mut ledger = Ledger::fresh([1; 16]);
    while !bytes.is_empty() {
        let mut next = ledger.clone();
        let charge = edit(&mut next, &mut truth, bytes);
        match bytes.byte() {
            // The power fails in the middle of the write.
            0..=30 => {
                write(&mut next, &mut file, bytes.word() as usize);
                ledger = truth.reboot(found(&file, &truth));
            }
            // The write fails, and nothing was done.
            31..=50 => write_some(&next, &mut file, bytes.word() as usize),
            _ => {
                write(&mut next, &mut file, usize::MAX);
                ledger = next;
                truth.done(charge);
                truth.is_armed = is_armed(&ledger);
            }
        }
        truth.judge(&ledger);
    }
    means_one_thing(&ledger);
}

/// By the fields alone: armed in this boot, and not disarmed.
fn is_armed(ledger: &Ledger) -> bool {
    ledger.watchdog.is_some_and(|record| {
        record.boot_id == ledger.boot_id && record.mark != WatchdogMark::Disarmed
    })
}

fn found(file: &[Vec<u8>; 2], truth: &Truth) -> Ledger {
    match Ledger::newest(Ledger::decode_slot(&file[0]), Ledger::decode_slot(&file[1])) {
        Ok(ledger) => ledger,
        Err(Damaged::Empty) => Ledger::fresh([1; 16]),
        Err(why) => {
            // Only the very first record can be torn while the other slot was never written.
            assert!(truth.nothing_is_done(), "a torn write costs one slot, never both: {why}");
            Ledger::pessimistic(&NAMES, [1; 16], 0)
        }
    }
}

fn write(next: &mut Ledger, file: &mut [Vec<u8>; 2], end: usize) {
    write_some(next, file, end);
    next.written();
}

/// The next record of a ledger, and its length.
fn record(ledger: &Ledger) -> (Vec<u8>, usize) {
    let mut slot = vec![0; SLOT_BYTES];
    let room = slot.as_mut_slice().try_into().expect("a slot");
    let length = ledger.encode_slot(room);
    (slot, length)
}

/// The first bytes of a record; all of it if `end` is behind it.
fn write_some(next: &Ledger, file: &mut [Vec<u8>; 2], end: usize) {
    let (record, length) = record(next);
    let end = if end == usize::MAX { length } else { end % length };
    let slot = &mut file[usize::from(next.next_slot() == Slot::B)];
    slot[..end].copy_from_slice(&record[..end]);
}

pub(super) const NAMES: [&str; 3] = ["shop", "blog", "ändere-dich"];
const MARKS: [WatchdogMark; 3] =
    [WatchdogMark::Armed, WatchdogMark::Disarmed, WatchdogMark::Starved];
const RUNGS: [Rung; 5] = [Rung::Start, Rung::Reload, Rung::Restart, Rung::Kill, Rung::Reboot];

/// One edit; the charge if it is one.
fn edit(
    ledger: &mut Ledger,
    truth: &mut Truth,
    bytes: &mut Bytes<'_>,
) -> Option<(usize, Rung, Purse)> {
    let app = bytes.below(NAMES.len());
    let name = NAMES[app];
    match bytes.below(11) {
        0..=3 => {
            let (rung, purse) =
                (bytes.one_of(&RUNGS), bytes.one_of(&[Purse::Ladder, Purse::Gentle]));
            let intent = IntentId(ledger.last_intent + u64::from(bytes.byte() % 3));
            let repeated = intent.0 <= ledger.last_intent;
            let at = ledger.now(truth.boottime_ms());
            let taken = ledger.charge_and_intend(name, intent, rung, purse, at);
            assert_eq!(taken.is_err(), repeated, "S30: {taken:?}");
            return taken.ok().map(|()| (app, rung, purse));
        }
        4 => {
            let outcome = bytes.one_of(&[Outcome::Done, Outcome::Failed(Failure::Deadline)]);
            ledger.finish(IntentId(ledger.last_intent), outcome);
        }
        5 => ledger.stamp(truth.boottime_ms()),
        6 => {
            let identity = Identity { pid: 1 + u32::from(bytes.byte()), start_ticks: 7 };
            ledger.started(name, identity).expect("there is room");
        }
        7 => ledger.ended(name),
        8 => ledger.prune(ledger.now(truth.boottime_ms()), 86_400_000),
        9 => ledger.mark_watchdog(bytes.one_of(&MARKS)),
        _ => truth.time_passes(bytes.span_ms() % 400_000_000),
    }
    None
}
