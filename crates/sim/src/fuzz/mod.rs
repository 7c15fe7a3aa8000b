//! What the fuzzers run: for each target one function that takes any bytes and panics if a promise is broken.
//!
//! They are here and not in `fuzz/` so that ordinary tests run every kept input as well
//! (`tests/fuzz_corpus.rs`), on stable Rust and without a fuzzer. `docs/fuzzing.md` says how to look for more.

mod bytes;
mod config;
mod control_socket;
mod engine_laws;
mod engine_nonsense;
mod engine_step;
mod engine_world;
mod http_machine;
mod journal_reader;
mod ledger;
mod ledger_truth;
mod order_protocol;
mod recorder;

pub use config::config;
pub use control_socket::control_socket;
pub use engine_step::{engine_step, explain};
pub use http_machine::http_machine;
pub use journal_reader::journal_reader;
pub use ledger::ledger;
pub use order_protocol::order_protocol;
pub use recorder::recorder;

/// A target: its name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 8] = [
    ("engine_step", engine_step),
    ("journal_reader", journal_reader),
    ("ledger", ledger),
    ("config", config),
    ("http_machine", http_machine),
    ("control_socket", control_socket),
    ("order_protocol", order_protocol),
    ("recorder", recorder),
];
