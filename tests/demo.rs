//! `defib demo`, as a person runs it, with root and without.

mod support;

use rustix::process::geteuid;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use support::folder::Folder;

const BINARY: &str = env!("CARGO_BIN_EXE_defib");

/// What the demo promises.
const LIMIT: Duration = Duration::from_mins(2);

/// One row an app, as in src/demo/scenario.rs.
const APPS: [&str; 5] = ["demo-crash", "demo-hang", "demo-errors", "demo-stopped", "demo-orders"];

#[test]
fn every_outcome_is_right() {
    let folder = Folder::new("demo");
    assert_right(&folder, Command::new(BINARY).arg("demo"));
}

#[test]
fn every_outcome_is_right_without_root() {
    let folder = Folder::new("demo-nobody");
    assert_right(&folder, as_nobody(&folder).arg("demo"));
}

/// The binary without any privilege. A tester who has none runs it as it is; root's own checkout
/// may be closed to others, so nobody gets a copy.
fn as_nobody(folder: &Folder) -> Command {
    if !geteuid().is_root() {
        return Command::new(BINARY);
    }
    let copy = folder.join("defib");
    fs::copy(BINARY, &copy).expect("the folder is ours");
    open_to_all(&copy);
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(copy);
    command
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o777)).expect("it is ours");
}

fn assert_right(folder: &Folder, demo: &mut Command) {
    open_to_all(folder.path());
    let begun = Instant::now();
    // Its own folder is kept when something went wrong: inside ours, it is found beside the log.
    let output = demo.env("TMPDIR", folder.path()).env("HOME", folder.path()).output();
    let took = begun.elapsed();
    let output: Output = output.expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}{wrong}");
    for app in APPS {
        let is_right = |line: &str| line.starts_with(app) && line.ends_with(" right");
        assert_eq!(said.lines().filter(|line| is_right(line)).count(), 1, "{app}: {said}");
    }
    assert!(took < LIMIT, "it took {took:?}");
}
