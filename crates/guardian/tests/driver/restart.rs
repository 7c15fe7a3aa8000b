//! The guardian ends, in order or not, and another goes on.

use crate::executor::{LINE_OFFSET_MS, PROCESS, SHOP};
use crate::server::Server;
use crate::world::{World, config};
use defib_engine::effect::Order;
use defib_engine::event::{Charge, Exit, LedgerIntent, Outcome, Started};
use defib_engine::note::Note;
use defib_engine::time::Moment;
use defib_journal::line::{Entry, Line};
use defib_journal::order::{Report, Request};
use std::time::Duration;

#[test]
fn after_kill_9_the_state_is_rebuilt_and_no_act_is_repeated() {
    let server = Server::start();
    let text = config(&server);
    let mut world = World::start(&text);
    world.wait_until_up();
    server.hangs();
    let order = world.executor.expect_order();
    let incident = order.incident;
    // The order was carried out while the guardian was away.
    let ledger = Started {
        last_intent: order.intent.0,
        intents: vec![LedgerIntent {
            app: order.app,
            intent: order.intent,
            rung: order.rung,
            outcome: Some(Outcome::Done),
        }],
        ..Started::default()
    };
    server.is_well();
    world.kill_and_restart(&text, &ledger);
    world.executor.introduce();
    world.line("the same incident's end", |line| {
        matches!(line, Line::Note { note } if matches!(**note,
            Note::Closed { incident: closed, .. } if closed == incident))
    });
    world.executor.expect_no_order(Duration::from_millis(300));
    assert_eq!(world.count(|line| matches!(line, Line::Order { .. })), 1);
    assert_eq!(world.count(|line| matches!(line, Line::Started { .. })), 2);
    assert!(crate::replay::decisions_agree(&world) >= 6);
    let numbers: Vec<u64> = world.journal().iter().map(|entry| entry.seq).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn a_hold_survives_kill_9() {
    let server = Server::start();
    let text = config(&server);
    let mut world = World::start(&text);
    world.wait_until_up();
    world.ask("{\"do\":\"hold\",\"app\":\"shop\",\"for_ms\":600000,\"reason\":\"deploy\"}");
    world.kill_and_restart(&text, &Started::default());
    let status = world.ask("{\"do\":\"status\"}");
    assert!(status.contains("\"held_until\":\"20"), "{status}");
}

#[test]
fn it_stops_in_order_when_told_and_ends_when_its_executor_is_gone() {
    let server = Server::start();
    let mut told = World::start(&config(&server));
    told.wait_until_up();
    told.executor.say(&Report::Stop);
    assert_eq!(told.ended().code(), Some(50));
    assert_eq!(told.count(|line| matches!(line, Line::Stopped { .. })), 1);
    assert_eq!(told.count(|line| matches!(line, Line::Minute { .. })), 1);

    let mut alone = World::start(&config(&server));
    alone.wait_until_up();
    alone.executor = crate::executor::Executor::new(
        rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap(),
    );
    assert_eq!(alone.ended().code(), Some(51));
}

#[test]
fn a_config_before_the_welcome_breaks_the_protocol() {
    let mut world = World::silent();
    assert!(matches!(world.executor.expect(), Request::Hello { .. }));
    world.executor.give_config("[app.shop]\n");
    assert_eq!(world.ended().code(), Some(52));
}

#[test]
fn a_first_config_that_cannot_be_used_is_refused_and_said() {
    let mut world = World::silent();
    world.executor.welcome(&Started::default());
    world.executor.give_config("[app.shop]\nurl = 5\n");
    assert_eq!(world.executor.expect(), Request::ConfigRead { accepted: false });
    assert_eq!(world.ended().code(), Some(52));
}

/// A ledger that remembers these orders as done.
fn ledger_of(orders: &[Order]) -> Started {
    let now = boot_ms() + LINE_OFFSET_MS;
    let charged = orders.iter().filter(|order| order.rung.is_disruptive());
    Started {
        last_intent: orders.iter().map(|order| order.intent.0).max().unwrap_or(0),
        charges: charged
            .map(|order| Charge {
                app: order.app,
                rung: order.rung,
                purse: order.purse,
                at: Moment(now),
            })
            .collect(),
        intents: orders
            .iter()
            .map(|order| LedgerIntent {
                app: order.app,
                intent: order.intent,
                rung: order.rung,
                outcome: Some(Outcome::Done),
            })
            .collect(),
        ..Started::default()
    }
}

const DEATH: Report = Report::Died {
    app: SHOP,
    identity: Some(PROCESS),
    exit: Exit::Signal(11),
    restart_in_ms: None,
};

fn boot_ms() -> u64 {
    defib_guardian::probe::boottime().0 / 1000
}

#[test]
fn kill_9_at_any_instant_repeats_nothing_and_every_decision_replays() {
    let server = Server::start();
    let text = config(&server);
    let mut world = World::start(&text);
    world.wait_until_up();
    server.hangs();
    let mut orders = Vec::new();
    // A linear congruence (Knuth's MMIX) is random enough, and the same in each run.
    let mut seed: u64 = 20_261_122;
    for round in 0..20 {
        if round % 4 == 1 {
            world.executor.say(&DEATH);
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        orders.extend(world.executor.obey_for(Duration::from_millis(1 + (seed >> 33) % 200)));
        world.kill();
        orders.extend(world.executor.last_orders());
        world.restart(&text, &ledger_of(&orders));
        world.executor.introduce();
    }
    assert!(!orders.is_empty());
    assert!(orders.windows(2).all(|pair| pair[0].intent < pair[1].intent), "{orders:?}");
    let disruptive = orders.iter().filter(|order| order.rung.is_disruptive());
    assert!(disruptive.count() <= 5, "4 an hour and one gentle: {orders:?}");
    let journal = world.journal();
    for order in &orders {
        let written =
            |entry: &Entry| matches!(entry.line, Line::Order { order: found } if found == *order);
        assert_eq!(journal.iter().filter(|entry| written(entry)).count(), 1, "{order:?}");
    }
    assert!(crate::replay::decisions_agree(&world) > 0);
}

#[test]
fn a_guardian_that_is_only_to_observe_orders_nothing_and_writes_down_why() {
    let server = Server::start();
    let text = config(&server);
    let mut world = World::start(&text);
    world.wait_until_up();
    world.restart_to_observe(&text, "three deaths");
    world.executor.introduce();
    world.line(
        "the reason",
        |line| matches!(line, Line::Alarm { message, .. } if message == "three deaths"),
    );
    assert!(world.ask("{\"do\":\"status\"}").contains("\"mode\":\"observe\""));
    server.hangs();
    world.line(
        "an incident",
        |line| matches!(line, Line::Note { note } if matches!(**note, Note::Opened { .. })),
    );
    world.executor.expect_no_order(Duration::from_secs(2));
}
