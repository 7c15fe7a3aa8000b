//! What the executor's answers lead to: how long the next act waits, and what is made of an act that nobody saw end.

use crate::support::desk::ERROR;
use crate::support::policy as rules;
use crate::support::script::two_apps;
use crate::support::world::{HANG, Life, OUR_LIMIT, Trace, WELL, World};
use defib_engine::effect::{Effect, Purse, Rung};
use defib_engine::event::{Event, Exit, Failure, OrderRefusal, Outcome};
use defib_engine::host::{DiskFacts, MachineFacts};
use defib_engine::id::AppId;
use defib_engine::note::{Note, RungFault};
use defib_engine::policy::Policy;
use defib_engine::state::{Process, Stage};
use defib_engine::time::Moment;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60_000;

fn hung(policy: Policy) -> World {
    let mut world = World::started(policy, 120 * MINUTE);
    world.run(MINUTE);
    world.trace.clear();
    world.apps[0].next = Life::Same;
    world.set_all(0, HANG);
    world
}

fn orders(world: &World) -> Vec<(Moment, Rung)> {
    let order = |(at, trace): &(Moment, Trace)| match trace {
        Trace::Effect(Effect::Order(order)) if order.app == AppId(0) => Some((*at, order.rung)),
        _ => None,
    };
    world.trace.iter().filter_map(order).collect()
}

/// Runs until this many orders have left, and at most 200 ms longer.
fn until_orders(world: &mut World, count: usize) {
    let (mut found, mut seen) = (0, 0);
    for _ in 0..20_000 {
        let new = world.trace[seen..].iter();
        found += new.filter(|(_, trace)| is_order(trace)).count();
        seen = world.trace.len();
        if found >= count {
            return;
        }
        world.run(200);
    }
    panic!("{count} orders do not come: {:?}", orders(world));
}

fn is_order(trace: &Trace) -> bool {
    matches!(trace, Trace::Effect(Effect::Order(order)) if order.app == AppId(0))
}

/// Runs until the act under way is answered; when it was.
fn until_answered(world: &mut World) -> Moment {
    for _ in 0..100_000 {
        if world.state.apps[0].acting().is_none() {
            break;
        }
        world.run(1);
    }
    let answered = |(at, trace): &(Moment, Trace)| {
        matches!(trace, Trace::Event(Event::Acted { app: AppId(0), .. })).then_some(*at)
    };
    world.trace.iter().rev().find_map(answered).unwrap_or(world.now)
}

/// The room that each of the first acts was given to help, from its answer on.
fn rooms(policy: Policy, acts: usize) -> Vec<u64> {
    let mut world = hung(policy);
    let mut rooms = Vec::new();
    for act in 1..=acts {
        until_orders(&mut world, act);
        let answered = until_answered(&mut world);
        rooms.push(world.state.apps[0].again_at.since(answered));
    }
    rooms
}

#[test]
fn an_act_is_given_room_to_help_and_the_next_one_twice_as_much() {
    let mut policy = two_apps(false);
    assert_eq!(rooms(policy.clone(), 2), [60 * SECOND, 120 * SECOND]);
    (policy.apps[0].verify_ms, policy.apps[0].start_grace_ms) = (40 * SECOND, 5 * SECOND);
    assert_eq!(rooms(policy.clone(), 2), [40 * SECOND, 80 * SECOND]);
    // Half an hour is the most, unless one start alone may take longer.
    policy.apps[0].start_grace_ms = 20 * MINUTE;
    assert_eq!(rooms(policy.clone(), 2), [20 * MINUTE, 30 * MINUTE]);
    policy.apps[0].start_grace_ms = 40 * MINUTE;
    assert_eq!(rooms(policy, 1), [40 * MINUTE]);
}

#[test]
fn an_act_that_did_not_begin_is_tried_again_after_2_s() {
    let job = Outcome::Failed(Failure::Job);
    for outcome in [OUR_LIMIT, job, Outcome::Refused(OrderRefusal::Budget)] {
        let mut world = hung(two_apps(false));
        world.apps[0].refuses = Some(outcome);
        until_orders(&mut world, 1);
        let answered = until_answered(&mut world);
        assert_eq!(world.state.apps[0].again_at, answered.plus(2 * SECOND), "{outcome:?}");
        assert_eq!(world.state.apps[0].grace_until, None, "nothing was ended, nothing starts");
        let failed = |note: &Note| matches!(note, Note::RungFailed { fault: RungFault::NotDone(why), .. } if *why == outcome);
        assert!(world.notes().any(|(_, note)| failed(note)));
        until_orders(&mut world, 2);
        let all = orders(&world);
        let pause = all[1].0.since(all[0].0);
        assert!((2 * SECOND..8 * SECOND).contains(&pause), "{outcome:?}: {all:?}");
        // A limit of ours says nothing of the rung; whatever else goes wrong has used it up.
        let stays = outcome == OUR_LIMIT;
        until_orders(&mut world, 3);
        let third = orders(&world)[2].1;
        assert_eq!(third == Rung::Kill, stays, "{outcome:?}: {:?}", orders(&world));
    }
}

