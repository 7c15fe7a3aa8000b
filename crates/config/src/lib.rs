//! TOML text to a validated policy, without IO.

pub mod spec;
