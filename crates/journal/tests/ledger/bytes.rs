//! A record's bytes, read by nothing but the layout in `docs/formats/ledger.md`; and what is no record.

use crate::memory::intent;
use defib_engine::effect::{Purse, Rung};
use defib_engine::id::Identity;
use defib_engine::time::Moment;
use defib_journal::ledger::{Damaged, Ledger, SLOT_BYTES};
use defib_journal::order::Malformed;

fn record(ledger: &Ledger) -> Vec<u8> {
    let mut slot: Box<[u8; SLOT_BYTES]> =
        vec![0xa5; SLOT_BYTES].into_boxed_slice().try_into().expect("of that size");
    let length = ledger.encode_slot(&mut slot);
    slot[..length].to_vec()
}

/// CRC-32 (IEEE), bit by bit.
fn crc32(bytes: &[u8]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    (!crc).to_le_bytes()
}

/// The checksum made right again after a change.
fn mended(mut bytes: Vec<u8>, end: usize) -> Vec<u8> {
    bytes.resize(end.max(bytes.len()), 0);
    bytes.truncate(end);
    let crc = crc32(&bytes);
    bytes.extend(crc);
    bytes
}

fn two_apps() -> Ledger {
    let mut ledger = Ledger::fresh([9; 16]);
    (ledger.seq, ledger.line_offset_ms) = (8, 77);
    ledger.stamp(55);
    for (number, name) in [(3, "shop"), (4, "blog")] {
        let at = Moment(1_000 + number);
        ledger
            .charge_and_intend(name, intent(number), Rung::Kill, Purse::Ladder, at)
            .expect("there is room");
    }
    ledger.started("blog", Identity { pid: 0x0102, start_ticks: 0x0304 }).expect("known");
    ledger
}

#[test]
fn a_record_lies_where_its_format_says() {
    let bytes = record(&two_apps());
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
    assert_eq!(bytes.len(), 2048 + 2 * 512 + 4);
    assert_eq!(bytes[..12], *b"defibLGR\x01\x00\x02\x00");
    assert_eq!((word(12), &bytes[20..36], word(36)), (9, &[9; 16][..], 77));
    assert_eq!((word(44), word(52), bytes[60]), (55, 4, 0));
    assert!(bytes[61..2048].iter().all(|byte| *byte == 0));
    assert_eq!(bytes[2048..2053], *b"\x04shop");
    assert_eq!(bytes[2053], 0, "no process");
    assert_eq!(bytes[2560..2565], *b"\x04blog");
    assert_eq!(bytes[2565..2578], *b"\x01\x02\x01\0\0\x04\x03\0\0\0\0\0\0");
    assert_eq!(bytes[2048 + 1024..], crc32(&bytes[..2048 + 1024]));
}

#[test]
fn one_changed_bit_anywhere_is_noticed() {
    let whole = record(&two_apps());
    for at in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[at / 8] ^= 1 << (at % 8);
        assert!(Ledger::decode_slot(&bytes).is_err(), "bit {at}");
    }
    for end in 0..whole.len() {
        assert!(Ledger::decode_slot(&whole[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let whole = record(&two_apps());
    let named = |bytes: &[u8]| Ledger::decode_slot(bytes).map(|ledger| ledger.seq);
    let changed = |at: usize, to: &[u8]| {
        let mut bytes = whole.clone();
        bytes[at..at + to.len()].copy_from_slice(to);
        mended(bytes, whole.len() - 4)
    };
    assert_eq!(named(&mended(whole.clone(), whole.len() - 4)), Ok(9));
    assert_eq!(named(&[]), Err(Damaged::Empty));
    assert_eq!(named(&vec![0; SLOT_BYTES]), Err(Damaged::Empty));
    assert_eq!(named(&changed(0, b"DEFIB")), Err(Damaged::Magic));
    assert_eq!(named(&changed(8, &[2, 0])), Err(Damaged::Version(2)));
    assert_eq!(named(&whole[..5]), Err(Damaged::Checksum));
    assert_eq!(named(&whole[..whole.len() - 1]), Err(Damaged::Checksum));
    let malformed = |why| Err(Damaged::Malformed(why));
    assert_eq!(named(&changed(2048, &[65])), malformed(Malformed::TooLong), "a name of 65 bytes");
    assert_eq!(named(&changed(2048, &[0])), malformed(Malformed::Short), "no name");
    assert_eq!(named(&changed(2049, &[0xff])), malformed(Malformed::Utf8));
    assert_eq!(named(&changed(60, &[17])), malformed(Malformed::TooLong), "17 reboots");
    // 64 apps are read and 65 are not, whatever their checksum says.
    let app = &whole[2048..2560];
    for (apps, kept) in [(64u16, true), (65, false)] {
        let mut bytes = whole[..2048].to_vec();
        bytes[10..12].copy_from_slice(&apps.to_le_bytes());
        (0..apps).for_each(|_| bytes.extend(app));
        let end = bytes.len();
        let read = Ledger::decode_slot(&mended(bytes, end));
        let length = read.as_ref().map(|ledger| ledger.apps().len());
        let expected = Err(&Damaged::Malformed(Malformed::TooLong));
        assert_eq!(length, if kept { Ok(64) } else { expected });
    }
    let all = [Damaged::Empty, Damaged::Magic, Damaged::Version(7), Damaged::Checksum];
    let all = all.into_iter().chain([Damaged::Malformed(Malformed::Utf8)]);
    assert!(all.map(|damage| damage.to_string()).all(|words| words.len() > 20));
}
