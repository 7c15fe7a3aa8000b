//! From a fault to the order, and to the end of the incident.

use crate::executor::{PROCESS, SHOP};
use crate::replay::decisions_agree;
use crate::server::Server;
use crate::world::{World, config};
use defib_engine::effect::Rung;
use defib_engine::event::{Exit, Outcome, Started};
use defib_engine::id::Identity;
use defib_engine::note::Note;
use defib_journal::line::Line;
use defib_journal::order::{Report, Request};
use std::time::{Duration, Instant};

fn is_note(line: &Line<'_>, wanted: impl Fn(&Note) -> bool) -> bool {
    matches!(line, Line::Note { note } if wanted(note))
}

#[test]
fn a_death_is_answered_at_once_and_everything_stands_in_the_journal_before_the_order() {
    let server = Server::start();
    let mut world = World::start(&config(&server));
    world.wait_until_up();
    server.hangs();
    let died = Instant::now();
    world.executor.say(&Report::Died {
        app: SHOP,
        identity: Some(PROCESS),
        exit: Exit::Signal(9),
        restart_in_ms: None,
    });
    let order = world.executor.expect_order();
    let took = died.elapsed();
    assert_eq!(order.rung, Rung::Start, "what is dead is started");
    // The file is read at the moment at which the order has come.
    let journal = world.journal();
    let place = |wanted: &dyn Fn(&Line<'_>) -> bool| {
        journal.iter().position(|entry| wanted(&entry.line)).expect("a line")
    };
    let ordered = place(&|line| matches!(line, Line::Order { order: found } if *found == order));
    assert!(place(&|line| is_note(line, |note| matches!(note, Note::Died { .. }))) < ordered);
    assert!(place(&|line| is_note(line, |note| matches!(note, Note::Decided { .. }))) < ordered);
    assert!(place(&|line| matches!(line, Line::Checkpoint { .. })) < ordered);
    assert!(took < Duration::from_secs(2), "{took:?}");

    server.is_well();
    world.executor.done(&order);
    let new = Identity { pid: 4300, start_ticks: 99 };
    world.executor.say(&Report::Found { app: SHOP, identity: new });
    world.line("the incident's end", |line| {
        is_note(line, |note| matches!(note, Note::Closed { .. }))
    });
    assert_eq!(world.count(|line| matches!(line, Line::Acted { outcome: Outcome::Done, .. })), 1);
}

#[test]
fn a_hang_ends_in_one_kill_with_an_evidence_bundle() {
    let server = Server::start();
    let mut world = World::start(&config(&server));
    world.wait_until_up();
    server.hangs();
    let order = world.executor.expect_order();
    assert!(order.rung.is_disruptive(), "{order:?}");
    assert_eq!(order.identity, Some(PROCESS));
    let evidence = |name: &str| {
        world.count(|line| matches!(line, Line::Evidence { name: found, .. } if found == name))
    };
    assert_eq!((evidence("looks"), evidence("stack")), (1, 1));
    world.line("a failed look with its phases", |line| {
        matches!(line, Line::Probe { connect_us, seen, .. }
            if seen.is_failure() && connect_us.0.is_some())
    });
    server.is_well();
    world.executor.done(&order);
    world.line("the incident's end", |line| {
        is_note(line, |note| matches!(note, Note::Closed { .. }))
    });
    assert!(decisions_agree(&world) >= 6);
}

#[test]
fn errors_are_told_with_their_status_and_observe_mode_orders_nothing() {
    let server = Server::start();
    let mut world = World::start(&config(&server).replace("\"act\"", "\"observe\""));
    world.wait_until_up();
    server.answers_500();
    world.line("an incident", |line| is_note(line, |note| matches!(note, Note::Opened { .. })));
    world.executor.expect_no_order(Duration::from_millis(1500));
    assert!(world.ask("{\"do\":\"status\"}").contains("status(500)"));
}

#[test]
fn a_journal_that_cannot_be_written_does_not_stop_the_guard() {
    let server = Server::start();
    let mut world = World::silent();
    // A file where the folder should be: nobody can write there, not even root.
    std::fs::write(world.state.path().join("journal"), "in the way").unwrap();
    world.executor.greet(&config(&server), &Started::default());
    world.executor.introduce();
    world.wait_until_up();
    world.executor.say(&Report::Died {
        app: SHOP,
        identity: Some(PROCESS),
        exit: Exit::Code(1),
        restart_in_ms: None,
    });
    server.hangs();
    assert_eq!(world.executor.expect_order().rung, Rung::Start);
    let refused = world.ask("{\"do\":\"hold\",\"app\":\"shop\",\"for_ms\":60000}");
    assert!(refused.contains("would not survive a restart"), "{refused}");
}

#[test]
fn an_app_that_is_known_by_its_port_is_looked_for_after_its_first_good_look() {
    let server = Server::start();
    let text = config(&server).replace("unit = \"shop.service\"", "recover = [\"true\"]");
    let mut world = World::silent();
    world.executor.greet(&text, &Started::default());
    assert_eq!(world.executor.expect(), Request::Identify { app: SHOP });
    world.executor.say(&Report::Found { app: SHOP, identity: PROCESS });
    world.line("the process", |line| is_note(line, |note| matches!(note, Note::Found { .. })));
}
