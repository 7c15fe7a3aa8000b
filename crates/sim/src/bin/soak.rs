//! The long run: `cargo xtask soak`.

use defib_sim::soak::{Campaign, Wish, campaign, soak};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "\
usage: soak --minutes N [--seed S] [--jobs J] [--logs DIR]
       soak --noise --years N [--seed S] [--jobs J] [--out FILE] [--commit C] [--date D]
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("soak: {message}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run(words: &[String]) -> Result<bool, String> {
    let (mut minutes, mut years, mut seed) = (None, None, 1);
    let mut jobs = std::thread::available_parallelism().map_or(2, |it| it.get() as u64);
    let (mut noise, mut out) = (false, None);
    let (mut commit, mut date) = (String::from("unknown"), String::from("unknown"));
    let mut logs = PathBuf::from("target/soak-logs");
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if word == "--noise" {
            noise = true;
            continue;
        }
        let value = rest.next().ok_or_else(|| format!("{word} what?"))?;
        let number = || value.parse::<f64>().map_err(|_| format!("{word} {value}: not a number"));
        match word.as_str() {
            "--minutes" => minutes = Some(number()?),
            "--years" => years = Some(number()? as u64),
            "--seed" => seed = number()? as u64,
            "--jobs" => jobs = (number()? as u64).max(1),
            "--logs" => logs = PathBuf::from(value),
            "--out" => out = Some(PathBuf::from(value)),
            "--commit" => commit.clone_from(value),
            "--date" => date.clone_from(value),
            _ => return Err(format!("no such option: {word}")),
        }
    }
    let lasts = Duration::from_secs_f64(minutes.unwrap_or(0.0).max(0.0) * 60.0);
    let wish = Wish { lasts, seed, jobs, logs };
    match (noise, minutes, years) {
        (false, Some(_), _) => Ok(soak(&wish)),
        (true, _, Some(years)) => {
            let mut failed = None;
            let kept = campaign(&Campaign { wish, years, commit, date }, |text| {
                println!("{text}");
                let written = out.as_ref().map(|out| std::fs::write(out, text));
                failed = written.and_then(Result::err);
            });
            match failed {
                Some(error) => Err(format!("the result could not be written: {error}")),
                None => Ok(kept),
            }
        }
        _ => Err("how long? --minutes N, or --noise --years N".to_owned()),
    }
}
