//! The command line.

use defib_sim::plan::{Profile, in_clock, read_clock};
use defib_sim::trial::Accused;

/// What is printed when the words make no sense.
pub(crate) const USAGE: &str = "\
usage: sim VERB SEED|FILE [options]

  sim plan SEED              print the world of a seed, as text
  sim run SEED|FILE          run it under every checker; exit code 1: a promise was broken
  sim step SEED|FILE         walk what happens; FILE is a kept world or the log of a run
  sim shrink SEED|FILE       print the smallest world that breaks the same promise

  --profile swarm|calm|noise|agent|machine   what the seed is asked for (swarm)
  --agent engine|whole               who guards the apps (engine)
  --log FOLDER                       run: leave the event log there
  --skip                             run: jump over quiet stretches
  --breach NUMBER                    step: go to this breach; shrink: keep this one
  --at H:MM:SS.mmm                   step: print what happens around this time, and the state then
  --width SECONDS                    step: how much around it (30)";

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Plan,
    Run,
    Step,
    Shrink,
}

/// The command line, read.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    pub(crate) verb: Verb,
    pub(crate) what: String,
    pub(crate) profile: Profile,
    pub(crate) accused: Accused,
    pub(crate) log: Option<String>,
    pub(crate) skips: bool,
    pub(crate) breach: Option<String>,
    pub(crate) at_ms: Option<u64>,
    pub(crate) width_ms: u64,
}

/// Reads it.
pub(crate) fn parse(words: &[String]) -> Result<Args, String> {
    let mut words = words.iter().map(String::as_str);
    let verb = match words.next() {
        Some("plan") => Verb::Plan,
        Some("run") => Verb::Run,
        Some("step") => Verb::Step,
        Some("shrink") => Verb::Shrink,
        Some(other) => return Err(format!("there is no verb `{other}`")),
        None => return Err("what is to be done?".to_owned()),
    };
    let mut args = Args {
        verb,
        what: words.next().ok_or("a seed or a file is missing")?.to_owned(),
        profile: Profile::Swarm,
        accused: Accused::Engine,
        log: None,
        skips: false,
        breach: None,
        at_ms: None,
        width_ms: 30_000,
    };
    while let Some(option) = words.next() {
        if option == "--skip" {
            args.skips = true;
            continue;
        }
        let value = words.next().ok_or_else(|| format!("`{option}` needs a value"))?;
        set(&mut args, option, value)?;
    }
    Ok(args)
}

fn set(args: &mut Args, option: &str, value: &str) -> Result<(), String> {
    match option {
        "--profile" => args.profile = one_of(option, value, &Profile::ALL)?,
        "--agent" => args.accused = one_of(option, value, &Accused::ALL)?,
        "--log" => args.log = Some(value.to_owned()),
        "--breach" => args.breach = Some(value.to_owned()),
        "--at" => {
            let example = in_clock(3_723_500);
            let at_ms = read_clock(value);
            args.at_ms = Some(at_ms.ok_or_else(|| format!("{value} is no time as {example}"))?);
        }
        "--width" => {
            let seconds: u64 = value.parse().map_err(|_| format!("{value} are no seconds"))?;
            args.width_ms = seconds * 1_000;
        }
        other => return Err(format!("there is no option `{other}`")),
    }
    Ok(())
}

fn one_of<T: Copy>(option: &str, value: &str, all: &[(&str, T)]) -> Result<T, String> {
    let found = all.iter().find(|(name, _)| *name == value);
    found.map(|(_, it)| *it).ok_or_else(|| format!("`{option}` cannot be `{value}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Args, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&words)
    }

    #[test]
    fn options_are_read() {
        let args =
            parsed("step 7 --profile calm --agent whole --at 0:01:00.000 --width 5").unwrap();
        assert_eq!((args.verb, args.what.as_str()), (Verb::Step, "7"));
        assert_eq!((args.profile, args.accused), (Profile::Calm, Accused::Whole));
        assert_eq!((args.at_ms, args.width_ms), (Some(60_000), 5_000));
    }

    #[test]
    fn nonsense_is_refused() {
        for line in ["", "melt 7", "run", "run 7 --profile wild", "run 7 --at soon", "run 7 --log"]
        {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
