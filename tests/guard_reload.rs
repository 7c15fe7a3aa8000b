//! SIGHUP: a typo changes nothing and is said everywhere; a good config is in force at once.

mod support;

use rustix::process::Signal;
use std::fs;
use std::process::Output;
use support::agent::{Agent, COURSE, QUICK, both_kinds, config};
use support::subject::Fault;
use support::wait::poll_until;

fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[test]
fn a_typo_is_refused_and_said_and_a_good_config_applies() {
    let subjects = both_kinds("reload");
    let good = config(&subjects, QUICK);
    let agent = Agent::daemon("reload", &good);
    let file = agent.home().folder().join("defib.toml");
    let path = file.to_string_lossy().into_owned();
    let socket = agent.home().runtime().join("defib.sock").to_string_lossy().into_owned();
    agent.wait_up(2);

    fs::write(&file, good.replace("window = ", "windwo = ")).expect("ours");
    agent.signal(Signal::HUP);
    let refused = |_: &_, _: &[_]| agent.home().log().contains("windwo").then_some(());
    agent.wait("the log says it", COURSE, refused);
    let log = agent.home().log();
    let is_shown = |said: &str| {
        let line =
            good.lines().position(|line| line.starts_with("window")).expect("it is there") + 1;
        for part in ["windwo", "^^^^^^", &format!(":{line}:"), "window"] {
            assert!(said.contains(part), "no {part:?} in:\n{said}");
        }
    };
    is_shown(&log);
    let check = agent.home().verb(&["check", &path, "--socket", &socket]);
    assert_eq!(check.status.code(), Some(1));
    is_shown(&text(&check));
    let status = poll_until("status says it", COURSE, || {
        let said = text(&agent.home().verb(&["status", "--socket", &socket]));
        said.contains("windwo").then_some(said)
    });
    println!("LOG\n{log}\nCHECK\n{}\nSTATUS\n{status}", text(&check));

    // The old config is in force: a fault is still healed by it.
    subjects[0].1.strike(Fault::Error500, "");
    agent.wait_closed("sync", COURSE);

    let renamed = good.replace("[app.gthread]", "[app.other]");
    fs::write(&file, &renamed).expect("ours");
    agent.signal(Signal::HUP);
    poll_until("status says the new name, and no fault", COURSE, || {
        let said = text(&agent.home().verb(&["status", "--socket", &socket]));
        (said.contains("other") && !said.contains("gthread") && !said.contains("windwo"))
            .then_some(())
    });
    let check = agent.home().verb(&["check", &path, "--socket", &socket]);
    assert_eq!(check.status.code(), Some(0), "{}", text(&check));
}
