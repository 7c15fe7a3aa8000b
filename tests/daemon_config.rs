//! A daemon whose config file has a mistake: what was in force stays in force, also at the next
//! start, and everybody who asks is told.

mod support;

use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use support::folder::Folder;
use support::port::free_port;
use support::wait::poll_until;
use support::whole::{Daemon, Home, SOON};

/// `EX_CONFIG`: the service manager is not to start us again.
const NO_CONFIG: i32 = 78;

fn config(app: &str) -> String {
    let port = free_port();
    format!("[machine]\nmode = \"observe\"\n\n[app.{app}]\nurl = \"http://127.0.0.1:{port}/\"\n")
}

fn write(home: &Home, text: &str) {
    fs::write(home.folder().join("defib.toml"), text).expect("the folder is ours");
}

fn last_good(home: &Home) -> String {
    fs::read_to_string(home.state().join("config.last-good.toml")).unwrap_or_default()
}

fn wait_for_last_good(home: &Home, text: &str) {
    poll_until("the last good config is kept", SOON, || (last_good(home) == text).then_some(()));
}

/// Waits until `status` answers with this in it.
fn wait_for_status(home: &Home, part: &str) {
    poll_until(&format!("status says {part}"), SOON, || {
        home.ask("{\"do\":\"status\"}").filter(|answer| answer.contains(part)).map(|_| ())
    });
}

#[test]
fn each_config_that_came_into_force_is_kept() {
    let one = config("one");
    let home = Home::new(Folder::new("kept"), &one);
    let daemon = home.daemon();
    wait_for_last_good(&home, &one);
    let kept = home.state().join("config.last-good.toml");
    let mode = fs::metadata(kept).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "a config may hold a password");

    let two = config("two");
    wait_for_status(&home, "\"one\"");
    write(&home, &two);
    daemon.signal(Signal::HUP);
    wait_for_last_good(&home, &two);
    wait_for_status(&home, "\"two\"");
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_typo_leaves_the_last_good_config_in_force_and_is_told() {
    let good = config("shop");
    let home = Home::new(Folder::new("typo"), &good);
    let daemon = home.daemon();
    wait_for_status(&home, "\"shop\"");
    wait_for_last_good(&home, &good);

    write(&home, &good.replace("url", "ulr"));
    daemon.signal(Signal::HUP);
    wait_for_status(&home, "unknown key `ulr`");
    assert_refusal_is_told(&home);
    assert_eq!(last_good(&home), good);
    assert_eq!(daemon.stop(), Some(0));

    // The next start, with the mistake still there.
    let daemon = home.daemon();
    wait_for_status(&home, "unknown key `ulr`");
    wait_for_status(&home, "\"shop\"");
    assert!(home.log().contains("the last good config is used instead"), "{}", home.log());
    assert_refusal_is_told(&home);

    write(&home, &good);
    daemon.signal(Signal::HUP);
    wait_for_status(&home, "\"error\":null");
    assert_eq!(daemon.stop(), Some(0));
}

/// `check` shows line, caret and suggestion, and that the running agent is on an older config.
fn assert_refusal_is_told(home: &Home) {
    let file = home.folder().join("defib.toml").to_string_lossy().into_owned();
    let socket = home.runtime().join("defib.sock").to_string_lossy().into_owned();
    let output = home.verb(&["check", &file, "--socket", &socket]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    for part in ["defib.toml:5:1", "^^^", "did you mean `url`?", "still on an older config"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn without_any_usable_config_the_exit_code_is_78() {
    let home = Home::new(Folder::new("none"), "[app.shop]\nulr = \"http://127.0.0.1:1/\"\n");
    assert_eq!(end(home.daemon()), Some(NO_CONFIG));
    assert!(home.log().contains("no usable config"), "{}", home.log());
    // What was kept may be damaged, too.
    fs::create_dir_all(home.state()).expect("the folder is ours");
    fs::write(home.state().join("config.last-good.toml"), "[app").expect("the folder is ours");
    assert_eq!(end(home.daemon()), Some(NO_CONFIG));
    fs::remove_file(home.folder().join("defib.toml")).expect("it is ours");
    assert_eq!(end(home.daemon()), Some(NO_CONFIG));
}

fn end(mut daemon: Daemon) -> Option<i32> {
    poll_until("the daemon gives up", SOON, || daemon.ended()).code()
}

#[test]
fn the_shipped_config_is_a_running_service_without_an_app() {
    let home = Home::new(Folder::new("shipped"), include_str!("../dist/etc/defib/defib.toml"));
    let daemon = home.daemon();
    wait_for_status(&home, "\"apps\":[]");
    let mine = config("mine");
    write(&home, &mine);
    daemon.signal(Signal::HUP);
    wait_for_status(&home, "\"mine\"");
    assert_eq!(daemon.stop(), Some(0));
}
