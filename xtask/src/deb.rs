//! The Debian package: the static binary and what `dist/` mirrors.

use crate::dist::{self, Build};
use crate::shell;
use std::path::PathBuf;

/// The name of the tool, as cargo knows it.
const TOOL: &str = "cargo-deb";

/// What the package for a lab calls itself.
const LAB_VERSION: &str = "0.0.0~scaled-windows";

/// Builds it and says where it is.
pub(crate) fn run(which: Build) -> Result<PathBuf, String> {
    let cargo = shell::cargo();
    if !shell::works(&cargo, &["deb", "--version"]) {
        shell::run(&cargo, &["install", "--locked", TOOL])?;
    }
    let binary = dist::run(which)?;
    let folder = binary.parent().ok_or("the binary lies in no folder")?.to_path_buf();
    // An older version's package must not be taken for this one's.
    for old in packages(&folder)? {
        std::fs::remove_file(&old).map_err(|error| format!("{}: {error}", old.display()))?;
    }
    let output = format!("{}/", folder.display());
    let mut arguments =
        vec!["deb", "--package", "defib", "--no-build", "--no-strip", "--output", &output];
    if which == Build::ForALab {
        // Older than any version that people have: the next upgrade replaces it.
        arguments.extend(["--variant", "lab", "--deb-version", LAB_VERSION]);
    }
    shell::run(&cargo, &arguments)?;
    let made = packages(&folder)?.pop().ok_or("cargo-deb made no package")?;
    println!("{}", made.display());
    Ok(made)
}

fn packages(folder: &std::path::Path) -> Result<Vec<PathBuf>, String> {
    let entries =
        std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    Ok(paths.filter(|path| path.extension().is_some_and(|kind| kind == "deb")).collect())
}
