//! When each reason not to act gives way: not before its end, and soon after it. Safety alone is kept by an
//! engine that never acts; these laws hold both sides of each limit.

use crate::support::policy;
use crate::support::script::two_apps;
use crate::support::world::{HANG, Life, Trace, World};
use defib_engine::effect::{Effect, Purse, Rung};
use defib_engine::event::{Doubt, Event, Exit};
use defib_engine::id::AppId;
use defib_engine::note::{Class, Ending, HandOver, Note};
use defib_engine::policy::{Policy, RungSet, View};
use defib_engine::seen::Seen;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60_000;
const HOUR: u64 = 3_600_000;
const START: u64 = 2 * HOUR;
/// A default hang is believed after 16 to 21 s, and a bundle may take one more.
const BELIEVED: u64 = 25 * SECOND;
const ERROR: Seen = Seen::Status { code: 500, retry_after_s: None };

/// Orders on this app since the start: when, what, and what pays.
fn orders(world: &World, app: u16) -> Vec<(u64, Rung, Purse)> {
    let order = |(at, trace): &(defib_engine::time::Moment, Trace)| match trace {
        Trace::Effect(Effect::Order(order)) if order.app == AppId(app) => {
            Some((at.0 - START, order.rung, order.purse))
        }
        _ => None,
    };
    world.trace.iter().filter_map(order).collect()
}

fn rungs(world: &World, app: u16) -> Vec<Rung> {
    orders(world, app).into_iter().map(|(_, rung, _)| rung).collect()
}

/// A calm world; everything that the app answers becomes this.
fn sick(policy: Policy, app: usize, seen: Seen) -> World {
    let mut world = World::started(policy, START - MINUTE);
    world.run(MINUTE);
    world.apps[app].next = Life::Same;
    world.set_all(app, seen);
    world
}

fn first_between(world: &World, from_ms: u64, to_ms: u64) -> Rung {
    let all = orders(world, 0);
    let Some((at_ms, rung, _)) = all.first().copied() else { panic!("no order by {to_ms}") };
    assert!((from_ms..=to_ms).contains(&at_ms), "{all:?}, not {from_ms} to {to_ms}");
    rung
}

#[test]
fn a_hang_is_killed_and_not_before_its_window_has_passed() {
    let mut world = sick(two_apps(false), 0, HANG);
    world.run(BELIEVED);
    assert_eq!(first_between(&world, 10 * SECOND, BELIEVED), Rung::Kill);
}

#[test]
fn a_hold_ends_when_it_says_and_when_it_is_lifted() {
    let until = defib_engine::time::Moment(START + 90 * SECOND);
    let hold = Event::Held { app: AppId(0), until };
    let mut world = sick(two_apps(false), 0, HANG);
    world.feed(hold.clone());
    world.run(3 * MINUTE);
    first_between(&world, 90 * SECOND, 90 * SECOND + BELIEVED);
    let mut world = sick(two_apps(false), 0, HANG);
    world.feed(hold);
    world.run(MINUTE);
    world.feed(Event::Released { app: AppId(0) });
    world.run(MINUTE);
    first_between(&world, MINUTE, MINUTE + BELIEVED);
}

#[test]
fn an_announcement_is_believed_for_as_long_as_it_says() {
    let busy = Seen::Status { code: 503, retry_after_s: Some(120) };
    let mut world = sick(two_apps(false), 0, busy);
    world.run(6 * SECOND);
    world.set_all(0, HANG);
    world.run(5 * MINUTE);
    first_between(&world, 120 * SECOND, 126 * SECOND + BELIEVED);
    // And not for ever: half an hour in all.
    let mut world = sick(two_apps(false), 0, busy);
    world.run(HOUR);
    first_between(&world, 30 * MINUTE, 32 * MINUTE);
}

#[test]
fn what_is_unclear_gets_one_restart_after_five_minutes() {
    let mut world = sick(two_apps(false), 1, Seen::Pass);
    world.set_answer(1, 0, HANG);
    world.run(HOUR);
    let all = orders(&world, 1);
    assert_eq!(rungs(&world, 1), [Rung::Restart], "{all:?}");
    assert!((5 * MINUTE..6 * MINUTE).contains(&all[0].0), "{all:?}");
}

