//! The Debian package: the static binary and what `dist/` mirrors.

use crate::{dist, shell};
use std::path::PathBuf;

/// The name of the tool, as cargo knows it.
const TOOL: &str = "cargo-deb";

/// Builds it and says where it is.
pub(crate) fn run() -> Result<PathBuf, String> {
    let cargo = shell::cargo();
    if !shell::works(&cargo, &["deb", "--version"]) {
        shell::run(&cargo, &["install", "--locked", TOOL])?;
    }
    let binary = dist::run()?;
    let folder = binary.parent().ok_or("the binary lies in no folder")?.to_path_buf();
    // An older version's package must not be taken for this one's.
    for old in packages(&folder)? {
        std::fs::remove_file(&old).map_err(|error| format!("{}: {error}", old.display()))?;
    }
    let output = folder.to_string_lossy();
    let arguments = [
        "deb",
        "--package",
        "defib",
        "--no-build",
        "--no-strip",
        "--output",
        &format!("{output}/"),
    ];
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
