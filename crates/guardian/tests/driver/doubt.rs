//! The guardian itself is stopped for a while, and how quiet it is when all is well.

use crate::server::Server;
use crate::world::{World, config};
use defib_engine::event::{Doubt, Event};
use defib_journal::line::Line;
use rustix::process::Signal;
use std::time::Duration;

#[test]
fn a_stopped_guardian_doubts_itself_and_orders_nothing() {
    let server = Server::start();
    let mut world = World::start(&config(&server));
    world.wait_until_up();
    server.hangs();
    world.signal(Signal::STOP);
    world.executor.expect_no_order(Duration::from_millis(2500));
    server.is_well();
    world.signal(Signal::CONT);
    let entry = world.line(
        "the doubt",
        |line| matches!(line, Line::Event { event } if matches!(**event, Event::Doubted(_))),
    );
    let Line::Event { event } = entry.line else { unreachable!() };
    let Event::Doubted(Doubt::LateTimer { late_ms }) = *event else { panic!("{event:?}") };
    assert!((1500..4000).contains(&late_ms), "{late_ms}");
    world.executor.expect_no_order(Duration::from_secs(1));
}

#[test]
fn beats_come_often_enough_and_a_quiet_app_writes_nothing() {
    let server = Server::start();
    let mut world = World::start(&config(&server).replace("200ms", "5s").replace("100ms", "1s"));
    world.wait_until_up();
    let lines = world.journal().len();
    let wakes = wake_ups(world.pid());
    world.executor.expect_no_order(Duration::from_secs(5));
    let wakes = wake_ups(world.pid()) - wakes;
    // One look of 5 s takes 4 to 6: start, connect, first byte, end, a beat or two.
    assert!(wakes <= 16, "{wakes} wake-ups in 5 s");
    assert!(world.executor.beats >= 2);
    assert!(world.executor.silence < Duration::from_millis(3500), "{:?}", world.executor.silence);
    let new = world.journal().split_off(lines.min(world.journal().len()));
    let noise = new.iter().filter(|entry| {
        !matches!(entry.line, Line::Minute { .. } | Line::Capable { .. } | Line::Note { .. })
    });
    assert!(noise.count() <= 8, "{new:?}");
}

/// How often the process went to sleep, which is how often it was woken.
fn wake_ups(pid: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let sleeps = tasks.flatten().map(|task| {
        let status = std::fs::read_to_string(task.path().join("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.unwrap().trim().parse::<u64>().unwrap()
    });
    sleeps.sum()
}
