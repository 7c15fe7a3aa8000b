//! `defib import cron` at a terminal: what a person's answers do. The crontabs are those of a folder that is
//! taken for the machine; this machine's are never read.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use support::folder::Folder;

const RESTARTS: &str =
    "MAILTO=me\n*/5 * * * * root curl -sf http://127.0.0.1:8000/ || systemctl restart shop\n";
const REBOOTS: &str = "*/5 * * * * root curl -sf http://127.0.0.1:8000/ || /sbin/reboot\n";

/// The question before anything is written.
const WRITE: &str = "and comment these lines out? [y/N]";
/// The one before defib may reboot the machine.
const REBOOT: &str = "reboots the machine. May defib,";

struct Root(Folder);

impl Root {
    /// A machine with this crontab.
    fn new(name: &str, crontab: &str) -> Root {
        let root = Root(Folder::new(name));
        fs::create_dir_all(root.0.join("etc")).expect("ours");
        fs::write(root.0.join("etc/crontab"), crontab).expect("ours");
        root
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.0.join(name)).ok()
    }

    fn crontab(&self) -> String {
        self.read("etc/crontab").expect("it stays")
    }

    fn config(&self) -> Option<String> {
        self.read("etc/defib/defib.toml")
    }

    /// What the terminal shows when a person gives these answers and no more; it ends with this code.
    #[track_caller]
    fn typed(&self, code: i32, answers: &[&str], flags: &[&str]) -> String {
        let system = "/usr/bin/python3";
        let python = if Path::new(system).exists() { system } else { "python3" };
        let output = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/terminal.py"))
            .args(answers)
            .args(["--", env!("CARGO_BIN_EXE_defib"), "import", "cron", "--root"])
            .arg(self.0.path())
            .args(flags)
            .env_clear()
            .env("HOME", self.0.path())
            .env("TERM", "dumb")
            .stdin(Stdio::null())
            .output()
            .expect("python3 starts");
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{answers:?}: {shown}{output:?}");
        shown
    }
}

#[test]
fn anything_but_a_yes_changes_nothing() {
    let root = Root::new("asks-no", RESTARTS);
    // The last is what Ctrl-D types.
    for answer in ["n", "", "no", "yess", "\u{4}"] {
        let shown = root.typed(0, &[answer], &[]);
        assert_eq!(shown.matches(WRITE).count(), 1, "{shown}");
        assert!(shown.contains("[app.") && shown.contains("nothing was changed"), "{shown}");
        assert_eq!((root.crontab(), root.config()), (RESTARTS.to_owned(), None), "{answer:?}");
    }
    for flag in ["--no-input", "--dry-run"] {
        let shown = root.typed(0, &[], &[flag]);
        assert!(!shown.contains("[y/N]") && shown.contains("nothing was changed"), "{shown}");
        assert_eq!((root.crontab(), root.config()), (RESTARTS.to_owned(), None), "{flag}");
    }
}

#[test]
fn a_yes_does_what_was_asked() {
    for (at, answer) in ["y", "YES"].into_iter().enumerate() {
        let root = Root::new(&format!("asks-yes-{at}"), RESTARTS);
        let shown = root.typed(0, &[answer], &[]);
        let (_, after) = shown.split_once(WRITE).expect("it is asked");
        assert!(after.contains("next: start defib"), "{shown}");
        let config = root.config().expect("it is written");
        assert!(config.contains("unit = \"shop.service\""), "{config}");
        let crontab = root.crontab();
        let lines: Vec<&str> = crontab.lines().collect();
        assert_eq!(lines[0], "MAILTO=me");
        assert!(lines[1..].iter().all(|line| line.starts_with('#')), "{crontab}");
        root.typed(0, &[], &["--undo"]);
        assert_eq!(root.crontab(), RESTARTS);
    }
}

#[test]
fn a_reboot_needs_a_yes_of_its_own() {
    let root = Root::new("asks-reboot", REBOOTS);
    // Without it nothing is left of the line, and so nothing is asked any more.
    let shown = root.typed(1, &["n"], &[]);
    assert!(shown.contains(REBOOT) && shown.contains("a reboot was not allowed"), "{shown}");
    assert!(!shown.contains(WRITE), "{shown}");
    let shown = root.typed(0, &["y", "n"], &[]);
    let (reboot, write) = (shown.find(REBOOT), shown.find(WRITE));
    assert!(reboot.is_some() && reboot < write, "{shown}");
    let shown = root.typed(0, &["n"], &["--allow-reboot"]);
    assert!(!shown.contains(REBOOT), "the flag has said it: {shown}");
    assert_eq!((root.crontab(), root.config()), (REBOOTS.to_owned(), None));
    root.typed(0, &["y", "y"], &[]);
    let config = root.config().expect("it is written");
    assert!(config.contains("reboot = \"allowed\"") && root.crontab().starts_with('#'), "{config}");
}
