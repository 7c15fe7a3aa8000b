//! Arguments to a [`Cli`], or to the help or the error that is to be shown instead.

use crate::answer::Answer;
use crate::cli::args::{Cli, ColorWhen, CompletionsArgs};
use clap::{CommandFactory, FromArgMatches};
use std::ffi::OsString;

/// What the exit code of a usage error is in the family that monitoring systems read: there 2
/// means *critical*, and a typo is not an outage.
const NAGIOS_UNKNOWN: u8 = 3;

/// Reads the arguments (the program's name first). An `Err` is what is to be printed, with its
/// exit code: help (0), the version (0), a usage error (2, or 3 for `probe` and
/// `status --nagios`).
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, Box<Answer>> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let parsed = command(&arguments)
        .try_get_matches_from(&arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(Cli { verb: None, .. }) => Err(Box::new(Answer::done(short_help()))),
        Ok(cli) => Ok(cli),
        Err(error) => Err(Box::new(refusal(&error, &arguments))),
    }
}

fn command(arguments: &[OsString]) -> clap::Command {
    let when = match wanted_color(arguments) {
        ColorWhen::Auto => clap::ColorChoice::Auto,
        ColorWhen::Always => clap::ColorChoice::Always,
        ColorWhen::Never => clap::ColorChoice::Never,
    };
    Cli::command().color(when)
}

/// `--color` must be known before parsing, because errors of parsing are coloured too.
fn wanted_color(arguments: &[OsString]) -> ColorWhen {
    let said = |value: &str| {
        let joined = format!("--color={value}");
        arguments.iter().any(|argument| argument == joined.as_str())
            || arguments.windows(2).any(|pair| pair[0] == "--color" && pair[1] == value)
    };
    match (said("never"), said("always")) {
        (true, _) => ColorWhen::Never,
        (false, true) => ColorWhen::Always,
        (false, false) => ColorWhen::Auto,
    }
}

fn short_help() -> String {
    let about = Cli::command().get_about().map(ToString::to_string).unwrap_or_default();
    format!(
        "defib: {}{}.\n\n{}\n\nAll commands: defib --help\n",
        about[..1].to_lowercase(),
        &about[1..],
        crate::cli::help::EXAMPLES
    )
}

fn refusal(error: &clap::Error, arguments: &[OsString]) -> Answer {
    let rendered = error.render();
    if !error.use_stderr() {
        return Answer::done(rendered.to_string());
    }
    let code = if is_nagios(arguments) { NAGIOS_UNKNOWN } else { 2 };
    let err = rendered.to_string();
    // A monitoring system shows stdout alone.
    let out = if code == NAGIOS_UNKNOWN { nagios_usage(&err) } else { String::new() };
    Answer { out, err, code }
}

fn nagios_usage(err: &str) -> String {
    let first = err.lines().next().unwrap_or_default();
    let short: String = first.trim_start_matches("error: ").chars().take(60).collect();
    format!("UNKNOWN: {short}\n")
}

fn is_nagios(arguments: &[OsString]) -> bool {
    let verb = arguments.iter().skip(1).find(|a| *a == "probe" || *a == "status");
    verb.is_some_and(|v| v == "probe" || arguments.iter().any(|a| a == "--nagios"))
}

/// `completions SHELL`
pub fn completions(wanted: &CompletionsArgs) -> Answer {
    let mut text = Vec::new();
    clap_complete::generate(wanted.shell, &mut Cli::command(), "defib", &mut text);
    Answer::done(String::from_utf8_lossy(&text))
}

/// `man`: the verbs' pages follow the first one, as one roff document.
pub fn manual() -> Answer {
    let mut text = Vec::new();
    let mut command = Cli::command();
    command.build();
    let written = std::iter::once(&command)
        .chain(command.get_subcommands())
        .try_for_each(|part| clap_mangen::Man::new(part.clone()).render(&mut text));
    match written {
        Ok(()) => Answer::done(String::from_utf8_lossy(&text)),
        Err(error) => Answer::failed(1, format!("the manual page could not be made: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Verb, Which};

    fn run(line: &str) -> Result<Cli, Box<Answer>> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn code(line: &str) -> u8 {
        run(line).map_or_else(|answer| answer.code, |_| 200)
    }

    #[test]
    fn clap_finds_no_contradiction_in_the_definition() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_stand_before_or_after_the_verb() {
        for line in ["defib --json --socket /x status", "defib status --json --socket /x"] {
            let cli = run(line).expect("a good line");
            assert!(cli.global.json);
            assert_eq!(cli.global.socket.as_deref(), Some(std::path::Path::new("/x")));
        }
    }

    #[test]
    fn a_usage_error_is_two_but_three_where_monitoring_reads() {
        assert_eq!(code("defib chek"), 2);
        assert_eq!(code("defib status --wrong"), 2);
        assert_eq!(code("defib status --nagios --wrong"), 3);
        assert_eq!(code("defib probe"), 3);
        assert_eq!(code("defib guard"), 2);
        assert_eq!(code("defib guard http://x/ --start a --unit b"), 2);
        assert_eq!(code("defib guard http://x/ --config f"), 2);
        assert_eq!(code("defib --json --plain status"), 2);
    }

    #[test]
    fn help_and_version_are_no_errors() {
        for line in ["defib", "defib -h", "defib --help", "defib status --help", "defib --version"]
        {
            let answer = run(line).expect_err("something to print");
            assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{line}");
            assert!(!answer.out.is_empty());
        }
    }

    #[test]
    fn long_help_begins_with_examples() {
        for verb in ["guard", "status", "explain", "hold", "check", "replay", "probe", "doctor"] {
            let answer = run(&format!("defib {verb} --help")).expect_err("help");
            assert!(answer.out.starts_with("Example"), "{verb}: {}", answer.out);
        }
    }

    #[test]
    fn a_typo_gets_a_suggestion() {
        let answer = run("defib chek").expect_err("no such verb");
        assert!(answer.err.contains("'check'"), "{}", answer.err);
    }

    #[test]
    fn explain_takes_a_number_or_last() {
        let which = |line: &str| match run(line).map(|cli| cli.verb) {
            Ok(Some(Verb::Explain(args))) => Some(args.which),
            _ => None,
        };
        assert_eq!(which("defib explain last"), Some(Which::Last));
        assert_eq!(which("defib explain #4"), Some(Which::Number(4)));
        assert_eq!(which("defib explain four"), None);
    }

    #[test]
    fn help_snapshots() {
        let text = |line: &str| run(line).expect_err("help").out;
        insta::assert_snapshot!("help_alone", text("defib"));
        insta::assert_snapshot!("help_short", text("defib -h"));
        insta::assert_snapshot!("help_guard", text("defib guard --help"));
    }

    #[test]
    fn completions_and_manual_name_every_verb() {
        let shells = completions(&CompletionsArgs { shell: clap_complete::Shell::Bash });
        let page = manual();
        for verb in ["guard", "daemon", "explain", "release", "replay", "doctor"] {
            assert!(shells.out.contains(verb) && page.out.contains(verb), "{verb}");
        }
    }
}
