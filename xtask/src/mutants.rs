//! Wrong engines and ledgers by the hundred, made by cargo-mutants (docs/mutants.md).

use crate::shell;
use std::collections::BTreeMap;
use std::fs;

/// Where cargo-mutants leaves what it found.
const FOUND: &str = "target/found";

/// Stages, quickest judge first: each is shown only what passed all before it (`--iterate`).
const STAGES: [Stage; 7] = [
    Stage { of: "defib-engine", judges: "defib-engine", tests: &["-C=--test=laws"] },
    Stage { of: "defib-engine", judges: "defib-engine", tests: &["-C=--test=properties"] },
    Stage { of: "defib-journal", judges: "defib-journal", tests: &["-C=--test=ledger"] },
    Stage { of: "defib-executor", judges: "defib-executor", tests: &["-C=--test=admission"] },
    Stage {
        of: "defib-executor",
        judges: "defib-executor",
        tests: &["-C=--lib", "--cargo-test-arg=ledger::laws"],
    },
    Stage {
        of: "defib-executor",
        judges: "defib-sim",
        tests: &["-C=--test=crashes", "-C=--test=whole"],
    },
    Stage {
        of: "defib-engine",
        judges: "defib-sim",
        tests: &["-C=--test=swarm", "-C=--test=model"],
    },
];

/// A part's mutants, the package whose tests judge them, and which tests.
struct Stage {
    of: &'static str,
    judges: &'static str,
    tests: &'static [&'static str],
}

/// Runs cargo-mutants by `.cargo/mutants.toml`, stage by stage, and tells what was caught. Words are handed on to
/// each stage: `--shard 1/8`, `--jobs 2`, `--file crates/engine/src/guards.rs`.
pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    let cargo = shell::cargo();
    if shell::output(&cargo, &["mutants", "--version"]).is_err() {
        return Err("cargo-mutants is not installed: `cargo install --locked cargo-mutants`".into());
    }
    // cargo-mutants makes its own folder, and none above it.
    fs::create_dir_all(shell::workspace().join(FOUND)).map_err(|why| format!("{FOUND}: {why}"))?;
    let mut fates = BTreeMap::new();
    for stage in &STAGES {
        println!("{} by {}", stage.of, stage.tests.join(", "));
        let folder = format!("{FOUND}/{}", stage.of);
        // Mutants that got away or never ended are a finding, and no reason to leave out the next stage.
        if let Err(why) = shell::run(&cargo, &arguments(stage, &folder, words)) {
            println!("{why}");
        }
        learn(&mut fates, &folder);
    }
    println!("{}", table(&fates)?);
    Ok(())
}

/// What is compiled is narrowed as well as what is run: a test program that is not asked for is half of the time.
fn arguments<'a>(stage: &Stage, folder: &'a str, words: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["mutants", "--iterate", "--no-shuffle", "--output", folder];
    all.extend(["--package", stage.of, "--test-package", stage.judges]);
    all.extend(stage.tests);
    all.extend(words);
    all
}

/// What became of a mutant; of two, the one that stands first here counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Caught,
    /// It never ended, which nobody overlooks.
    Endless,
    Missed,
    Unviable,
}

/// Reads what the last stage found. What an earlier one has caught is not shown to it again.
fn learn(fates: &mut BTreeMap<String, Fate>, folder: &str) {
    let kinds = [
        ("caught", Fate::Caught),
        ("timeout", Fate::Endless),
        ("missed", Fate::Missed),
        ("unviable", Fate::Unviable),
    ];
    for (file, fate) in kinds {
        let path = shell::workspace().join(folder).join(format!("mutants.out/{file}.txt"));
        for line in fs::read_to_string(path).unwrap_or_default().lines() {
            let known = fates.entry(line.to_owned()).or_insert(fate);
            *known = fate.min(*known);
        }
    }
}

/// The end table: each part, and all.
fn table(fates: &BTreeMap<String, Fate>) -> Result<String, String> {
    if fates.is_empty() {
        return Err("cargo-mutants has left no result".into());
    }
    let mut lines =
        String::from("mutants, unviable, caught, never ended, missed, of the viable caught\n");
    for part in ["crates/engine", "crates/journal", "crates/executor", ""] {
        let of = |fate| {
            let is_it = |(name, it): &(&String, &Fate)| name.starts_with(part) && **it == fate;
            fates.iter().filter(is_it).count()
        };
        let [caught, endless, missed, unviable] =
            [Fate::Caught, Fate::Endless, Fate::Missed, Fate::Unviable].map(of);
        let viable = caught + endless + missed;
        let percent = 100 * (caught + endless) / viable.max(1);
        let (all, name) = (viable + unviable, if part.is_empty() { "all" } else { part });
        let row =
            format!("{name}: {all}, {unviable}, {caught}, {endless}, {missed}, {percent} %\n");
        lines.push_str(&row);
    }
    Ok(lines)
}
