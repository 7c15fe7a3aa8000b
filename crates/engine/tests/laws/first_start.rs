//! The first start: what was never there when we came is started. That is no incident, unless it cannot be done.

use crate::support::script::two_apps;
use crate::support::world::{HANG, Life, OUR_LIMIT, Trace, World};
use defib_engine::effect::{Effect, Rung};
use defib_engine::event::{Event, Failure, Outcome};
use defib_engine::id::AppId;
use defib_engine::note::{Class, Note};
use defib_engine::seen::Seen;
use defib_engine::state::{AppPhase, Process};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60_000;
const BEGIN: u64 = 60 * MINUTE;

/// The first app does not run when the guardian comes; its executor answers with this.
fn off(refuses: Option<Outcome>) -> World {
    let mut world = World::new(two_apps(true), BEGIN);
    world.apps[0].process = None;
    world.apps[0].refuses = refuses;
    world.start_guardian();
    world
}

/// When the first app was ordered to start, since the beginning.
fn starts(world: &World) -> Vec<u64> {
    let start = |(at, trace): &(defib_engine::time::Moment, Trace)| match trace {
        Trace::Effect(Effect::Order(order)) if order.app == AppId(0) => {
            assert_eq!(order.rung, Rung::Start);
            Some(at.0 - BEGIN)
        }
        _ => None,
    };
    world.trace.iter().filter_map(start).collect()
}

fn opened(world: &World) -> Vec<Class> {
    let class = |note: &Note| match note {
        Note::Opened { class, .. } => Some(*class),
        _ => None,
    };
    world.notes().filter_map(|(_, note)| class(note)).collect()
}

#[test]
fn it_is_started_at_once_and_no_incident_is_opened() {
    let mut world = off(None);
    assert!(matches!(world.state.apps[0].phase, AppPhase::Launching { .. }));
    world.run(10 * MINUTE);
    assert_eq!(starts(&world), [0]);
    assert_eq!(opened(&world), []);
    assert_eq!(world.state.apps[0].phase, AppPhase::Watching);
    assert!(matches!(world.state.apps[0].process, Process::Alive { .. }));
}

#[test]
fn it_has_its_grace_and_is_looked_at_each_second_meanwhile() {
    let mut world = off(None);
    world.apps[0].next = Life::Good { warm_ms: 55 * SECOND };
    world.run(50 * SECOND);
    let end = world.state.apps[0].grace_until.map(|until| until.0 - BEGIN);
    assert!(end.is_some_and(|end| (MINUTE..MINUTE + SECOND).contains(&end)), "{end:?}");
    let looks = |(_, trace): &&(_, Trace)| {
        let url = |probe: &defib_engine::id::ProbeId| (probe.app.0, probe.index) == (0, 0);
        matches!(trace, Trace::Effect(Effect::Probe { probe, .. }) if url(probe))
    };
    assert!(world.trace.iter().filter(looks).count() >= 45);
    world.run(5 * MINUTE);
    assert_eq!((starts(&world).len(), opened(&world)), (1, vec![]));
    assert!(!world.notes().any(|(_, note)| matches!(note, Note::Suspected { .. })));
}

#[test]
fn one_that_fails_is_an_incident_and_is_tried_again_ever_more_slowly() {
    let mut world = off(Some(Outcome::Failed(Failure::NotStartable)));
    world.run(25 * SECOND);
    assert_eq!(opened(&world), [Class::Dead]);
    let all = starts(&world);
    assert!(all.len() == 2 && (10 * SECOND..12 * SECOND).contains(&(all[1] - all[0])), "{all:?}");
}

#[test]
fn one_that_our_own_limit_prevents_is_no_fault_and_is_tried_every_2_s() {
    let mut world = off(Some(OUR_LIMIT));
    world.run(20 * SECOND + 500);
    let all = starts(&world);
    assert!(all.len() >= 9, "{all:?}");
    assert!(
        all.windows(2).all(|pair| (2 * SECOND..2 * SECOND + 200).contains(&(pair[1] - pair[0])))
    );
    assert_eq!(opened(&world), []);
    world.apps[0].refuses = None;
    world.run(MINUTE);
    assert_eq!(opened(&world), []);
    assert!(matches!(world.state.apps[0].process, Process::Alive { .. }));
}

#[test]
fn an_answer_that_never_comes_ends_with_the_order_s_deadline() {
    let mut world = off(None);
    world.apps[0].start_ms = 600 * SECOND;
    let intent = match world.state.apps[0].phase {
        AppPhase::Launching { intent } => intent,
        ref other => panic!("{other:?}"),
    };
    // An answer to another order is none to this one.
    let other = defib_engine::id::IntentId(intent.0 + 7);
    world.feed(Event::Acted { app: AppId(0), intent: other, outcome: Outcome::Done });
    assert_eq!(world.state.apps[0].acting(), Some((intent, Rung::Start)));
    world.feed(Event::Acted { app: AppId(0), intent, outcome: Outcome::Done });
    assert_eq!(world.state.apps[0].acting(), None);
}

#[test]
fn a_guardian_that_comes_back_meanwhile_starts_nothing_twice() {
    let mut world = off(None);
    world.restart_guardian(SECOND);
    world.run(10 * MINUTE);
    assert_eq!(starts(&world).len(), 1);
    // The whole agent ends before anything was started: nothing is lost, and it is started once more.
    let mut world = off(None);
    world.restart_agent(SECOND);
    world.run(10 * MINUTE);
    assert_eq!(starts(&world).len(), 2);
    assert!(matches!(world.state.apps[0].process, Process::Alive { .. }));
}

#[test]
fn a_stop_and_a_hold_prevent_it_and_a_dependency_does_not() {
    for stops in [true, false] {
        let mut world = World::new(two_apps(false), BEGIN);
        world.apps[0].process = None;
        world.set_answer(0, 1, HANG);
        let app = AppId(0);
        let until = world.now.plus(MINUTE);
        world.feed(if stops { Event::Stopped { app } } else { Event::Held { app, until } });
        world.start_guardian();
        world.run(MINUTE - SECOND);
        assert_eq!(starts(&world), []);
        world.feed(Event::Resumed { app });
        world.run(3 * SECOND);
        assert_eq!(starts(&world).len(), 1, "stop: {stops}");
        assert_eq!(opened(&world), []);
    }
}

#[test]
fn what_answers_without_a_process_of_ours_is_not_the_app() {
    let mut world = off(Some(OUR_LIMIT));
    world.feed(Event::Observed {
        probe: defib_engine::id::ProbeId { app: AppId(0), index: 0 },
        attempt: world.state.apps[0].probes[0].attempt,
        started: world.now,
        ended: world.now,
        seen: Seen::Pass,
    });
    assert_eq!(world.state.apps[0].healthy_since, None);
    assert!(!world.notes().any(|(_, note)| matches!(note, Note::Up { app: AppId(0) })));
}
