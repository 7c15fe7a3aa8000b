//! Holds, by command and by file.

use crate::server::Server;
use crate::world::{World, config};
use defib_engine::event::Started;
use defib_journal::line::Line;
use std::fs::File;
use std::time::Duration;

fn state_is(world: &World, state: &str) {
    crate::world::until(state, Duration::from_secs(10), || {
        world.ask("{\"do\":\"status\"}").contains(&format!("\"state\":\"{state}\"")).then_some(())
    });
}

#[test]
fn a_hold_by_command_is_in_the_journal_when_it_is_acknowledged() {
    let server = Server::start();
    let mut world = World::start(&config(&server));
    world.wait_until_up();
    let asked = world.ask("{\"do\":\"hold\",\"app\":\"*\",\"for_ms\":60000,\"reason\":\"deploy\"}");
    assert!(asked.contains("\"until\":\"20"), "{asked}");
    assert_eq!(
        world.count(|line| matches!(line, Line::Hold { until: Some(_), by, reason, .. }
            if by == "command" && reason == "deploy")),
        1
    );
    server.hangs();
    world.executor.expect_no_order(Duration::from_secs(2));
    server.is_well();
    assert!(world.ask("{\"do\":\"release\",\"app\":\"shop\"}").contains("defib.release/1"));
    state_is(&world, "up");
}

#[test]
fn a_touched_file_holds_until_it_is_removed() {
    let server = Server::start();
    let world = World::start(&config(&server));
    world.wait_until_up();
    let path = world.runtime.path().join("hold/shop");
    File::create(&path).unwrap();
    state_is(&world, "held");
    let refused = world.ask("{\"do\":\"release\",\"app\":\"shop\"}");
    assert!(refused.contains("still holds 'shop'"), "{refused}");
    std::fs::remove_file(&path).unwrap();
    state_is(&world, "up");
}

#[test]
fn a_file_that_vanishes_while_nobody_looks_ends_no_hold_by_command() {
    let server = Server::start();
    let text = config(&server);
    let mut world = World::start(&text);
    world.wait_until_up();
    world.ask("{\"do\":\"hold\",\"app\":\"shop\",\"for_ms\":600000}");
    let path = world.runtime.path().join("hold/shop");
    for round in 0..2 {
        File::create(&path).unwrap();
        let by_file =
            |line: &Line<'_>| matches!(line, Line::Hold { by, until: Some(_), .. } if by == "file");
        crate::world::until("the file's hold", Duration::from_secs(10), || {
            (world.count(by_file) > round).then_some(())
        });
        world.kill();
        std::fs::remove_file(&path).unwrap();
        world.restart(&text, &Started::default());
        state_is(&world, "held");
    }
    assert!(world.ask("{\"do\":\"release\",\"app\":\"shop\"}").contains("defib.release/1"));
    state_is(&world, "up");
}
