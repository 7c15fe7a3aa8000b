//! A unit that hangs, and does not heed TERM.

mod support;

use defib_engine::note::Note;
use defib_journal::line::{Entry, Line};
use std::time::{Duration, Instant};
use support::folder::Folder;
use support::lone::Lone;
use support::machine::{Machine, UNIT};
use support::wait::poll_until;
use support::whole::SOON;

#[test]
fn a_deaf_and_hung_unit_is_killed_after_its_grace() {
    let folder = Folder::new("unit-hang");
    let lone = Lone::new(&folder);
    let machine = Machine::new(&folder, &lone);
    let config = format!(
        "[app.lone]\nurl = \"http://127.0.0.1:{}/\"\nunit = \"{UNIT}\"\ninterval = \"300ms\"\n\
         fast = \"200ms\"\ntimeout = \"300ms\"\nwindow = \"1s\"\nrise = 2\nverify = \"300ms\"\n\
         grace = \"500ms\"\n",
        lone.port
    );
    let home = machine.home(folder, &config);
    let daemon = home.daemon();
    home.wait_for_word("up", SOON);
    let life = lone.living().expect("it lives");
    lone.strike("deaf");
    lone.strike("hang");
    let begun = Instant::now();
    poll_until("it is well again", SOON, || {
        (lone.is_well() && lone.living() != Some(life)).then_some(())
    });
    println!("back after {:?}", begun.elapsed());
    home.wait_for_word("up", SOON);
    let calls = machine.calls();
    let words: Vec<&str> = calls.iter().map(|(_, call)| call.as_str()).collect();
    let expected = [
        format!("ResetFailedUnit {UNIT}"),
        format!("RestartUnit {UNIT} replace"),
        format!("KillUnit {UNIT} all 9"),
    ];
    assert_eq!(words, expected);
    let waited_ms = calls[2].0 - calls[1].0;
    assert!((480..2_000).contains(&waited_ms), "KILL came {waited_ms} ms after TERM");
    assert!(begun.elapsed() < Duration::from_secs(8));
    let failed = |entry: &Entry| matches!(&entry.line, Line::Note { note } if matches!(**note, Note::RungFailed { .. }));
    assert!(!home.journal().iter().any(failed), "the act helped: {}", home.log());
    lone.assert_lone();
    home.assert_replays();
    assert_eq!(daemon.stop(), Some(0), "{}", home.log());
}
