//! Another process than the app has the memory: whoever asks is told which, and so is who reads of it later.

use crate::SHOP;
use crate::pressed::Story;
use defib_engine::event::Event;
use defib_engine::host::{AppFacts, MachineFacts, Pressure};
use defib_engine::note::{Class, Note};
use defib_guardian::mind::Reading;
use defib_journal::line::Line;
use defib_journal::recorder::{FILE_NAME, Hog, Sample, Text, read_ring};

const BEGUN_MS: u64 = 31_500;

/// 9 MB of 586 left, and all tasks wait; the app is as small as ever.
fn out_of_memory() -> Reading {
    let pressure = Some(Pressure { memory_some: 900, memory_full: 600, ..Pressure::default() });
    let machine = MachineFacts {
        memory_kb: 600_000,
        available_kb: 9_216,
        pressure,
        ..MachineFacts::default()
    };
    let facts = AppFacts { memory_kb: 20_000, ..AppFacts::default() };
    let hog = Hog {
        pid: 812,
        rss_kb: 509_952,
        comm: Text::of(b"faulttool"),
        unit: Text::of(b"cron.service"),
        app: None,
    };
    Reading { machine, apps: vec![(SHOP, facts)], hog: Some((hog, None)) }
}

fn starve(story: &mut Story, reading: &Reading) {
    let body = story.mind.body_mut();
    body.hangs = true;
    body.host = Some(vec![
        Event::Measured { app: SHOP, facts: reading.apps[0].1 },
        Event::Machine(reading.machine),
    ]);
    body.whole = Some(reading.clone());
}

fn recorded(story: &Story) -> Vec<Sample> {
    read_ring(&std::fs::read(story.folder.path().join(FILE_NAME)).unwrap())
}

#[test]
fn an_incident_of_memory_names_the_process_as_soon_as_it_is_one() {
    let mut story = Story::begin();
    story.run_until(BEGUN_MS, None);
    let reading = out_of_memory();
    starve(&mut story, &reading);
    story.run_until(BEGUN_MS + 20_000, None);
    let told = story.told.0.borrow();
    let is_memory = |line: &Line<'_>| {
        matches!(line, Line::Note { note } if matches!(**note,
            Note::Opened { class: Class::Memory, .. } | Note::Reclassed { to: Class::Memory, .. }))
    };
    let at = told.iter().position(|entry| is_memory(&entry.line)).expect("an incident of memory");
    let Line::Evidence { name, text, .. } = &told[at + 1].line else {
        panic!("{:?}", told[at + 1].line)
    };
    assert_eq!(name, "machine");
    let hog = "faulttool (pid 812, 498 MB, not a guarded app, in cron.service)";
    assert!(text.starts_with("memory: 9 MB of 585 left"), "{text}");
    assert!(text.ends_with(&format!("largest process: {hog}")), "{text}");
    drop(told);
    let why = story.mind.ask(b"{\"do\":\"why\",\"app\":\"shop\"}").line;
    assert!(why.contains("\"machine\":\"memory: 9 MB of 585 left for "), "{why}");
    assert!(why.contains(hog), "{why}");
}

#[test]
fn every_reading_is_in_the_ring_and_says_whether_an_incident_is_open() {
    let mut story = Story::begin();
    story.mind.body_mut().whole = Some(Reading::default());
    story.run_until(BEGUN_MS + 20_000, None);
    let quiet = recorded(&story);
    assert!((3..=6).contains(&quiet.len()), "{}", quiet.len());
    assert!(quiet.iter().all(|sample| !sample.is_short && !sample.has_incident));
    let reading = out_of_memory();
    starve(&mut story, &reading);
    story.run_until(BEGUN_MS + 50_000, Some(1_000));
    let all = recorded(&story);
    let last = all.last().expect("there are samples");
    assert!(last.is_short && last.has_incident, "{last:?}");
    assert_eq!(last.hog.map(|hog| hog.pid), Some(812));
    assert_eq!(last.apps.iter().next().map(|app| app.name.as_str()), Some("shop"));
    assert_eq!((last.boot_id, last.available_kb), ([7; 16], 9_216));
    let seqs: Vec<u64> = all.iter().map(|sample| sample.seq).collect();
    assert_eq!(seqs, (0..all.len() as u64).collect::<Vec<u64>>());
    let why = story.mind.ask(b"{\"do\":\"why\",\"app\":\"shop\"}").line;
    assert!(why.contains("faulttool"), "{why}");
    story.mind.body_mut().whole = Some(Reading::default());
    story.run_until(BEGUN_MS + 60_000, None);
    let why = story.mind.ask(b"{\"do\":\"why\",\"app\":\"shop\"}").line;
    assert!(why.contains("\"machine\":null"), "{why}");
}
