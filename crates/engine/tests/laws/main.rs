//! The laws of the engine, with no text in them that a change of words would break. One program, because
//! cargo-mutants links it once for each of a thousand wrong engines (docs/mutants.md).

#[path = "../support/mod.rs"]
mod support;

mod alarms;
mod answers;
mod books;
mod boots;
mod deaths;
mod edges;
mod evidence;
mod first;
mod first_start;
mod freeze;
mod invariants;
mod limits;
mod machine;
mod pace;
mod pressed;
mod returns;
mod rungs;
mod starved;
mod suspicion;
mod truths;
mod values;
mod verified;
mod wakes;
