//! What wakes the guardian when memory is short, in the kernel's place: descriptors that fire as the test likes.

use crate::server::Server;
use crate::world::{World, config, until};
use defib_guardian::Trigger;
use defib_journal::line::Line;
use rustix::fd::{AsFd, OwnedFd};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use std::time::{Duration, Instant};

/// Tells the guardian's process whether its standard output is a trigger.
pub(crate) const IS_THERE: &str = "DEFIB_TEST_TRIGGER";

/// In the guardian's process.
pub(crate) fn trigger() -> Result<Trigger, String> {
    if std::env::var(IS_THERE).as_deref() != Ok("yes") {
        return Err("not in this test".to_owned());
    }
    let output = std::io::stdout().as_fd().try_clone_to_owned();
    output.map(Trigger::while_readable).map_err(|error| error.to_string())
}

/// Theirs can be read once something was written to ours; what the test harness prints there is never read.
fn pair() -> (OwnedFd, OwnedFd) {
    socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap()
}

/// Readings of the machine that pressure has brought forward.
fn readings(world: &World) -> u64 {
    let answer = world.ask("{\"do\":\"status\"}");
    let (_, from) = answer.split_once("\"readings\":").unwrap();
    from.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// Of the whole process, in ticks of 10 ms.
fn cpu_ticks(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = text.rsplit(") ").next().unwrap().split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn a_trigger_brings_a_reading_forward() {
    let server = Server::start();
    let (ours, theirs) = pair();
    let world = World::started(&config(&server), Some(theirs));
    world.wait_until_up();
    assert!(
        world.ask("{\"do\":\"status\"}").contains("\"trigger\":{\"error\":null,\"readings\":0}")
    );
    let fired = Instant::now();
    rustix::io::write(&ours, b"!").unwrap();
    until("a reading", Duration::from_secs(3), || (readings(&world) > 0).then_some(()));
    // At once, or a second after the last one.
    assert!(fired.elapsed() < Duration::from_secs(2), "{:?}", fired.elapsed());
}

#[test]
fn a_trigger_that_never_rests_brings_one_reading_a_second_and_takes_no_cpu() {
    let server = Server::start();
    let (ours, theirs) = pair();
    // Nobody reads it, so it can be read for ever.
    rustix::io::write(&ours, b"!").unwrap();
    let world = World::started(&config(&server), Some(theirs));
    world.wait_until_up();
    until("the first", Duration::from_secs(3), || (readings(&world) > 0).then_some(()));
    let (began, ticks, first) = (Instant::now(), cpu_ticks(world.pid()), readings(&world));
    let four = Duration::from_secs(4);
    until("four seconds", 2 * four, || (began.elapsed() >= four).then_some(()));
    let (made, used_ms) = (readings(&world) - first, (cpu_ticks(world.pid()) - ticks) * 10);
    let took = began.elapsed();
    // The bound holds however late we are served; a loop that spins takes a whole CPU.
    assert!((3..=took.as_secs() + 1).contains(&made), "{made} in {took:?}");
    assert!(u128::from(used_ms) < took.as_millis() / 4, "{used_ms} ms of CPU in {took:?}");
}

#[test]
fn a_trigger_that_is_taken_back_is_told_and_guarding_goes_on() {
    let server = Server::start();
    let (ours, theirs) = pair();
    let world = World::started(&config(&server), Some(theirs));
    world.wait_until_up();
    drop(ours);
    let told = |line: &Line<'_>| matches!(line, Line::Alarm { message, .. } if message.contains("each 5 s"));
    world.line("an alarm", told);
    let why = "\"trigger\":{\"error\":\"the kernel has taken its trigger back\"";
    assert!(world.ask("{\"do\":\"status\"}").contains(why));
    assert_eq!(world.count(told), 1);
    let looks = |world: &World| world.ask("{\"do\":\"status\"}").contains("\"state\":\"up\"");
    assert!(looks(&world));
}

#[test]
fn without_a_trigger_status_says_why() {
    let server = Server::start();
    let world = World::start(&config(&server));
    world.wait_until_up();
    assert!(
        world.ask("{\"do\":\"status\"}").contains("\"trigger\":{\"error\":\"not in this test\"")
    );
}
