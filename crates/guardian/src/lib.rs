//! The loop: probes, engine, journal, control socket.

pub mod probe;
