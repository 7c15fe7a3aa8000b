//! The whole loop: a guardian in a process of its own, against an executor's end that speaks the real
//! protocol, real servers and a real control socket.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod boots;
mod control;
mod doubt;
mod executor;
mod holds;
mod incident;
mod pressure;
mod reload;
mod replay;
mod restart;
mod server;
mod stall;
mod world;

/// Not a test: the process that the tests start as the guardian.
#[test]
#[ignore = "the role of the guardian, started by the other tests"]
fn guardian_role() {
    world::guardian_role();
}
