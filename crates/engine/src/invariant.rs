//! Invariants: promises of one step, checked after every step in tests, simulator and fuzzers.
