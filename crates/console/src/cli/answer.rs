//! The verbs that need nothing but a question and an answer.

use crate::agents::{drill, hold, release, resume, status, why};
use crate::answer::Answer;
use crate::check::check;
use crate::cli::args::{Cli, Verb};
use crate::cli::parse::{completions, manual};
use crate::clock::Clock;
use crate::doctor::doctor;
use crate::import::import_cron;
use crate::install::install;
use crate::past::{explain, incidents};
use crate::replay::replay;
use crate::style::Style;

/// The answer, or `None` for the verbs that look, act or run on: `guard`, `daemon`, `probe`,
/// `demo`.
pub fn answer(cli: &Cli) -> Option<Answer> {
    let global = &cli.global;
    let style = Style::for_stdout(global.color, global.plain || global.json);
    let clock = if global.plain { Clock::utc() } else { Clock::local() };
    let answer = match cli.verb.as_ref()? {
        Verb::Status(args) => status(args, global, &clock, style),
        Verb::Incidents(args) => incidents(args, global, &clock, style),
        Verb::Explain(args) => explain(args, global, &clock, style),
        Verb::Why(args) => why(args, global, &clock, style),
        Verb::Hold(args) => hold(args, global, &clock),
        Verb::Release(args) => release(args, global),
        Verb::Resume(args) => resume(args, global),
        Verb::Drill(args) => drill(args, global),
        Verb::Check(args) => check(args, global, style),
        Verb::Doctor => doctor(global, style),
        Verb::Import(args) => import_cron(args, global),
        Verb::Install(args) => install(args, global),
        Verb::Replay(args) => replay(args, global),
        Verb::Completions(args) => completions(args),
        Verb::Man => manual(),
        Verb::Guard(_) | Verb::Daemon(_) | Verb::Probe(_) | Verb::Demo => return None,
    };
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse;
    use std::ffi::OsString;

    #[test]
    fn verbs_that_run_on_are_left_to_the_caller() {
        let asked = |line: &str| {
            let cli = parse(line.split_whitespace().map(OsString::from)).expect("a good line");
            answer(&cli)
        };
        for line in ["defib guard http://a/", "defib daemon", "defib probe http://a/", "defib demo"]
        {
            assert_eq!(asked(line), None, "{line}");
        }
        assert!(asked("defib man").is_some_and(|answer| answer.code == 0));
        let nowhere = asked("defib check /nowhere/defib.toml").expect("an answer");
        assert_eq!(nowhere.code, 3);
        assert!(nowhere.err.contains("was not checked"), "{}", nowhere.err);
    }
}
