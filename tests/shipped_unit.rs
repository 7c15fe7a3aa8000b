//! The unit that the package installs, as systemd's own judge sees it.

mod support;

use std::fs;
use std::process::Command;
use support::folder::Folder;

const UNIT: &str = include_str!("../dist/usr/lib/systemd/system/defib.service");

/// Ten times the exposure level that is allowed at most.
const EXPOSURE_MAX: &str = "45";

#[test]
fn the_shipped_unit_is_valid_and_exposed_by_4_5_at_most() {
    let folder = Folder::new("unit");
    let path = folder.join("defib.service");
    // Verifying looks whether the program is there.
    let unit = UNIT.replace("/usr/bin/defib", env!("CARGO_BIN_EXE_defib"));
    fs::write(&path, unit).expect("ours");
    let place = path.to_string_lossy();
    let verified = analyze(&["verify", &place]);
    assert_eq!(verified, (true, String::new()), "no warning");
    let threshold = format!("--threshold={EXPOSURE_MAX}");
    let (is_below, said) = analyze(&["security", "--offline=true", &threshold, &place]);
    assert!(is_below, "{said}");
}

/// Whether it was content, and what it said to that.
fn analyze(arguments: &[&str]) -> (bool, String) {
    let output = Command::new("systemd-analyze")
        .arg("--no-pager")
        .args(arguments)
        .output()
        .expect("systemd is installed (cargo xtask test installs it)");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// What a rung needs must not be taken away by a line that somebody adds later.
#[test]
fn no_line_takes_a_rung_away() {
    let forbidden = [
        "PrivateDevices=yes",
        "ProtectKernelTunables=yes",
        "ProcSubset=pid",
        "ProtectControlGroups=yes",
        "ProtectKernelLogs=yes",
        "PrivateTmp=yes",
        "ProtectHome=yes",
        "PrivateNetwork=yes",
        "KillMode=mixed",
        "KillMode=control-group",
    ];
    for line in UNIT.lines().map(str::trim) {
        assert!(!forbidden.contains(&line), "{line}");
    }
    for needed in ["CAP_SYS_BOOT", "CAP_KILL", "CAP_SETUID", "CAP_SETPCAP", "LimitMEMLOCK=infinity"]
    {
        assert!(UNIT.contains(needed), "{needed}");
    }
    assert!(
        UNIT.contains("RestartPreventExitStatus=78") && UNIT.contains("StartLimitIntervalSec=0")
    );
}
