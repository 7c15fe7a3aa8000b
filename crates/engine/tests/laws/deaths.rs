//! A process that dies and one that is found: what is suspected, what is looked at, and whose word a start is.

use crate::support::desk::{Desk, HANG, ZERO, at, one, without_verdict};
use crate::support::policy::probe;
use defib_engine::event::Event;
use defib_engine::id::{AppId, Identity, IntentId};
use defib_engine::note::Note;
use defib_engine::policy::View;
use defib_engine::seen::Seen;
use defib_engine::state::{AppPhase, Process};

const APP: AppId = AppId(0);

fn desk(views: &[View]) -> Desk {
    let probes = views.iter().map(|view| probe("probe", *view)).collect();
    Desk::well(one("child", probes))
}

/// No look is due for a while.
fn rest(desk: &mut Desk) {
    for probe in &mut desk.state.apps[0].probes {
        probe.next_at = at(9_000);
    }
}

fn asked(desk: &Desk) -> Vec<bool> {
    desk.app().probes.iter().map(|probe| probe.asked_at.is_some()).collect()
}

#[test]
fn a_death_is_suspected_without_any_look_and_everything_is_looked_at_at_once() {
    let mut desk = desk(&[View::App, View::UserPath, View::Dependency]);
    rest(&mut desk);
    desk.die(1_000);
    let suspected = |note: &Note| matches!(note, Note::Suspected { source: None, .. });
    assert_eq!(desk.count(suspected), 1);
    assert_eq!(asked(&desk), [true, true, true]);
}

/// What it depends on was looked at when it was suspected; the death is news of the app alone.
#[test]
fn who_dies_under_suspicion_is_looked_at_at_once_and_what_it_needs_in_its_turn() {
    let mut desk = desk(&[View::App, View::UserPath, View::Dependency]);
    desk.policy = without_verdict(desk.policy);
    desk.look(0, 400, 500, HANG);
    rest(&mut desk);
    for probe in &mut desk.state.apps[0].probes {
        probe.asked_at = None;
    }
    desk.die(1_000);
    assert_eq!(asked(&desk), [true, true, false]);
}

#[test]
fn a_person_s_stop_is_no_reason_to_look() {
    let mut desk = desk(&[View::App]);
    rest(&mut desk);
    desk.feed(500, Event::Stopped { app: APP }).die(1_000);
    assert_eq!(asked(&desk), [false]);
}

/// Whoever answers there (an orphan, another's process) is not the one that has died.
#[test]
fn a_death_is_not_cleared_by_whoever_answers_in_its_place() {
    let cleared = |note: &Note| matches!(note, Note::Cleared { .. });
    let mut desk = desk(&[View::App]);
    desk.state.apps[0].phase = AppPhase::Launching { intent: IntentId(1) };
    desk.die(1_000).look(0, 1_100, 1_200, Seen::Pass);
    assert_eq!((desk.count(cleared), desk.app().suspected_since), (0, Some(at(1_000))));
    // What lives is cleared by its own answer.
    desk.state.apps[0].process = Process::Unknown;
    desk.look(0, 1_300, 1_400, Seen::Pass);
    assert_eq!((desk.count(cleared), desk.app().suspected_since), (1, None));
}

/// Only what is in its grace is looked at quickly until it answers.
#[test]
fn a_process_is_looked_at_quickly_until_its_grace_is_over() {
    let next = |age_ms: u64| {
        let mut desk = desk(&[View::App]);
        let state = &mut desk.state.apps[0];
        (state.process, state.healthy_since) = (Process::Unknown, None);
        state.probes[0].next_at = at(500_000);
        let identity = Identity { pid: 8, start_ticks: (ZERO + 100_000 - age_ms) / 10 };
        desk.feed(100_000, Event::Found { app: APP, identity });
        desk.probe(0).next_at
    };
    assert_eq!(next(59_990), at(101_000), "10 ms are left");
    assert_eq!(next(60_000), at(105_000), "it is over");
    assert_eq!(next(90_000), at(105_000));
}

/// A stop of before this guardian may have been ended by a start that nobody told us of. One that was told since then
/// is under way, and the process that is still there is the one that it ends.
#[test]
fn a_stop_that_is_only_remembered_is_over_when_a_process_is_found() {
    let found = Event::Found { app: APP, identity: Identity { pid: 8, start_ticks: 9 } };
    for told in [false, true] {
        let mut desk = desk(&[View::App]);
        let state = &mut desk.state.apps[0];
        (state.process, state.stopped, state.stop_told) = (Process::Unknown, true, false);
        if told {
            desk.feed(900, Event::Stopped { app: APP });
        }
        desk.feed(1_000, found.clone());
        assert_eq!(desk.app().stopped, told);
        let resumed = |note: &Note| matches!(note, Note::Resumed { .. });
        assert_eq!(desk.count(resumed), usize::from(!told));
    }
    // Whoever comes after a death is somebody's start, whatever was told before it.
    let mut desk = desk(&[View::App]);
    desk.feed(500, Event::Stopped { app: APP }).die(900).feed(1_000, found);
    assert!(!desk.app().stopped);
}
