//! The test tiers. The runner comes last, so that its closing line is the last of all.

use crate::{deb_trial, dist, needs, shell, tidy};

/// A slower tier: tests that carry its name in `#[ignore = "NAME: ..."]` and in their own.
struct Tier {
    name: &'static str,
    /// What it asks for, for people.
    asks: &'static str,
    /// The tests, as nextest selects them.
    filter: &'static str,
}

const TIERS: &[Tier] = &[Tier {
    name: "soak",
    asks: "an hour of two cores; nothing but loopback and temporary folders",
    filter: "test(/soak_/)",
}];

/// All that must be green before a commit.
pub(crate) fn ordinary() -> Result<(), String> {
    needs::packages()?;
    needs::venv()?;
    tidy::run(tidy::Depth::Full)?;
    let cargo = shell::cargo();
    shell::run(&cargo, &["test", "--workspace", "--doc", "--quiet"])?;
    if has_nextest() {
        shell::run(&cargo, &["nextest", "run", "--workspace"])
    } else {
        println!("cargo-nextest is not installed: running with cargo test, which is slower");
        shell::run(&cargo, &["test", "--workspace", "--all-targets"])
    }
}

/// A slower tier, by name.
pub(crate) fn tier(name: &str) -> Result<(), String> {
    match name {
        "lab" => return lab(),
        "deb" => return deb_trial::run(),
        _ => {}
    }
    let Some(tier) = TIERS.iter().find(|tier| tier.name == name) else {
        let names: Vec<&str> = TIERS.iter().map(|tier| tier.name).collect();
        return Err(format!("no tier `{name}`; there are: {}, lab, deb", names.join(", ")));
    };
    println!("tier {}: asks for {}", tier.name, tier.asks);
    needs::packages()?;
    needs::venv()?;
    let cargo = shell::cargo();
    if has_nextest() {
        let arguments =
            ["nextest", "run", "--workspace", "--run-ignored", "only", "--no-tests", "warn"];
        shell::run(&cargo, &[&arguments[..], &["--profile", tier.name, "-E", tier.filter]].concat())
    } else {
        let prefix = format!("{}_", tier.name);
        shell::run(&cargo, &["test", "--workspace", "--", "--ignored", &prefix])
    }
}

/// The static binary as a service of a real systemd, in a machine of its own that really reboots.
fn lab() -> Result<(), String> {
    if std::env::var_os("DEFIB_LAB").is_none() {
        return Err("the lab tier needs a lab folder: set DEFIB_LAB (docs/lab.md)".to_owned());
    }
    let binary = dist::run(dist::Build::Shipped)?;
    let script = shell::workspace().join("lab/run");
    shell::run(&script.to_string_lossy(), &["tier", &binary.to_string_lossy()])
}

fn has_nextest() -> bool {
    shell::works(&shell::cargo(), &["nextest", "--version"])
}
