//! What `guard` and `daemon` say while the same lines are written.

mod fixture;

use defib_console::narrate::{Form, Narrator, Row};
use defib_console::style::Style;
use fixture::{Fixture, clock};
use insta::assert_snapshot;
use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

#[derive(Clone, Default)]
struct Paper(Rc<RefCell<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pipe whose reader has gone.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

const LIVE: Style = Style { color: false, unicode: false, terminal: true };

fn narrated(form: Form, style: Style, verbose: u8) -> String {
    let mut fixture = Fixture::new();
    fixture.hung_and_healed().dying_and_open();
    let paper = Paper::default();
    let mut narrator = Narrator::to(Box::new(paper.clone()), form, style, clock(), verbose);
    for entry in &fixture.entries {
        narrator.entry(&fixture.policy, entry);
        let row = Row { app: "shop".to_owned(), state: "up".to_owned(), ..Row::default() };
        narrator.status(&[row]);
    }
    let bytes = paper.0.borrow().clone();
    String::from_utf8(bytes).expect("text")
}

#[test]
fn plain_is_one_event_a_line() {
    assert_snapshot!("narration_plain", narrated(Form::Plain, Style::PLAIN, 0));
}

#[test]
fn more_is_told_to_those_who_ask() {
    let (less, more) = (narrated(Form::Plain, LIVE, 0), narrated(Form::Plain, LIVE, 1));
    assert!(more.lines().count() > less.lines().count());
    assert!(!less.contains("kill + start done") && more.contains("kill + start done"));
}

#[test]
fn journald_lines_carry_their_level() {
    let told = narrated(Form::Journald, Style::PLAIN, 0);
    assert_snapshot!("narration_journald", told);
    assert!(told.lines().all(|line| line.starts_with('<') && line.as_bytes()[2] == b'>'));
}

#[test]
fn json_lines_are_each_one_object() {
    let told = narrated(Form::JsonLines, Style::PLAIN, 0);
    for line in told.lines() {
        let object: serde_json::Value = serde_json::from_str(line).expect("an object");
        assert_eq!(object["schema"], "defib.event/1");
        assert!(object["text"].is_string() && object["ts"].is_string());
    }
    assert!(told.contains("\"event\":\"ordered\""));
}

#[test]
fn a_terminal_keeps_its_living_line_below_the_events() {
    let told = narrated(Form::Terminal, LIVE, 0);
    let last = told.lines().last().expect("a line");
    assert!(last.contains("shop"), "{last}");
    let events = narrated(Form::Plain, LIVE, 0);
    for event in events.lines() {
        assert!(told.contains(event), "{event}");
    }
    // Each event erases the one line and draws it again; equal rows draw nothing.
    assert_eq!(told.matches("\x1b[1F\x1b[J").count(), events.lines().count() - 1);
}

#[test]
fn a_reader_who_left_ends_nothing() {
    let mut fixture = Fixture::new();
    fixture.hung_and_healed();
    let mut narrator = Narrator::to(Box::new(Closed), Form::Terminal, LIVE, clock(), 2);
    for entry in &fixture.entries {
        narrator.entry(&fixture.policy, entry);
        narrator.status(&[Row::default()]);
    }
    narrator.say("still here");
}

#[test]
fn a_reader_who_sleeps_costs_lines_and_never_time() {
    let mut fixture = Fixture::new();
    fixture.hung_and_healed();
    let (read_end, write_end) = rustix::pipe::pipe().expect("a pipe");
    let mut narrator = Narrator::into_descriptor(write_end, Form::Plain, Style::PLAIN, 0);
    // A pipe holds 64 KiB; this is several times as much.
    for _ in 0..1_000 {
        for entry in &fixture.entries {
            narrator.entry(&fixture.policy, entry);
        }
    }
    let mut taken = vec![0; 1 << 17];
    let length = rustix::io::read(&read_end, &mut taken).expect("what was taken");
    assert!(length > 4096, "{length}");
    narrator.say("awake again");
    let length = rustix::io::read(&read_end, &mut taken).expect("what came later");
    let later = String::from_utf8_lossy(&taken[..length]).into_owned();
    assert!(later.contains("lines were not taken here; see the journal"), "{later}");
    assert!(later.trim_end().ends_with("awake again"), "{later}");
}
