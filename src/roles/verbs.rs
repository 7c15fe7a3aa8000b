//! From a verb to whoever answers it.

use crate::demo;
use crate::roles::{agent, probe};
use defib_console::answer::Answer;
use defib_console::cli::args::{Cli, Global, Verb};
use defib_console::clock::Clock;
use defib_console::style::Style;
use defib_console::{agents, check, cli, past, replay};
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs what the arguments ask for.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let answer = match cli::parse(arguments) {
        Err(answer) => *answer,
        Ok(Cli { verb: None, .. }) => return ExitCode::SUCCESS,
        Ok(Cli { global, verb: Some(verb) }) => match answer(&global, verb) {
            Ok(answer) => answer,
            Err(code) => return code,
        },
    };
    ExitCode::from(answer.print())
}

/// An answer to print, or the exit code of something that has spoken for itself.
fn answer(global: &Global, verb: Verb) -> Result<Answer, ExitCode> {
    let style = Style::for_stdout(global.color, global.plain);
    let clock = Clock::local();
    Ok(match verb {
        Verb::Guard(args) => return Err(agent::guard(&args, global)),
        Verb::Daemon(args) => return Err(agent::daemon(&args, global)),
        Verb::Demo => return Err(demo::run(style)),
        Verb::Status(args) => agents::status(&args, global, &clock, style),
        Verb::Incidents(args) => past::incidents(&args, global, &clock, style),
        Verb::Explain(args) => past::explain(&args, global, &clock, style),
        Verb::Why(args) => agents::why(&args, global, style),
        Verb::Hold(args) => agents::hold(&args, global, &clock),
        Verb::Release(args) => agents::release(&args, global),
        Verb::Probe(args) => probe::probe(&args, global),
        Verb::Check(args) => check::check(&args, global, style),
        Verb::Replay(args) => replay::replay(&args, global),
        Verb::Completions(args) => cli::parse::completions(&args),
        Verb::Man => cli::parse::manual(),
    })
}
