//! When the engine asks to be woken: what time alone brings happens on its millisecond, however seldom it looks.

use crate::support::script::two_apps;
use crate::support::world::{HANG, Life, Trace, World};
use defib_engine::effect::{Effect, Rung};
use defib_engine::event::{Doubt, Event, Exit};
use defib_engine::id::{AppId, ProbeId};
use defib_engine::note::Note;
use defib_engine::state::{Stage, State};
use defib_engine::time::Moment;
use defib_engine::{next_deadline, step};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60_000;

/// Calm, and looked at only once in ten minutes.
fn seldom_looked_at() -> World {
    let mut policy = two_apps(false);
    for probe in policy.apps.iter_mut().flat_map(|app| &mut app.probes) {
        (probe.interval_ms, probe.fast_ms) = (10 * MINUTE, 10 * MINUTE);
    }
    let mut world = World::started(policy, 60 * MINUTE);
    world.run(25 * MINUTE);
    world.trace.clear();
    world
}

fn starts(world: &World) -> Vec<Moment> {
    let start = |(at, trace): &(Moment, Trace)| match trace {
        Trace::Effect(Effect::Order(order)) if order.rung == Rung::Start => Some(*at),
        _ => None,
    };
    world.trace.iter().filter_map(start).collect()
}

#[test]
fn a_start_comes_when_the_supervisor_s_time_is_over() {
    let mut world = seldom_looked_at();
    let at = world.now.plus(7_321);
    world.die(0, Exit::Code(1), Some(7_321));
    world.run(MINUTE);
    assert_eq!(starts(&world), [at]);
}

#[test]
fn a_start_comes_when_its_hold_is_over() {
    let mut world = seldom_looked_at();
    let until = world.now.plus(33_007);
    world.feed(Event::Held { app: AppId(0), until });
    world.die(0, Exit::Code(1), None);
    world.run(MINUTE);
    assert_eq!(starts(&world), [until]);
}

#[test]
fn a_hold_that_ends_is_told_when_it_ends() {
    let mut world = seldom_looked_at();
    let until = world.now.plus(33_007);
    world.feed(Event::Held { app: AppId(0), until });
    world.run(MINUTE);
    let released =
        |(_, note): &(Moment, &Note)| matches!(note, Note::Released { expired: true, .. });
    assert_eq!(world.notes().find(released).map(|(at, _)| at), Some(until));
}

#[test]
fn a_start_comes_when_its_back_off_is_over() {
    let mut world = seldom_looked_at();
    world.apps[0].next = Life::Dies { after_ms: 700 };
    world.die(0, Exit::Code(1), None);
    world.run(2 * MINUTE);
    let answered = |(at, trace): &(Moment, Trace)| {
        matches!(trace, Trace::Event(Event::Acted { .. })).then_some(*at)
    };
    let answers: Vec<Moment> = world.trace.iter().filter_map(answered).collect();
    let all = starts(&world);
    for (index, pause_s) in [10, 20, 40].into_iter().enumerate() {
        assert_eq!(all[index + 1], answers[index].plus(pause_s * SECOND));
    }
}

#[test]
fn doubt_falls_every_5_s_and_trust_is_told_then() {
    let mut world = seldom_looked_at();
    let doubted = world.now;
    for _ in 0..3 {
        world.feed(Event::Doubted(Doubt::LateTimer { late_ms: 2_000 }));
    }
    assert_eq!(world.state.doubt.level, 3);
    world.run(MINUTE);
    let trusted = world.notes().find(|(_, note)| matches!(note, Note::Trusted));
    assert_eq!(trusted.map(|(at, _)| at.since(doubted)), Some(15 * SECOND));
}

/// Doubt without end is no more than doubt of eight.
#[test]
fn doubt_has_a_greatest_level() {
    let mut world = seldom_looked_at();
    for _ in 0..20 {
        world.feed(Event::Doubted(Doubt::LateTimer { late_ms: 2_000 }));
    }
    let doubted = world.now;
    world.run(2 * MINUTE);
    let trusted = world.notes().find(|(_, note)| matches!(note, Note::Trusted));
    assert_eq!(trusted.map(|(at, _)| at.since(doubted)), Some(40 * SECOND));
}

#[test]
fn s10_evidence_delays_an_act_by_a_second_and_no_more() {
    let mut world = World::started(two_apps(false), 60 * MINUTE);
    world.tamper = Some(|_, event| !matches!(event, Event::EvidenceClosed { .. }));
    world.run(MINUTE);
    world.set_all(0, HANG);
    world.run(MINUTE);
    let gathered = |(at, trace): &(Moment, Trace)| {
        matches!(trace, Trace::Effect(Effect::Gather { .. })).then_some(*at)
    };
    let ordered = |(at, trace): &(Moment, Trace)| {
        matches!(trace, Trace::Effect(Effect::Order(_))).then_some(*at)
    };
    let gathered = world.trace.iter().find_map(gathered).expect("evidence is gathered");
    let ordered = world.trace.iter().find_map(ordered).expect("it is killed all the same");
    assert_eq!(ordered.since(gathered), SECOND);
}

