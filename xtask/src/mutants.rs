//! Wrong engines and ledgers by the hundred, made by cargo-mutants (docs/mutants.md).

use crate::shell;

/// Runs cargo-mutants by `.cargo/mutants.toml`, and hands the words on: `--shard 1/8`, `--jobs 2`,
/// `--file crates/engine/src/guards.rs`. What was caught and what was not stands in `mutants.out`.
pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    let cargo = shell::cargo();
    if shell::output(&cargo, &["mutants", "--version"]).is_err() {
        return Err("cargo-mutants is not installed: `cargo install --locked cargo-mutants`".into());
    }
    // The tests see one changed copy of the tree after the other, never this one.
    let mut all = vec!["mutants", "--package", "defib-engine", "--package", "defib-journal"];
    all.extend(["--package", "defib-executor"]);
    all.extend(words);
    shell::run(&cargo, &all)
}
