//! The guardian ends, in order or not, and another goes on.

use crate::server::Server;
use crate::world::{World, config};
use defib_engine::event::{LedgerIntent, Outcome, Started};
use defib_engine::note::Note;
use defib_journal::line::Line;
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
