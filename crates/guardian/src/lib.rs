//! The loop: probes, engine, journal, control socket.
