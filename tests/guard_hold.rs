//! A deploy under a hold: the app is ended and started by somebody else, and defib keeps still.

mod support;

use defib_console::view::View;
use defib_engine::note::{Class, Note};
use rustix::process::{Signal, kill_process};
use std::fs;
use std::time::Duration;
use support::agent::{Agent, COURSE, QUICK, both_kinds, config, notes};
use support::http::status;
use support::subject::Subject;
use support::wait::{poll_until, stays_false};

fn socket(agent: &Agent) -> String {
    agent.home().runtime().join("defib.sock").to_string_lossy().into_owned()
}

fn verb(agent: &Agent, arguments: &[&str]) -> String {
    let output = agent.home().verb(&[&["--socket", &socket(agent)], arguments].concat());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}{output:?}");
    said
}

/// Ends all of the apps, stays away for longer than any bar needs, and starts others; then these end,
/// too. defib neither acts nor speaks of incidents all the while.
fn deploy(agent: &Agent, subjects: &[(&str, Subject)]) {
    let orders = agent.order_count();
    for pid in subjects.iter().flat_map(|(_, subject)| subject.processes()) {
        let _ = kill_process(pid, Signal::KILL);
    }
    let is_loud = || agent.order_count() > orders || agent.read(|view, _| is_loud(view));
    stays_false("an act during the hold", Duration::from_secs(5), is_loud);
    for (kind, subject) in subjects {
        assert_eq!(status(subject.port, "/"), None, "{kind}: nobody started it");
    }
    let running: Vec<_> = subjects.iter().map(|(_, subject)| subject.start()).collect();
    stays_false("an act on the new ones", Duration::from_secs(3), is_loud);
    drop(running);
}

/// Whether a person was told of anything.
fn is_loud(view: &View) -> bool {
    view.incidents().any(|incident| {
        incident.handed_over.is_some()
            || incident.classes.iter().any(|class| *class != Class::Intended)
    })
}

/// With the hold the deploy's own processes are gone: now the apps are defib's to start.
fn are_started_again(subjects: &[(&str, Subject)]) {
    for (kind, subject) in subjects {
        poll_until(&format!("{kind} is started after the hold"), COURSE, || {
            (status(subject.port, "/") == Some(200)).then_some(())
        });
    }
}

#[test]
fn a_deploy_under_hold_is_not_disturbed() {
    let subjects = both_kinds("deploy");
    let agent = Agent::daemon("deploy", &config(&subjects, QUICK));
    agent.wait_up(2);
    for (kind, _) in &subjects {
        verb(&agent, &["hold", kind, "1m", "--reason", "deploy"]);
    }
    let said = verb(&agent, &["status"]);
    assert_eq!(said.matches("held").count(), 2, "{said}");
    deploy(&agent, &subjects);
    verb(&agent, &["release", "*"]);
    are_started_again(&subjects);
}

#[test]
fn a_hold_file_is_as_good_as_the_verb() {
    let subjects = both_kinds("touched");
    let agent = Agent::daemon("touched", &config(&subjects, QUICK));
    agent.wait_up(2);
    let holds = agent.home().runtime().join("hold");
    for (kind, _) in &subjects {
        fs::write(holds.join(kind), "").expect("the folder is there");
    }
    agent.wait("both are held", COURSE, |_, entries| {
        let held = notes(entries).filter(|note| matches!(note, Note::Held { .. })).count();
        (held == 2).then_some(())
    });
    deploy(&agent, &subjects);
    for (kind, _) in &subjects {
        fs::remove_file(holds.join(kind)).expect("it is there");
    }
    are_started_again(&subjects);
}