#[test]
fn doubt_holds_while_it_lasts() {
    let mut world = sick(two_apps(false), 0, HANG);
    for _ in 0..30 {
        world.feed(Event::Doubted(Doubt::LateTimer { late_ms: 3_000 }));
        world.run(4 * SECOND);
    }
    assert_eq!(orders(&world, 0), []);
    // Eight clean stretches of 5 s, and the hang is believed anew.
    world.run(MINUTE + BELIEVED);
    first_between(&world, 120 * SECOND, 120 * SECOND + 45 * SECOND + BELIEVED);
}

#[test]
fn a_hang_that_nothing_cures_is_killed_twice_and_then_restarted_every_15_minutes() {
    let mut world = sick(two_apps(false), 0, HANG);
    world.run(4 * HOUR);
    let all = orders(&world, 0);
    assert_eq!(rungs(&world, 0)[..2], [Rung::Kill, Rung::Kill], "{all:?}");
    assert!(
        all[2..].iter().all(|(_, rung, purse)| (*rung, *purse) == (Rung::Restart, Purse::Gentle))
    );
    for pair in all[1..].windows(2) {
        let pause = pair[1].0 - pair[0].0;
        assert!((15 * MINUTE..16 * MINUTE).contains(&pause), "{all:?}");
    }
    assert!(all.len() >= 16, "{all:?}");
    assert!(world.notes().any(|(_, note)| matches!(note, Note::HandedOver { .. })));
}

#[test]
fn what_answers_wrongly_is_restarted_then_killed_then_a_persons() {
    let mut world = sick(two_apps(false), 0, ERROR);
    world.run(4 * HOUR);
    assert_eq!(rungs(&world, 0), [Rung::Restart, Rung::Kill]);
    let ended = |note: &Note| matches!(note, Note::HandedOver { why: HandOver::LadderEnds, .. });
    assert!(world.notes().any(|(_, note)| ended(note)));
}

#[test]
fn pauses_between_starts_double_from_10_s_to_5_min() {
    let mut world = World::started(two_apps(false), START - MINUTE);
    world.run(MINUTE);
    world.apps[0].next = Life::Dies { after_ms: 500 };
    world.die(0, Exit::Code(1), None);
    world.run(2 * HOUR);
    let all = orders(&world, 0);
    assert!(all.iter().all(|(_, rung, _)| *rung == Rung::Start), "{all:?}");
    assert!(all[0].0 <= 2 * SECOND, "{all:?}");
    let pauses = [10, 20, 40, 80, 160, 300, 300, 300].map(|s| s * SECOND);
    for (pair, pause) in all.windows(2).zip(pauses) {
        assert!((pause..pause + 2 * SECOND).contains(&(pair[1].0 - pair[0].0)), "{pause} {all:?}");
    }
    assert!(
        world
            .notes()
            .any(|(_, note)| matches!(note, Note::HandedOver { why: HandOver::CrashLoop, .. }))
    );
}

#[test]
fn its_own_supervisor_goes_first() {
    let mut world = World::started(two_apps(false), START - MINUTE);
    world.run(MINUTE);
    world.die(0, Exit::Code(1), Some(5_000));
    world.run(MINUTE);
    assert_eq!(first_between(&world, 5 * SECOND, 7 * SECOND), Rung::Start);
}

#[test]
fn who_keeps_what_we_do_not_know_has_as_long_as_a_start_may_take() {
    let mut policy = two_apps(true);
    let grace_ms = policy.apps[0].start_grace_ms;
    policy.apps[0].rungs = RungSet::NONE.with(Rung::Reboot);
    policy.apps[0].process_known = false;
    let first_act = |seen| {
        let mut world = sick(policy.clone(), 0, seen);
        world.run(10 * MINUTE);
        orders(&world, 0).first().map(|(at_ms, rung, _)| (*at_ms, *rung))
    };
    let (after_ms, rung) = first_act(Seen::Refused).expect("a reboot in the end");
    assert_eq!(rung, Rung::Reboot);
    assert!((grace_ms..grace_ms + 10 * SECOND).contains(&after_ms), "{after_ms}");
    // Who listens is not being started.
    let (after_ms, rung) = first_act(HANG).expect("a reboot");
    assert!(rung == Rung::Reboot && after_ms < BELIEVED, "{after_ms}");
}

