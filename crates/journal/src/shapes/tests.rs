//! Every engine type goes out and comes back, and serde_json reads it as we do.

use crate::json::{Shape, from_slice, to_vec};
use crate::sample::{Sample, samples};
use defib_engine::effect::Effect;
use defib_engine::event::{Event, Outcome};
use defib_engine::host::{DiskFacts, HostFact};
use defib_engine::id::AppId;
use defib_engine::note::Note;
use defib_engine::policy::Policy;
use defib_engine::seen::{Phase, Seen};
use defib_engine::state::State;
use proptest::prelude::proptest;
use std::fmt::Debug;

fn comes_back<T: Shape + PartialEq + Debug>(value: &T) {
    let text = to_vec(value);
    assert_eq!(from_slice::<T>(&text).as_ref(), Ok(value));
    let foreign: serde_json::Value = serde_json::from_slice(&text).expect("serde_json reads it");
    // Another writer's text of the same value: other order of fields, other escapes.
    let rewritten = serde_json::to_vec(&foreign).expect("serde_json writes it");
    assert_eq!(from_slice::<T>(&rewritten).as_ref(), Ok(value));
}

/// Every cut of a text is an error, and none is a panic.
fn no_cut_is_read<T: Shape + Sample + PartialEq + Debug>(value: &T) {
    let text = to_vec(value);
    for end in 0..text.len() {
        assert!(from_slice::<T>(&text[..end]).is_err(), "cut at {end}");
    }
}

proptest! {
    #[test]
    fn events_come_back(event in samples::<Event>()) {
        comes_back(&event);
        no_cut_is_read(&event);
    }

    #[test]
    fn effects_come_back(effect in samples::<Effect>()) {
        comes_back(&effect);
    }

    #[test]
    fn notes_come_back(note in samples::<Note>()) {
        comes_back(&note);
    }

    #[test]
    fn policies_come_back(policy in samples::<Policy>()) {
        comes_back(&policy);
    }

    #[test]
    fn states_come_back(state in samples::<State>()) {
        comes_back(&state);
    }
}

#[test]
fn engine_types_are_written_as_the_format_says() {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    assert_eq!(text(to_vec(&Seen::Pass)), r#""Pass""#);
    assert_eq!(text(to_vec(&Seen::Timeout(Phase::Connect))), r#"{"Timeout":"Connect"}"#);
    assert_eq!(
        text(to_vec(&Seen::Status { code: 500, retry_after_s: None })),
        r#"{"Status":{"code":500,"retry_after_s":null}}"#
    );
    assert_eq!(text(to_vec(&AppId(7))), "7");
    assert_eq!(text(to_vec(&Outcome::Interrupted)), r#""Interrupted""#);
}

#[test]
fn fields_may_be_added_and_options_left_out_and_nothing_else() {
    let read = |text: &str| from_slice::<Seen>(text.as_bytes());
    let expected = Seen::Status { code: 500, retry_after_s: None };
    assert_eq!(read(r#"{"Status":{"new":[{"a":1.5e3}],"code":500}}"#), Ok(expected));
    for wrong in [
        r#"{"Status":{"retry_after_s":null}}"#,
        r#"{"Status":{"code":500,"code":500}}"#,
        r#"{"Status":{"code":65536}}"#,
        r#"{"Status":{"code":500.0}}"#,
        r#"{"Status":{"code":500}}x"#,
        r#"{"Status":{"code":500},"Pass":null}"#,
        r#"{"Pass":null}"#,
        r#""Status""#,
        r#""Passed""#,
        "{}",
        "null",
        "",
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_disk_of_an_older_version_is_read() {
    let old = r#"{"free_permille":3,"inodes_permille":900,"turned_read_only":false}"#;
    let disk: DiskFacts = from_slice(old.as_bytes()).expect("an old line");
    assert_eq!((disk.free_permille, disk.free_kb, disk.free_inodes), (3, None, None));
    let old = r#"{"DiskFull":{"disk":1,"free_permille":3,"inodes_permille":900}}"#;
    let fact: HostFact = from_slice(old.as_bytes()).expect("an old line");
    assert!(matches!(fact, HostFact::DiskFull { disk: 1, free_kb: None, free_inodes: None, .. }));
}
