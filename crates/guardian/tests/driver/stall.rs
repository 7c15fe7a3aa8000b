//! A disk that answers nobody: a FIFO without a writer, which holds up whoever opens it, by the kernel.

use crate::executor::{Executor, PROCESS, SHOP};
use crate::server::Server;
use crate::world::{World, config, until};
use defib_engine::effect::Rung;
use defib_engine::event::{Exit, Started};
use defib_journal::line::Line;
use defib_journal::order::Report;
use rustix::event::{EventfdFlags, eventfd};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const HOLD: &str = "{\"do\":\"hold\",\"app\":\"shop\",\"for_ms\":60000}";

/// The newest file of the journal, whatever the date.
fn stall(world: &World) -> PathBuf {
    let folder = world.state.path().join("journal");
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("20991231.jsonl");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    path
}

/// Whoever waits for the FIFO finds an empty file, and it is gone.
fn get_well(path: &PathBuf) {
    let both_ends = open(path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).unwrap();
    std::fs::remove_file(path).unwrap();
    drop(both_ends);
}

#[test]
fn a_stalled_disk_delays_neither_the_beginning_nor_an_order_and_is_confessed() {
    let server = Server::start();
    let mut world = World::silent();
    let path = stall(&world);
    world.executor.greet(&config(&server), &Started::default());
    world.executor.introduce();
    let began = Instant::now();
    world.wait_until_up();
    // The executor ends a guardian that says nothing for 5 s.
    assert!(began.elapsed() < Duration::from_millis(4500), "{:?}", began.elapsed());
    server.hangs();
    let died = Instant::now();
    let (app, identity) = (SHOP, Some(PROCESS));
    world.executor.say(&Report::Died { app, identity, exit: Exit::Code(1), restart_in_ms: None });
    let order = world.executor.expect_order();
    assert!(died.elapsed() < Duration::from_secs(2), "{:?}", died.elapsed());
    assert_eq!(order.rung, Rung::Start);
    assert!(world.ask("{\"do\":\"status\"}").contains("the disk does not answer"));
    let refused = world.ask(HOLD);
    assert!(refused.contains("would not survive a restart"), "{refused}");

    get_well(&path);
    until("a hold that is durable", Duration::from_secs(20), || {
        world.ask(HOLD).contains("\"until\"").then_some(())
    });
    world.kill();
    let is_hold = |line: &Line<'_>| matches!(line, Line::Hold { until: Some(_), .. });
    assert!(world.count(is_hold) >= 1, "acknowledged, so not lost");
}

/// A stop that the disk does not let be written is a stop all the same, within a second and the test's 2 s.
#[test]
fn a_stalled_disk_delays_no_end() {
    let server = Server::start();
    let stalled = || {
        let mut world = World::silent();
        let path = stall(&world);
        world.executor.greet(&config(&server), &Started::default());
        world.executor.introduce();
        world.wait_until_up();
        (world, path)
    };
    let (mut told, _path) = stalled();
    told.executor.say(&Report::Stop);
    assert_eq!(told.ended().code(), Some(50));

    let (mut alone, _path) = stalled();
    alone.executor = Executor::new(eventfd(0, EventfdFlags::CLOEXEC).unwrap());
    assert_eq!(alone.ended().code(), Some(51));
}
