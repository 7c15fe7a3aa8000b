//! Two reboots in vain freeze the next (S23): for a day, until a person says so, or until something is well.

use crate::support::policy;
use crate::support::world::{HANG, Life, Mutant, Trace, World};
use defib_engine::effect::{Effect, Purse, Rung};
use defib_engine::event::Event;
use defib_engine::note::{HandOver, Note, Thaw};
use defib_engine::time::Moment;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// An app that hangs for good, after two resets of a machine whose budget allows more.
fn twice_in_vain(tamper: Option<Mutant>) -> World {
    let mut rules = policy::machine();
    rules.apps.push(policy::app("shop", "child"));
    policy::allow_reboot(&mut rules);
    (rules.reboot_budget.short_limit, rules.reboot_budget.long_limit) = (9, 9);
    let mut world = World::started(rules, 2 * HOUR);
    world.tamper = tamper;
    world.run(MINUTE);
    world.apps[0].next = Life::Same;
    world.set_all(0, HANG);
    world.run(10_000);
    world.reset();
    world.run(10_000);
    world.reset();
    world
}

fn reboots(world: &World) -> Vec<Moment> {
    let order = |(at, trace): &(Moment, Trace)| match trace {
        Trace::Effect(Effect::Order(order)) if order.rung == Rung::Reboot => Some(*at),
        _ => None,
    };
    world.trace.iter().filter_map(order).collect()
}

fn notes(world: &World, wanted: impl Fn(&Note) -> bool) -> usize {
    let is_it = |trace: &Trace| matches!(trace, Trace::Effect(Effect::Note(note)) if wanted(note));
    world.trace.iter().filter(|(_, trace)| is_it(trace)).count()
}

/// Whether a reboot comes too early: judged by the clock, and by nothing of the engine's.
fn breaks_s23(world: &mut World) -> bool {
    let second = world.booted_at;
    world.run(DAY - HOUR);
    reboots(world).iter().any(|at| at.since(second) < DAY)
}

#[test]
fn s23_one_attempt_a_day_and_a_person_is_told() {
    let mut world = twice_in_vain(None);
    let second = world.booted_at;
    assert!(!breaks_s23(&mut world));
    assert_eq!(notes(&world, |note| matches!(note, Note::Frozen { reboots: 2, .. })), 1);
    assert!(
        notes(&world, |note| matches!(note, Note::HandedOver { why: HandOver::Frozen, .. })) >= 1
    );
    let gentle = |trace: &Trace| matches!(trace, Trace::Effect(Effect::Order(order)) if order.purse == Purse::Gentle);
    assert!(world.trace.iter().filter(|(_, trace)| gentle(trace)).count() > 60, "four an hour");
    world.run(3 * HOUR);
    let all = reboots(&world);
    assert_eq!(all.len(), 1, "no more for another day: {all:?}");
    assert!(all[0].since(second) < DAY + HOUR, "and not much later: {all:?}");
}

#[test]
fn s23_reboots_that_are_not_remembered() {
    let mut world = twice_in_vain(Some(|_, event| {
        if let Event::Started(started) = event {
            started.vain.0.clear();
        }
        true
    }));
    assert!(breaks_s23(&mut world), "the mutant was not caught");
}

#[test]
fn s23_a_persons_yes_ends_it_and_a_cure_is_told() {
    let mut world = twice_in_vain(None);
    world.run(2 * HOUR);
    assert!(reboots(&world).is_empty());
    world.apps[0].next = Life::Good { warm_ms: 1_000 };
    world.set_all(0, HANG);
    world.resume();
    assert_eq!(notes(&world, |note| *note == Note::Thawed { by: Thaw::Person }), 1);
    world.run(30 * MINUTE);
    assert!(world.state.vain.0.is_empty(), "what is well was not rebooted in vain");
}

#[test]
fn s23_what_heals_by_itself_thaws() {
    let mut world = twice_in_vain(None);
    world.set_all(0, defib_engine::seen::Seen::Pass);
    world.run(2 * MINUTE);
    assert_eq!(notes(&world, |note| *note == Note::Thawed { by: Thaw::Recovery }), 1);
    assert!(
        world
            .trace
            .iter()
            .any(|(_, trace)| *trace == Trace::Effect(Effect::Recovered { app: None }))
    );
}
