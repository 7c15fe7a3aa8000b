//! A unit that hangs, and does not heed TERM.

mod support;

use defib_engine::event::Outcome;
use defib_engine::note::Note;
use defib_journal::line::{Entry, Line};
use std::time::{Duration, Instant};
use support::folder::Folder;
use support::lone::{Life, Lone};
use support::machine::{Machine, UNIT};
use support::wait::poll_until;
use support::whole::{Daemon, Home, SOON};

struct Stage {
    home: Home,
    machine: Machine,
    lone: Lone,
}

/// A unit whose process hangs from the moment that the agent says `up`, and does not heed TERM.
fn deaf_and_hung(name: &str) -> (Stage, Daemon, Life) {
    let folder = Folder::new(name);
    let lone = Lone::new(&folder);
    let machine = Machine::new(&folder, &lone);
    let config = format!(
        "[app.lone]\nurl = \"http://127.0.0.1:{}/\"\nunit = \"{UNIT}\"\ninterval = \"300ms\"\n\
         fast = \"200ms\"\ntimeout = \"300ms\"\nwindow = \"1s\"\nrise = 2\nverify = \"300ms\"\n\
         grace = \"500ms\"\nstart_grace = \"2s\"\n",
        lone.port
    );
    let home = machine.home(folder, &config);
    let daemon = home.daemon();
    home.wait_for_word("up", SOON);
    let life = lone.living().expect("it lives");
    lone.strike("deaf");
    lone.strike("hang");
    (Stage { home, machine, lone }, daemon, life)
}

#[test]
fn a_deaf_and_hung_unit_is_killed_after_its_grace() {
    let (Stage { home, machine, lone }, daemon, life) = deaf_and_hung("unit-hang");
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

/// The job goes on in the service manager, and nobody is there who would send KILL; what is left of
/// it must not be taken for a person's stop.
#[test]
fn a_restart_whose_executor_was_killed_is_brought_to_its_end() {
    let (Stage { home, machine, lone }, mut daemon, life) = deaf_and_hung("unit-cut-off");
    poll_until("the restart is begun", SOON, || machine.times_of("RestartUnit").first().copied());
    daemon.kill();
    let daemon = home.daemon();
    poll_until("it is well again", Duration::from_secs(30), || {
        (lone.is_well() && lone.living() != Some(life)).then_some(())
    });
    home.wait_for_word("up", SOON);
    let cut_off = |entry: &Entry| match &entry.line {
        Line::Note { note } => match **note {
            Note::Acted { intent, outcome: Outcome::Interrupted, .. } => Some(intent),
            _ => None,
        },
        _ => None,
    };
    let intent = home.wait_for_line("the act was cut off", SOON, cut_off);
    let again = home.orders().iter().filter(|(_, order)| order.intent == intent).count();
    assert_eq!(again, 1, "{}", home.log());
    lone.assert_lone();
    home.assert_replays();
    assert_eq!(daemon.stop(), Some(0), "{}", home.log());
}