/// No look is ever answered again: what waits for a fresh one is given up after 70 s and judged anew.
#[test]
fn a_last_look_that_does_not_come_is_given_up() {
    let mut world = World::started(two_apps(false), 60 * MINUTE);
    world.run(MINUTE);
    world.set_all(0, HANG);
    let looking = |world: &World| match world.state.apps[0].incident().map(|it| it.stage) {
        Some(Stage::Looking { since, .. }) => Some(since),
        _ => None,
    };
    // Between two looks that failed long enough ago an act needs a fresh one.
    world.policy.apps[0].probes[0].fast_ms = 5_000;
    world.policy.apps[0].probes[2].fast_ms = 5_000;
    world.feed(Event::Held { app: AppId(0), until: world.now.plus(40 * SECOND) });
    for _ in 0..2_000 {
        world.run(50);
        if looking(&world).is_some() {
            break;
        }
    }
    let Some(since) = looking(&world) else { return };
    world.tamper = Some(|_, event| !matches!(event, Event::Observed { .. }));
    for _ in 0..20_000 {
        if looking(&world).is_none() {
            break;
        }
        world.run(10);
    }
    let took = world.now.since(since);
    assert!((70 * SECOND..71 * SECOND).contains(&took), "{took}");
}

#[test]
fn time_never_runs_backwards() {
    let mut world = seldom_looked_at();
    let now = world.state.now;
    let mut effects = Vec::new();
    step(&mut world.state, &world.policy, Moment(now.0 - 5_000), &Event::Woke, &mut effects);
    assert_eq!(world.state.now, now);
    assert!(next_deadline(&world.state).is_some_and(|at| at > now));
}

/// When the first probe of the first app was looked with.
fn looks(world: &World) -> Vec<Moment> {
    let look = |(at, trace): &(Moment, Trace)| match trace {
        Trace::Effect(Effect::Probe { probe, .. }) if (probe.app.0, probe.index) == (0, 0) => {
            Some(*at)
        }
        _ => None,
    };
    world.trace.iter().filter_map(look).collect()
}

#[test]
fn a_look_that_is_lost_is_made_again_5_s_after_its_deadline() {
    let mut world = World::started(two_apps(false), 60 * MINUTE);
    world.run(MINUTE);
    world.trace.clear();
    world.tamper = Some(|_, event| {
        !matches!(event, Event::Observed { probe: ProbeId { app: AppId(0), index: 0 }, .. })
    });
    world.run(2 * MINUTE);
    let all = looks(&world);
    assert!(all.len() > 5, "{all:?}");
    // The looks of the other probes wake it.
    for pair in all.windows(2) {
        assert!((8 * SECOND..=10 * SECOND).contains(&pair[1].since(pair[0])), "{all:?}");
    }
}

#[test]
fn when_every_look_is_lost_it_wakes_by_itself() {
    let mut world = World::started(two_apps(false), 60 * MINUTE);
    world.run(MINUTE);
    world.trace.clear();
    world.tamper = Some(|_, event| !matches!(event, Event::Observed { .. }));
    world.run(4 * MINUTE);
    let all = looks(&world);
    assert!(all.len() >= 3, "{all:?}");
    // The longest time-out that a config takes is 60 s.
    assert!(all.windows(2).all(|pair| pair[1].since(pair[0]) <= 65 * SECOND), "{all:?}");
}

/// A config's longest time-out is 60 s, and a look of that length is waited for 5 s more.
#[test]
fn the_longest_look_is_waited_for_and_nobody_is_woken_before_its_end() {
    let mut policy = two_apps(false);
    policy.apps.truncate(1);
    policy.apps[0].probes.truncate(1);
    policy.apps[0].probes[0].timeout_ms = MINUTE;
    let mut state = State::new(&policy, Moment(MINUTE));
    let mut wake = |ms| {
        let now = Moment(MINUTE + ms);
        let mut effects = Vec::new();
        step(&mut state, &policy, now, &Event::Woke, &mut effects);
        let begun = effects.iter().any(|effect| matches!(effect, Effect::Probe { .. }));
        (begun, next_deadline(&state).map(|at| at.since(Moment(MINUTE))))
    };
    assert_eq!(wake(0), (true, Some(65 * SECOND)));
    for ms in [54_999, 55_000, MINUTE, 64_999] {
        assert_eq!(wake(ms), (false, Some(65 * SECOND)), "{ms}");
    }
    assert_eq!(wake(65 * SECOND), (true, Some(130 * SECOND)), "it was lost");
}
