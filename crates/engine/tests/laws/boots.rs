//! A new boot: nothing was well while the machine was away, and how long it was away counts as down.

use crate::support::script::two_apps;
use crate::support::world::{HANG, Life, World};
use defib_engine::event::{Event, Started};
use defib_engine::note::Note;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60_000;
const AWAY_MS: u64 = 48_250;

/// The machine went down and came back; the up-time line knows nothing of the time between.
fn boot(world: &mut World, away_ms: Option<u64>) {
    let booted_at = world.now.plus(SECOND);
    world.now = booted_at.plus(5 * SECOND);
    world.booted_at = booted_at;
    let last_intent = world.state.next_intent - 1;
    let started = Started { booted_at, new_boot: true, last_intent, away_ms, ..Started::default() };
    world.feed(Event::Started(started));
}

/// What was said of an incident's length: at the first good look, and at its end.
fn lengths(world: &World) -> (Vec<u64>, Vec<u64>) {
    let mut lengths = (Vec::new(), Vec::new());
    for (_, note) in world.notes() {
        match note {
            Note::Back { down_ms, .. } => lengths.0.push(*down_ms),
            Note::Closed { down_ms, .. } => lengths.1.push(*down_ms),
            _ => {}
        }
    }
    lengths
}

/// An incident is open, and one act was made in vain.
fn down() -> World {
    let mut world = World::started(two_apps(false), 60 * MINUTE);
    world.run(MINUTE);
    world.apps[0].answers.fill((HANG, 3_000));
    world.apps[0].next = Life::Same;
    world.run(45 * SECOND);
    assert!(world.state.apps[0].incident().is_some());
    world
}

fn heal(world: &mut World) {
    world.apps[0].answers.fill((defib_engine::seen::Seen::Pass, 10));
}

#[test]
fn being_well_begins_anew_with_the_boot() {
    let mut world = World::started(two_apps(false), 60 * MINUTE);
    world.run(10 * MINUTE);
    assert!(world.state.apps[0].healthy_since.is_some_and(|since| since < world.now));
    boot(&mut world, None);
    assert_eq!(world.state.apps[0].healthy_since, None, "before anything was seen");
    let booted_at = world.booted_at;
    world.run(MINUTE);
    assert!(world.state.apps[0].healthy_since.is_some_and(|since| since >= booted_at));
}

#[test]
fn a_new_guardian_alone_ends_nobody_s_good_stretch() {
    let mut world = World::started(two_apps(false), 60 * MINUTE);
    world.run(10 * MINUTE);
    let before = world.state.apps[0].healthy_since;
    world.start_guardian();
    world.run(MINUTE);
    assert_eq!(world.state.apps[0].healthy_since, before);
}

#[test]
fn an_incident_that_was_open_counts_the_time_that_the_machine_was_away() {
    let downs = [None, Some(AWAY_MS)].map(|away_ms| {
        let mut world = down();
        boot(&mut world, away_ms);
        heal(&mut world);
        world.run(5 * MINUTE);
        let (back, closed) = lengths(&world);
        assert_eq!(back.last(), closed.last());
        assert_eq!(closed.len(), 1, "{closed:?}");
        closed[0]
    });
    assert_eq!(downs[1], downs[0] + AWAY_MS);
}

#[test]
fn what_was_back_before_the_boot_has_to_come_back_again() {
    let mut world = down();
    heal(&mut world);
    world.run(6 * SECOND);
    let back_at = |world: &World| world.state.apps[0].incident().and_then(|open| open.back_at);
    assert!(back_at(&world).is_some(), "{:?}", world.state.apps[0].incident());
    boot(&mut world, Some(AWAY_MS));
    assert_eq!(back_at(&world), None);
    world.run(5 * MINUTE);
    let (back, closed) = lengths(&world);
    assert_eq!(closed.len(), 1);
    assert!(closed[0] > back[0] + AWAY_MS, "{back:?} {closed:?}");
}

#[test]
fn each_boot_adds_its_own_gap() {
    let mut world = down();
    for _ in 0..2 {
        boot(&mut world, Some(AWAY_MS));
        world.run(10 * SECOND);
    }
    let open = world.state.apps[0].incident();
    assert_eq!(open.and_then(|open| open.away_ms), Some(2 * AWAY_MS));
}
