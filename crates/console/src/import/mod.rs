//! `defib import cron`: from the old script to a config. Nothing of what is read is run.

mod apply;
mod classify;
mod crontab;
mod gather;
mod guard;
mod plan;
mod reload;
mod retire;
mod say;
mod shell;
mod surroundings;
mod text;
mod verb;
mod write;

#[cfg(test)]
mod done;
#[cfg(test)]
mod tests;

pub use verb::import_cron;
