//! One fold of the journal, drawn by the command line.

pub mod agents;
pub mod answer;
pub mod check;
pub mod cli;
pub mod clock;
pub mod control;
pub mod doctor;
pub mod explain;
pub mod import;
pub mod install;
pub mod nagios;
pub mod narrate;
mod page;
pub mod past;
pub mod places;
pub mod replay;
pub mod style;
pub mod view;
pub mod words;

/// The version, and beside it what a build for a lab has to say of itself.
pub const VERSION: &str = if defib_engine::scale::FOR_A_LAB_ONLY.is_some() {
    concat!(env!("CARGO_PKG_VERSION"), "+scaled-windows (NOT FOR USE: a sixtieth of each window)")
} else {
    env!("CARGO_PKG_VERSION")
};
