//! From a verb to whoever answers it.

use crate::demo;
use crate::roles::{agent, probe};
use defib_console::cli::args::{Cli, Verb};
use defib_console::cli::{answer, parse};
use defib_console::style::Style;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs what the arguments ask for.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    match parse(arguments) {
        Err(answer) => ExitCode::from(answer.print()),
        Ok(cli) => match answer(&cli) {
            Some(answer) => ExitCode::from(answer.print()),
            None => run_on(&cli),
        },
    }
}

/// The verbs that look, act or run on; the others are the console's.
fn run_on(cli: &Cli) -> ExitCode {
    let global = &cli.global;
    match &cli.verb {
        Some(Verb::Guard(args)) => agent::guard(args, global),
        Some(Verb::Daemon(args)) => agent::daemon(args, global),
        Some(Verb::Demo) => demo::run(Style::for_stdout(global.color, global.plain)),
        Some(Verb::Probe(args)) => ExitCode::from(probe::probe(args, global).print()),
        _ => ExitCode::SUCCESS,
    }
}