#[test]
fn a_kill_that_was_cut_off_before_it_ended_anything_is_done_again_soon() {
    let mut world = hung(two_apps(false));
    world.apps[0].kill_ms = SECOND;
    until_orders(&mut world, 1);
    let before = world.apps[0].process;
    world.restart_agent(SECOND);
    assert_eq!(world.apps[0].process, before, "it still lives");
    assert_eq!(world.state.apps[0].grace_until, None);
    assert!(world.state.apps[0].again_at <= world.now.plus(2 * SECOND));
    let interrupted = RungFault::NotDone(Outcome::Interrupted);
    let failed =
        |note: &Note| matches!(note, Note::RungFailed { fault, .. } if *fault == interrupted);
    assert_eq!(world.notes().filter(|(_, note)| failed(note)).count(), 1);
    until_orders(&mut world, 2);
    let all = orders(&world);
    assert!(all[1].0.since(all[0].0) < 30 * SECOND, "{all:?}");
}

#[test]
fn a_kill_that_was_cut_off_after_it_ended_the_process_has_its_grace() {
    let mut world = hung(two_apps(false));
    (world.apps[0].kill_ms, world.apps[0].start_ms) = (SECOND, 2 * SECOND);
    until_orders(&mut world, 1);
    world.apps[0].next = Life::Good { warm_ms: 50 * SECOND };
    world.run(1_200);
    assert_eq!(world.apps[0].process, None, "it has ended it");
    world.restart_guardian(3 * SECOND);
    assert!(matches!(world.state.apps[0].process, Process::Alive { .. }));
    let left = world.state.apps[0].grace_until.map(|until| until.since(world.now));
    assert!(left.is_some_and(|ms| ms > 50 * SECOND), "{left:?}");
    let stage = world.state.apps[0].incident().map(|incident| incident.stage);
    assert!(matches!(stage, Some(Stage::Verifying { rung: Rung::Kill, .. })), "{stage:?}");
    world.run(10 * MINUTE);
    assert_eq!(orders(&world).len(), 1);
}

#[test]
fn a_start_that_was_cut_off_is_made_again_if_nothing_runs() {
    let mut world = World::started(two_apps(false), 120 * MINUTE);
    world.run(MINUTE);
    world.apps[0].start_ms = SECOND;
    world.die(0, Exit::Code(1), None);
    until_orders(&mut world, 1);
    world.restart_agent(SECOND);
    world.run(30 * SECOND);
    assert_eq!(orders(&world).iter().filter(|(_, rung)| *rung == Rung::Start).count(), 2);
    assert!(matches!(world.state.apps[0].process, Process::Alive { .. }));
}

#[test]
fn an_order_that_is_never_answered_is_given_up_half_a_minute_after_its_deadline() {
    let mut world = hung(two_apps(false));
    world.apps[0].start_ms = 60 * MINUTE;
    until_orders(&mut world, 1);
    let begun = world.now;
    for _ in 0..1_000 {
        if world.state.apps[0].acting().is_none() {
            break;
        }
        world.run(SECOND / 2);
    }
    let took = world.now.since(begun);
    // A kill may take 30 s.
    assert!((60 * SECOND - 500..62 * SECOND).contains(&took), "{took}");
    let told = |note: &Note| matches!(note, Note::Acted { outcome: Outcome::Interrupted, .. });
    assert!(world.notes().any(|(_, note)| told(note)));
}

#[test]
fn a_doubtful_answer_changes_nothing() {
    let mut world = hung(two_apps(false));
    world.apps[0].kill_ms = SECOND;
    until_orders(&mut world, 1);
    let acting = world.state.apps[0].acting();
    let Some((intent, _)) = acting else { panic!("an order is under way") };
    let other = defib_engine::id::IntentId(intent.0 + 1);
    for (app, intent) in [(AppId(0), other), (AppId(1), intent)] {
        world.feed(Event::Acted { app, intent, outcome: Outcome::Done });
    }
    assert_eq!(world.state.apps[0].acting(), acting);
    world.run(2 * SECOND);
    assert_eq!(world.state.apps[0].acting(), None);
}

/// It deletes files of an app that goes on running: what it answers from then on says whether that has helped.
#[test]
fn what_was_seen_before_a_clean_up_says_nothing_after_it() {
    let mut policy = rules::machine();
    policy.apps = vec![rules::app("shop", "child")];
    policy.apps[0].rungs = policy.apps[0].rungs.with(Rung::Clean);
    let mut world = World::started(policy, 3_600_000);
    world.run(12_000);
    let full = DiskFacts {
        free_permille: 0,
        free_kb: Some(0),
        inodes_permille: 500,
        free_inodes: None,
        turned_read_only: false,
    };
    world.machine = MachineFacts { disks: [Some(full), None, None, None], ..WELL };
    world.set_all(0, ERROR);
    let is_over = |world: &World| {
        let cleaned = |note: &Note| matches!(note, Note::Acted { rung: Rung::Clean, .. });
        world.notes().any(|(_, note)| cleaned(note))
    };
    while !is_over(&world) {
        assert!(world.state.now < Moment(3_690_000), "no clean-up in time");
        world.run(10);
    }
    let is_gentle = |(_, trace): &(Moment, Trace)| match trace {
        Trace::Effect(Effect::Order(order)) => Some((order.rung, order.purse)),
        _ => None,
    };
    let orders: Vec<_> = world.trace.iter().filter_map(is_gentle).collect();
    assert_eq!(orders, [(Rung::Clean, Purse::Gentle)]);
    let app = &world.state.apps[0];
    assert!(app.probes.iter().all(|probe| probe.fresh == 0 && probe.stretch.is_none()));
    assert_eq!((app.healthy_since, &world.state.machine), (None, &None));
}
