//! A small D-Bus client: only the types that systemd and logind need, no allocation that a peer
//! could make grow, no call that blocks. Layout as in the D-Bus specification 0.38.

pub mod address;
pub mod auth;
pub mod frame;
pub mod message;
pub mod read;
pub mod socket;
pub mod value;
pub mod write;

/// The most bytes of one message that we read or write. A longer one is skipped: what we ask for
/// fits a hundred times (the largest answer is one property).
pub const MESSAGE_MAX: usize = 64 * 1024;
