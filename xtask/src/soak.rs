//! The long run of the simulator (docs/simulation.md).

use crate::{dist, shell};

/// From so many years on the noise campaign's result is kept in the repository.
const KEPT_YEARS: u64 = 100_000;

/// Where it is kept.
const KEPT: &str = "docs/results/noise.md";

/// Builds the simulator's soak as fast as it can be, and hands the words on. `--fuzz MINUTES` before or
/// after them runs the fuzz targets first.
pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    let cargo = shell::cargo();
    let mut words = words.to_vec();
    if let Some(place) = words.iter().position(|word| *word == "--fuzz") {
        let minutes = words.get(place + 1).and_then(|word| word.parse::<u64>().ok());
        let seconds = minutes.ok_or("--fuzz how many minutes?")? * 60;
        words.drain(place..place + 2);
        shell::run(&cargo, &["xtask", "fuzz", "--seconds", &seconds.to_string()])?;
    }
    shell::run(&cargo, &["build", "--profile", "soak", "-p", "defib-sim", "--bin", "soak"])?;
    let binary = dist::target_folder()?.join("soak/soak").display().to_string();
    if !words.contains(&"--noise") {
        return shell::run(&binary, &words);
    }
    let (commit, date) = (commit()?, shell::output("date", &["--utc", "+%F"])?);
    words.extend(["--commit", &commit, "--date", date.trim()]);
    if years(&words).is_some_and(|years| years >= KEPT_YEARS) && !words.contains(&"--out") {
        words.extend(["--out", KEPT]);
    }
    shell::run(&binary, &words)
}

fn years(words: &[&str]) -> Option<u64> {
    let place = words.iter().position(|word| *word == "--years")?;
    words.get(place + 1)?.parse().ok()
}

/// The commit that is checked out, and whether the simulator or what it runs has been changed since.
fn commit() -> Result<String, String> {
    let head = shell::output("git", &["rev-parse", "--short=12", "HEAD"])?;
    let changed = shell::output("git", &["status", "--porcelain", "--", "crates", "Cargo.toml"])?;
    let mark = if changed.trim().is_empty() { "" } else { " with changes" };
    Ok(format!("{}{mark}", head.trim()))
}
