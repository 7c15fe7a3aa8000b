//! What is remembered and told: numbers, notes, paces, quiet, and what a stray event must not change.

use crate::support::script::two_apps;
use crate::support::world::{HANG, Life, OUR_LIMIT, Trace, World};
use defib_engine::effect::{Effect, Rung};
use defib_engine::event::{Charge, Doubt, Event, Exit};
use defib_engine::freeze::{Vain, VainReboot};
use defib_engine::id::{AppId, Identity, IncidentId, ProbeId};
use defib_engine::note::Note;
use defib_engine::seen::Seen;
use defib_engine::state::{Process, State};
use defib_engine::step;
use defib_engine::time::Moment;

const MINUTE: u64 = 60_000;
const ERROR: Seen = Seen::Status { code: 500, retry_after_s: None };

fn calm() -> World {
    let mut world = World::started(two_apps(false), 60 * MINUTE);
    world.run(2 * MINUTE);
    world.trace.clear();
    world
}

fn count(world: &World, which: impl Fn(&Note) -> bool) -> usize {
    world.notes().filter(|(_, note)| which(note)).count()
}

/// When looks of one probe of the first app began, in milliseconds since the first of them.
fn paces(world: &World, index: u8) -> Vec<u64> {
    let id = ProbeId { app: AppId(0), index };
    let begun = |(at, trace): &(Moment, Trace)| match trace {
        Trace::Effect(Effect::Probe { probe, .. }) if *probe == id => Some(at.0),
        _ => None,
    };
    let at: Vec<u64> = world.trace.iter().filter_map(begun).collect();
    at.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn each_incident_has_a_number_of_its_own() {
    let mut world = calm();
    world.apps[0].next = Life::Good { warm_ms: 100 };
    for _ in 0..4 {
        world.set_all(0, HANG);
        world.run(5 * MINUTE);
        world.run(20 * MINUTE);
    }
    let opened = |(_, note): (Moment, &Note)| match note {
        Note::Opened { incident, .. } => Some(*incident),
        _ => None,
    };
    let numbers: Vec<IncidentId> = world.notes().filter_map(opened).collect();
    assert_eq!(numbers, [1, 2, 3, 4].map(IncidentId));
}

#[test]
fn a_lost_look_is_suspected_and_cleared_and_then_all_is_quiet() {
    let mut world = calm();
    assert!(world.state.is_quiet());
    world.set_all(0, HANG);
    world.run(9_000);
    assert!(!world.state.is_quiet());
    world.set_all(0, Seen::Pass);
    world.run(10 * MINUTE);
    assert_eq!(count(&world, |note| matches!(note, Note::Suspected { .. })), 1);
    assert_eq!(count(&world, |note| matches!(note, Note::Cleared { .. })), 1);
    assert!(world.state.is_quiet());
}

#[test]
fn doubt_is_told_when_it_comes_and_once_when_it_is_over() {
    let mut world = calm();
    world.feed(Event::Doubted(Doubt::LateTimer { late_ms: 3_000 }));
    world.feed(Event::Doubted(Doubt::LateTimer { late_ms: 3_000 }));
    assert!(!world.state.is_quiet());
    world.run(9_900);
    assert_eq!(count(&world, |note| matches!(note, Note::Trusted)), 0);
    world.run(200);
    assert_eq!(count(&world, |note| matches!(note, Note::Trusted)), 1);
    world.run(10 * MINUTE);
    assert_eq!(count(&world, |note| matches!(note, Note::Trusted)), 1);
    assert!(world.state.is_quiet());
}

#[test]
fn a_reason_is_written_once_and_not_once_a_look() {
    let mut world = calm();
    world.apps[0].next = Life::Same;
    world.set_all(0, ERROR);
    world.set_answer(0, 1, Seen::Refused);
    world.run(30 * MINUTE);
    assert_eq!(count(&world, |note| matches!(note, Note::Refused { .. })), 1);
    world.set_answer(0, 1, Seen::Pass);
    world.run(60 * MINUTE);
    let refused = |(_, note): (Moment, &Note)| match note {
        Note::Refused { rung, refusal, .. } => Some((*rung, *refusal)),
        _ => None,
    };
    let reasons: Vec<_> = world.notes().filter_map(refused).collect();
    assert!(reasons.windows(2).all(|pair| pair[0] != pair[1]), "{reasons:?}");
    assert!(reasons.len() < 12, "{reasons:?}");
}

#[test]
fn looks_are_slow_when_all_is_well_and_quick_when_it_is_not() {
    let mut world = calm();
    world.run(MINUTE);
    assert!(paces(&world, 0).iter().all(|pace| *pace == 5_000), "{:?}", paces(&world, 0));
    let mut world = calm();
    world.set_all(0, ERROR);
    world.run(9_000);
    let quick = paces(&world, 0);
    assert!(quick.iter().filter(|pace| **pace == 2_000).count() >= 2, "{quick:?}");
    // What is being started is looked at each second until it answers.
    let mut world = calm();
    world.apps[0].next = Life::Good { warm_ms: 20_000 };
    world.set_all(0, Seen::Refused);
    world.die(0, Exit::Code(1), None);
    world.run(2_000);
    world.trace.clear();
    world.set_all(0, Seen::Refused);
    world.run(10_000);
    let waiting = paces(&world, 0);
    assert!(waiting.len() >= 8 && waiting.iter().all(|pace| *pace == 1_000), "{waiting:?}");
}

#[test]
fn a_limit_of_our_own_is_tried_again_every_2_s() {
    let mut world = calm();
    world.apps[0].refuses = Some(OUR_LIMIT);
    world.die(0, Exit::Code(1), None);
    world.run(21_000);
    let starts: Vec<Moment> = world
        .trace
        .iter()
        .filter(
            |(_, trace)| matches!(trace, Trace::Effect(Effect::Order(o)) if o.rung == Rung::Start),
        )
        .map(|(at, _)| *at)
        .collect();
    assert!(starts.len() >= 9, "{starts:?}");
    assert!(starts.windows(2).all(|pair| pair[1].since(pair[0]) >= 2_000), "{starts:?}");
}

#[test]
fn what_is_not_ours_changes_nothing() {
    let mut world = calm();
    let identity = Identity { pid: 1, start_ticks: 1 };
    let exit = Exit::Signal(9);
    let before = world.state.apps.clone();
    for app in [AppId(2), AppId(9), AppId(u16::MAX)] {
        world.feed(Event::Died { app, identity: None, exit, restart_in_ms: None });
        world.feed(Event::Found { app, identity });
        world.feed(Event::Stopped { app });
        world.feed(Event::Held { app, until: world.now.plus(MINUTE) });
        let probe = ProbeId { app, index: 0 };
        let (started, ended) = (world.now, world.now);
        world.feed(Event::Observed { probe, attempt: 0, started, ended, seen: HANG });
    }
    // A process that the app is not, or is no more.
    world.feed(Event::Died { app: AppId(0), identity: Some(identity), exit, restart_in_ms: None });
    // A hold that is over, an answer that nobody waits for.
    world.feed(Event::Held { app: AppId(0), until: world.now });
    assert_eq!(world.state.apps, before);
    assert_eq!(count(&world, |_| true), 0);
}

#[test]
fn a_new_process_has_its_grace_and_one_that_was_there_before_us_has_none() {
    let mut world = calm();
    assert!(world.state.apps.iter().all(|app| app.grace_until.is_none()));
    world.die(0, Exit::Code(0), Some(30_000));
    world.appear(0);
    assert_eq!(world.state.apps[0].grace_until, Some(world.now.plus(MINUTE)));
    world.run(6_000);
    assert_eq!(world.state.apps[0].grace_until, None, "it has answered");
    world.restart_guardian(1_000);
    assert_eq!(world.state.apps[0].grace_until, None);
    assert!(matches!(world.state.apps[0].process, Process::Alive { .. }));
}

#[test]
fn a_person_s_start_ends_a_person_s_stop() {
    let mut world = calm();
    world.feed(Event::Stopped { app: AppId(0) });
    world.die(0, Exit::Code(0), None);
    world.run(5 * MINUTE);
    assert!(world.state.apps[0].stopped && world.done().count() == 0);
    world.appear(0);
    assert!(!world.state.apps[0].stopped);
    assert_eq!(count(&world, |note| matches!(note, Note::Resumed { .. })), 1);
}

#[test]
fn charges_follow_their_app_by_its_name() {
    let old = two_apps(true);
    let mut new = old.clone();
    new.apps.reverse();
    new.apps.truncate(1);
    let mut state = State::new(&old, Moment(1_000));
    let purse = defib_engine::effect::Purse::Ladder;
    let charge = |app, rung, at| Charge { app: AppId(app), rung, purse, at: Moment(at) };
    state.charges =
        vec![charge(0, Rung::Kill, 1), charge(1, Rung::Kill, 2), charge(0, Rung::Reboot, 3)];
    let vain = |app, at| VainReboot { app: AppId(app), at: Moment(at) };
    state.vain = Vain(vec![vain(0, 4), vain(1, 5)]);
    let state = state.reload(&old, &new, Moment(1_000), &mut Vec::new());
    assert_eq!(state.vain, Vain(vec![vain(u16::MAX, 4), vain(0, 5)]), "they count for the machine");
    let left: Vec<_> = state.charges.iter().map(|it| (it.app.0, it.rung, it.at.0)).collect();
    assert_eq!(left, [(0, Rung::Kill, 2), (u16::MAX, Rung::Reboot, 3)]);
    assert_eq!(state.apps.len(), 1);
}

#[test]
fn a_changed_probe_begins_anew_and_an_unchanged_one_keeps_what_it_has_seen() {
    let world = calm();
    let old = two_apps(false);
    let mut new = old.clone();
    new.apps[0].probes[0].fingerprint += 1;
    let state = world.state.clone().reload(&old, &new, world.now, &mut Vec::new());
    assert!(!state.apps[0].probes[0].ever_passed);
    assert!(state.apps[0].probes[1].ever_passed && state.apps[1].probes[0].ever_passed);
}

/// The journal leaves out what is not notable while all is quiet: the state that it gives back must
/// lead to the same.
#[test]
fn what_the_journal_leaves_out_decides_nothing() {
    let world = calm();
    let (state, policy) = (&world.state, &world.policy);
    let mut effects = Vec::new();
    let mut woken = state.clone();
    assert!(!Event::Woke.is_notable());
    step(&mut woken, policy, world.now.plus(1), &Event::Woke, &mut effects);
    assert_eq!(woken.apps, state.apps);
    let identity = Some(Identity { pid: 1, start_ticks: 1 });
    let death = Event::Died { app: AppId(0), identity, exit: Exit::Unseen, restart_in_ms: None };
    assert!(death.is_notable() && Event::ShuttingDown.is_notable());
    let look = |seen| Event::Observed {
        probe: ProbeId { app: AppId(0), index: 0 },
        attempt: 1,
        started: world.now,
        ended: world.now,
        seen,
    };
    assert!(look(HANG).is_notable() && !look(Seen::Pass).is_notable());
}
