//! Every shape that crosses a process or a disk (versioned), and the append-only daily files.

mod engine_wire;
pub mod json;
pub mod ledger;
mod malformed;
pub mod order;
mod shapes;
mod wire;
