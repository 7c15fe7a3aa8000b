//! Lines go out and come back; what was damaged never happened.

use super::{
    BootId, Head, Line, PhaseUs, TextCrc, Torn, day_of, decode_head, decode_line, encode_line,
    evidence_text, format_wall, parse_wall,
};
use crate::json::Fault;
use crate::sample::{sample_newtype, samples};
use defib_engine::id::AppId;
use defib_engine::seen::{Phase, Seen};
use defib_engine::time::Moment;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use std::borrow::Cow;

sample_newtype!(BootId, TextCrc, PhaseUs);

const WALL_MS: u64 = 1_795_317_127_123;

fn encoded(seq: u64, line: &Line<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_line(&mut bytes, seq, WALL_MS, Moment(86_400_123), line);
    assert_eq!(bytes.pop(), Some(b'\n'));
    bytes
}

proptest! {
    #[test]
    fn lines_come_back(
        line in samples::<Line<'static>>(),
        seq in any::<u64>(),
        up in any::<u64>(),
        wall_ms in 0_u64..253_402_300_800_000,
    ) {
        let mut bytes = Vec::new();
        encode_line(&mut bytes, seq, wall_ms, Moment(up), &line);
        prop_assert_eq!(bytes.pop(), Some(b'\n'));
        prop_assert!(!bytes.contains(&b'\n'));
        let head = decode_head(&bytes).expect("a head");
        prop_assert_eq!(&head, &Head { seq, wall_ms, up: Moment(up), kind: line.kind().into() });
        let entry = decode_line(&bytes).expect("a line");
        prop_assert_eq!((entry.seq, entry.wall_ms, entry.up), (seq, wall_ms, Moment(up)));
        prop_assert_eq!(&entry.line, &line);
        let foreign: serde_json::Value = serde_json::from_slice(&bytes).expect("serde_json");
        prop_assert_eq!(&foreign["kind"], line.kind());
    }

    #[test]
    fn a_changed_byte_is_never_believed(
        line in samples::<Line<'static>>(),
        place in any::<proptest::sample::Index>(),
        flip in 1_u8..=255,
    ) {
        let mut bytes = encoded(1, &line);
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        prop_assert_eq!(decode_line(&bytes).map(|entry| entry.seq), Err(Torn::Checksum));
    }

    #[test]
    fn wall_times_come_back(wall_ms in 0_u64..253_402_300_800_000) {
        let text = format_wall(wall_ms);
        prop_assert_eq!(parse_wall(std::str::from_utf8(&text).expect("text")), Some(wall_ms));
    }

    #[test]
    fn random_bytes_are_no_line(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(decode_line(&bytes).map(|entry| entry.seq), Err(Torn::Checksum));
    }
}

#[test]
fn a_line_looks_as_the_format_says() {
    let line = Line::Probe {
        app: AppId(0),
        probe: 1,
        seen: Seen::Timeout(Phase::FirstByte),
        detail: Cow::Borrowed("no byte in 3 s"),
        resolve_us: PhaseUs(None),
        connect_us: PhaseUs(Some(85)),
        tls_us: PhaseUs(None),
        first_byte_us: PhaseUs(None),
        body_us: PhaseUs(None),
        command_us: PhaseUs(None),
    };
    let bytes = encoded(812, &line);
    let expected = concat!(
        r#"{"v":1,"seq":812,"wall":"2026-11-22T03:12:07.123Z","up":86400123,"kind":"probe","#,
        r#""app":0,"probe":1,"seen":{"Timeout":"FirstByte"},"detail":"no byte in 3 s","#,
        r#""connect_us":85,"crc":""#
    );
    let (body, crc) = bytes.split_at(expected.len());
    assert_eq!(std::str::from_utf8(body), Ok(expected));
    let covered = &expected[..expected.len() - r#","crc":""#.len()];
    let by_hand = format!("{:08x}\"}}", crc32fast::hash(covered.as_bytes()));
    assert_eq!(std::str::from_utf8(crc), Ok(by_hand.as_str()));
}

/// Any text as a line whose checksum is right.
fn sealed(body: &str) -> Vec<u8> {
    format!("{body},\"crc\":\"{:08x}\"}}", crc32fast::hash(body.as_bytes())).into_bytes()
}

#[test]
fn other_versions_and_kinds_are_told_from_damage() {
    let of = |version: u64, kind: &str| {
        sealed(&format!(
            r#"{{"v":{version},"seq":1,"wall":"2026-11-22T03:12:07.123Z","up":5,"kind":"{kind}","reason":"x","later":[1]"#
        ))
    };
    assert!(decode_line(&of(1, "stopped")).is_ok());
    assert_eq!(decode_line(&of(2, "stopped")), Err(Torn::Version(2)));
    let unknown = decode_line(&of(1, "novel"));
    assert!(matches!(unknown, Err(Torn::Shape(why)) if why.fault == Fault::Variant));
    let incomplete = decode_line(&of(1, "config"));
    let missing = Fault::Missing("accepted");
    assert!(matches!(incomplete, Err(Torn::Shape(why)) if why.fault == missing));
}

#[test]
fn known_dates() {
    for (wall_ms, text, day) in [
        (0, "1970-01-01T00:00:00.000Z", 19_700_101),
        (951_782_399_999, "2000-02-28T23:59:59.999Z", 20_000_228),
        (951_782_400_000, "2000-02-29T00:00:00.000Z", 20_000_229),
        (1_078_012_800_000, "2004-02-29T00:00:00.000Z", 20_040_229),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z", 21_000_301),
        (WALL_MS, "2026-11-22T03:12:07.123Z", 20_261_122),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z", 99_991_231),
        (u64::MAX, "9999-12-31T23:59:59.999Z", 99_991_231),
    ] {
        assert_eq!(std::str::from_utf8(&format_wall(wall_ms)), Ok(text));
        assert_eq!(day_of(wall_ms), day);
    }
    for wrong in [
        "",
        "2026-02-29T00:00:00.000Z",
        "2026-06-31T00:00:00.000Z",
        "2026-13-01T00:00:00.000Z",
        "2026-01-01T24:00:00.000Z",
        "2026-01-01T00:00:60.000Z",
        "2026-01-01 00:00:00.000Z",
        "1969-12-31T23:59:59.999Z",
        "2026-01-01T00:00:00.00éZ",
    ] {
        assert_eq!(parse_wall(wrong), None, "{wrong}");
    }
}

#[test]
fn evidence_is_text_of_at_most_3_kib() {
    assert_eq!(evidence_text(b"State:\tS"), "State:\tS");
    assert_eq!(evidence_text(b"a\xffb"), "a\u{fffd}b");
    assert_eq!(evidence_text("é".repeat(2000).as_bytes()), "é".repeat(1536));
    assert_eq!(evidence_text(&[0xff; 3072]), "\u{fffd}".repeat(1024));
}
