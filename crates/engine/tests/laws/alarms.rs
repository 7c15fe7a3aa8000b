//! An order that breaks a promise never leaves: it is taken back, an alarm is told, and the app is only observed.
//! A right engine makes none, so its memory is falsified here.

use crate::support::script::two_apps;
use crate::support::world::{HANG, Life, Trace, World};
use defib_engine::effect::Effect;
use defib_engine::id::AppId;
use defib_engine::note::Note;
use defib_engine::state::{AppPhase, Stage};

const MINUTE: u64 = 60_000;

fn orders(world: &World, app: u16) -> usize {
    let order = |trace: &Trace| matches!(trace, Trace::Effect(Effect::Order(order)) if order.app == AppId(app));
    world.trace.iter().filter(|(_, trace)| order(trace)).count()
}

#[test]
fn an_order_that_breaks_a_promise_is_taken_back_and_its_app_only_observed() {
    let mut world = World::started(two_apps(false), 120 * MINUTE);
    world.run(MINUTE);
    world.apps[0].next = Life::Same;
    world.set_all(0, HANG);
    // Both kills, and the first gentle restart.
    for _ in 0..7_200 {
        if orders(&world, 0) == 3 {
            break;
        }
        world.run(1_000);
    }
    world.run(MINUTE);
    match &mut world.state.apps[0].phase {
        // More acts than an incident may have: no guard of a gentle act counts them.
        AppPhase::Incident(incident) => incident.disruptive = 6,
        other => panic!("{other:?}"),
    }
    world.run(20 * MINUTE);
    assert_eq!(orders(&world, 0), 3, "it never leaves");
    let alarm = |note: &Note| matches!(note, Note::Alarm { app: AppId(0), invariant: 7 });
    assert_eq!(world.notes().filter(|(_, note)| alarm(note)).count(), 1);
    assert_eq!((world.state.apps[0].alarmed, world.state.apps[1].alarmed), (Some(7), None));
    let stage = world.state.apps[0].incident().map(|incident| incident.stage);
    assert_eq!(stage, Some(Stage::Judging), "and nobody waits for its answer");
    world.run(120 * MINUTE);
    assert_eq!(orders(&world, 0), 3, "it is only observed");
    world.set_all(1, HANG);
    world.run(MINUTE);
    assert_eq!(orders(&world, 1), 1, "the other app is helped as ever");
}