#[test]
fn an_act_that_the_guardian_did_not_see_end_is_verified_and_not_repeated() {
    let mut world = sick(two_apps(false), 0, HANG);
    world.apps[0].next = Life::Good { warm_ms: 1_000 };
    let limit = world.now.plus(5 * MINUTE);
    while orders(&world, 0).is_empty() {
        assert!(world.now < limit, "a hang was not acted on in five minutes");
        world.run(SECOND / 20);
    }
    world.restart_guardian(3_000);
    world.run(5 * MINUTE);
    assert_eq!(rungs(&world, 0), [Rung::Kill]);
    let recovered = Ending::Recovered { rung: Rung::Kill };
    assert!(
        world
            .notes()
            .any(|(_, note)| matches!(note, Note::Closed { ending, .. } if *ending == recovered))
    );
}

#[test]
fn a_dependency_is_waited_for_and_for_half_a_minute_after_it() {
    let mut world = sick(two_apps(false), 0, ERROR);
    world.set_answer(0, 1, Seen::Refused);
    world.run(10 * MINUTE);
    assert_eq!(orders(&world, 0), []);
    world.set_answer(0, 1, Seen::Pass);
    world.run(2 * MINUTE);
    let from = 10 * MINUTE + 25 * SECOND;
    assert_eq!(first_between(&world, from, from + 20 * SECOND), Rung::Restart);
}

#[test]
fn what_no_act_cures_is_told_and_left_alone() {
    let cases = [
        (Seen::Status { code: 404, retry_after_s: None }, None, Class::Contract),
        (Seen::Status { code: 301, retry_after_s: None }, None, Class::Contract),
        (Seen::Tls(defib_engine::seen::TlsFault::Expired), None, Class::Certificate),
        (HANG, Some(2), Class::Outside),
    ];
    for (seen, only, class) in cases {
        let mut world = sick(two_apps(true), 0, if only.is_some() { Seen::Pass } else { seen });
        if let Some(index) = only {
            world.set_answer(0, index, seen);
        }
        world.run(HOUR);
        assert_eq!(orders(&world, 0), [], "{class:?}");
        let opened = |note: &Note| matches!(note, Note::Opened { class: it, .. } if *it == class);
        assert!(world.notes().any(|(_, note)| opened(note)), "{class:?}");
        let told = |note: &Note| matches!(note, Note::HandedOver { why: HandOver::NoCure, .. });
        assert!(world.notes().any(|(_, note)| told(note)), "{class:?}");
    }
}

#[test]
fn a_reboot_waits_for_the_uptime_and_six_hours_for_the_next() {
    let mut world = World::started(two_apps(true), START - MINUTE);
    world.booted_at = defib_engine::time::Moment(START - 2 * MINUTE);
    world.start_guardian();
    world.run(MINUTE);
    world.apps[0].next = Life::Same;
    world.set_all(0, HANG);
    world.run(13 * MINUTE - SECOND);
    assert!(!rungs(&world, 0).contains(&Rung::Reboot));
    world.run(3 * MINUTE);
    assert_eq!(rungs(&world, 0).iter().filter(|rung| **rung == Rung::Reboot).count(), 1);
    world.run(7 * HOUR);
    let all = orders(&world, 0);
    let reboots: Vec<u64> =
        all.iter().filter(|(_, rung, _)| *rung == Rung::Reboot).map(|(at, ..)| *at).collect();
    assert!(reboots.windows(2).all(|pair| pair[1] - pair[0] >= 6 * HOUR), "{all:?}");
}

#[test]
fn a_relapse_begins_above_what_did_not_last() {
    for (calm, first) in [(5 * MINUTE, Rung::Kill), (12 * MINUTE, Rung::Restart)] {
        let mut world = sick(two_apps(false), 0, ERROR);
        world.apps[0].next = Life::Good { warm_ms: 500 };
        world.run(2 * MINUTE);
        assert_eq!(rungs(&world, 0), [Rung::Restart]);
        world.run(calm);
        world.set_all(0, ERROR);
        world.run(2 * MINUTE);
        assert_eq!(rungs(&world, 0), [Rung::Restart, first], "after {calm} ms");
    }
}

