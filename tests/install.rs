//! `defib install` on a table of the test's own: this machine's is never touched.

mod support;

use std::fs;
use support::folder::Folder;
use support::whole::Home;

const OTHERS: &str = "MAILTO=me\n*/5 * * * * curl -s http://127.0.0.1/ || reboot\n";

#[test]
fn lines_come_once_and_go_without_a_trace() {
    let folder = Folder::new("install");
    let table = folder.join("table");
    fs::write(&table, OTHERS).expect("ours");
    let config = "[machine]\nmode = \"observe\"\n\n[app.a]\nurl = \"http://127.0.0.1:1/\"\n";
    let home = Home::new(Folder::new("install-home"), config);
    let home_path = home.folder().path().to_string_lossy().into_owned();
    let home = home.with("HOME", home_path);
    let (table_text, config) = (table.to_string_lossy(), home.folder().join("defib.toml"));
    let install = |more: &[&str]| {
        let config = config.to_string_lossy();
        let arguments = ["install", "--crontab", &table_text, "--config", &config];
        let output = home.verb(&[&arguments[..], more].concat());
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}{output:?}");
        said
    };
    let now = || fs::read_to_string(&table).expect("it is there");

    assert!(install(&["--dry-run"]).contains("@reboot"));
    assert_eq!(now(), OTHERS);
    install(&[]);
    let installed = now();
    assert!(installed.starts_with(OTHERS), "{installed}");
    assert!(installed.contains("@reboot ") && installed.contains("* * * * * "), "{installed}");
    assert!(install(&[]).contains("already"));
    assert_eq!(now(), installed);
    install(&["--remove"]);
    assert_eq!(now(), OTHERS);
}

#[test]
fn without_a_config_cron_is_not_told_to_start_anything() {
    let folder = Folder::new("install-none");
    let table = folder.join("table");
    let home = Home::new(Folder::new("install-none-home"), "");
    let nowhere = folder.join("nowhere.toml");
    let arguments = [
        "install",
        "--crontab",
        &*table.to_string_lossy(),
        "--config",
        &*nowhere.to_string_lossy(),
    ]
    .map(str::to_owned);
    let output = home.verb(&arguments.each_ref().map(String::as_str));
    assert_eq!(output.status.code(), Some(1));
    assert!(!table.exists());
}
