//! House rules that a compiler cannot hold. Each failure says where, which rule, why, and what to
//! do; an exception is an entry in `xtask/tidy.toml` with a reason, and must stay needed.

mod allow;
mod arrows;
mod banned;
mod dead;
mod finding;
mod length;
mod links;
mod lock;
mod promises;
mod safety;

use crate::shell;
use crate::tree::Tree;
use finding::{Finding, Weight};

/// How much is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// The house rules alone.
    Text,
    /// And formatting, clippy, cargo-deny.
    Full,
}

/// A rule looks at the whole tree and says what is wrong with it.
type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[Rule] = &[
    arrows::check,
    banned::check,
    dead::check,
    length::files,
    length::functions,
    links::check,
    lock::check,
    promises::check,
    safety::unsafe_files,
    safety::crate_docs,
];

const ALLOWANCES: &str = "xtask/tidy.toml";

/// Checks the tree.
pub(crate) fn run(depth: Depth) -> Result<(), String> {
    let tree = Tree::read()?;
    let text = tree.file(ALLOWANCES).map_or("", |file| file.text.as_str());
    let allowances = allow::read(text).map_err(|error| format!("{ALLOWANCES}: {error}"))?;
    let found = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    let found = allow::apply(&allowances, found, ALLOWANCES);
    for finding in &found {
        println!("{finding}");
    }
    let failures = found.iter().filter(|finding| finding.weight == Weight::Fails).count();
    if failures > 0 {
        return Err(format!("{failures} house rule(s) broken, listed above"));
    }
    println!("tidy: {} files keep the house rules", tree.files.len());
    if depth == Depth::Full { tools() } else { Ok(()) }
}

/// The rules that other programs hold.
fn tools() -> Result<(), String> {
    let cargo = shell::cargo();
    shell::run(&cargo, &["fmt", "--all", "--check"])?;
    shell::run(
        &cargo,
        &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"],
    )?;
    if shell::works(&cargo, &["deny", "--version"]) {
        shell::run(&cargo, &["deny", "check"])
    } else {
        println!("tidy: licences and advisories not checked: cargo-deny is not installed");
        Ok(())
    }
}
