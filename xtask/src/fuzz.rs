//! The fuzzers: libFuzzer on stable Rust, without cargo-fuzz (docs/fuzzing.md).

use crate::shell;
use std::fs;
use std::path::{Path, PathBuf};

/// What cargo-fuzz sets for `--sanitizer none`: coverage, and the values of comparisons. The bodies have no unsafe code
/// for a sanitizer to watch, and those need a nightly compiler.
const FLAGS: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=1 --cfg fuzzing";

/// Long enough for a slow machine under load; an input that takes longer is a finding.
const INPUT_S: u32 = 20;

/// `[TARGET] [--seconds N]`, each target for so long, or `keep`.
pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    match words {
        ["keep"] => keep(),
        [] => fuzz(&all()?, 60),
        ["--seconds", seconds] => fuzz(&all()?, number(seconds)?),
        [target] => fuzz(&[(*target).to_owned()], 60),
        [target, "--seconds", seconds] => fuzz(&[(*target).to_owned()], number(seconds)?),
        _ => Err("fuzz what? cargo xtask fuzz [TARGET] [--seconds N], or: fuzz keep".to_owned()),
    }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number of seconds"))
}

fn fuzz(targets: &[String], seconds: u32) -> Result<(), String> {
    let binaries = build()?;
    for target in targets {
        let seeds = shell::workspace().join("fuzz/corpus").join(target);
        let crashes = shell::workspace().join("fuzz/crashes").join(target);
        let found = found(target);
        for folder in [&seeds, &crashes, &found] {
            fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let options = [
            text(&found),
            text(&seeds),
            format!("-max_total_time={seconds}"),
            format!("-timeout={INPUT_S}"),
            format!("-artifact_prefix={}/", crashes.display()),
            "-print_final_stats=1".to_owned(),
        ];
        launch(&binaries.join(target), &options).map_err(|why| {
            format!(
                "{why}\nthe input is in {}; `cargo xtask test` runs it from now on",
                text(&crashes)
            )
        })?;
    }
    Ok(())
}

/// Takes over what was found since the last time, as few inputs as reach as far.
fn keep() -> Result<(), String> {
    let binaries = build()?;
    for target in all()? {
        let seeds = text(&shell::workspace().join("fuzz/corpus").join(&target));
        let options = ["-merge=1".to_owned(), seeds, text(&found(&target))];
        launch(&binaries.join(&target), &options)?;
    }
    Ok(())
}

fn build() -> Result<PathBuf, String> {
    let folder = shell::workspace().join("target/fuzz");
    let host = host()?;
    // With `--target` the flags are not for build scripts and macros, which have no libFuzzer to link to.
    let options = ["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", &host];
    let environment = [("RUSTFLAGS", FLAGS), ("CARGO_TARGET_DIR", &text(&folder))];
    shell::run_with(&shell::cargo(), &options, &environment)?;
    Ok(folder.join(host).join("release"))
}

fn host() -> Result<String, String> {
    let version = shell::output("rustc", &["-vV"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "`rustc -vV` names no host".to_owned())
}

fn launch(binary: &Path, options: &[String]) -> Result<(), String> {
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    shell::run(&text(binary), &options)
}

/// What a run adds: kept from run to run, and no part of the repository until `keep`.
fn found(target: &str) -> PathBuf {
    shell::workspace().join("target/fuzz-found").join(target)
}

fn all() -> Result<Vec<String>, String> {
    let folder = shell::workspace().join("fuzz/fuzz_targets");
    let entries =
        fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.path().file_stem()?.to_str().map(str::to_owned))
        .collect();
    names.sort();
    Ok(names)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
