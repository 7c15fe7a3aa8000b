//! Every shape that crosses a process or a disk (versioned), and the append-only daily files.

pub mod order;
