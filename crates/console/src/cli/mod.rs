//! The command line: what may be asked, and what each verb answers.

mod answer;
pub mod args;
pub mod duration;
mod help;
pub mod parse;

pub use answer::answer;
pub use args::{Cli, Verb};
pub use parse::parse;