#[test]
fn only_the_way_to_it_is_worth_one_restart() {
    let mut policy = two_apps(true);
    policy.apps[0].probes = vec![policy::probe("path", View::UserPath)];
    let mut world = sick(policy, 0, HANG);
    world.run(4 * HOUR);
    assert_eq!(rungs(&world, 0), [Rung::Restart]);
}

#[test]
fn health_must_last_for_20_s_and_5_looks() {
    let mut world = sick(two_apps(false), 0, HANG);
    world.run(BELIEVED);
    world.run(2 * MINUTE);
    world.set_all(0, Seen::Pass);
    let well = world.now;
    world.run(2 * MINUTE);
    let closed = |note: &Note| matches!(note, Note::Closed { .. });
    let at = world.notes().find(|(_, note)| closed(note)).map(|(at, _)| at.since(well));
    assert!(at.is_some_and(|at| (20 * SECOND..35 * SECOND).contains(&at)), "{at:?}");
}

#[test]
fn a_slow_start_is_not_acted_upon_again() {
    let mut world = sick(two_apps(false), 0, HANG);
    world.apps[0].next = Life::Good { warm_ms: 55 * SECOND };
    world.run(10 * MINUTE);
    assert_eq!(rungs(&world, 0), [Rung::Kill]);
}

#[test]
fn each_app_spends_its_own_budget() {
    let mut world = sick(two_apps(false), 0, HANG);
    world.run(3 * HOUR);
    world.apps[1].next = Life::Same;
    world.set_all(1, HANG);
    world.run(BELIEVED);
    assert_eq!(rungs(&world, 1), [Rung::Kill]);
}

#[test]
fn a_person_s_stop_holds_for_ever_and_what_was_open_is_closed() {
    let mut world = sick(two_apps(true), 0, HANG);
    world.run(17 * SECOND);
    world.feed(Event::Stopped { app: AppId(0) });
    let before = orders(&world, 0).len();
    world.run(3 * HOUR);
    assert_eq!(orders(&world, 0).len(), before);
    assert!(world.state.apps[0].incident().is_none());
}

#[test]
fn broken_tls_is_the_apps_and_a_certificate_is_not() {
    let mut world = sick(two_apps(false), 0, Seen::Tls(defib_engine::seen::TlsFault::Protocol));
    world.run(2 * MINUTE);
    assert_eq!(rungs(&world, 0)[..1], [Rung::Restart]);
}

#[test]
fn a_fault_that_changes_its_kind_is_judged_by_the_new_one() {
    let mut world = sick(two_apps(false), 0, ERROR);
    world.set_answer(0, 1, Seen::Refused);
    world.run(2 * MINUTE);
    world.set_answer(0, 1, Seen::Pass);
    world.set_all(0, HANG);
    world.run(2 * MINUTE);
    assert_eq!(rungs(&world, 0)[..1], [Rung::Kill]);
    let reclassed = |note: &Note| {
        matches!(note, Note::Reclassed { from: Class::Dependency, to: Class::Hung, .. })
    };
    assert!(world.notes().any(|(_, note)| reclassed(note)));
}

#[test]
fn ten_minutes_of_health_forget_the_starts_before() {
    for (calm, pause) in [(MINUTE, 10 * SECOND), (12 * MINUTE, 0)] {
        let mut world = World::started(two_apps(false), START - MINUTE);
        world.run(MINUTE);
        world.die(0, Exit::Code(1), None);
        world.run(calm);
        world.die(0, Exit::Code(1), None);
        let died = world.now.0 - START;
        world.run(MINUTE);
        let all = orders(&world, 0);
        let earliest = pause.max(died);
        assert!(
            all.len() == 2 && (earliest..=earliest + 2 * SECOND).contains(&all[1].0),
            "{all:?}"
        );
    }
}

#[test]
fn an_incident_ends_as_what_ended_it() {
    let ending_of = |world: &World| {
        world.notes().find_map(|(_, note)| match note {
            Note::Closed { ending, .. } => Some(*ending),
            _ => None,
        })
    };
    let contract = Seen::Status { code: 404, retry_after_s: None };
    let mut world = sick(two_apps(false), 0, contract);
    world.run(2 * MINUTE);
    world.set_all(0, Seen::Pass);
    world.run(5 * MINUTE);
    assert_eq!(ending_of(&world), Some(Ending::Passed));
}
