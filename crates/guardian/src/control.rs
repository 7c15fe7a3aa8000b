//! The control socket: `docs/formats/control.md`.

pub(crate) mod answers;
mod connection;
pub(crate) mod listener;
mod peer;
pub(crate) mod request;

pub(crate) use connection::{Heard, hear_pieces};
