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
