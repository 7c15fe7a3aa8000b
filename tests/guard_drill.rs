//! Drills: a fault on purpose, healed by the same hand as a real one, and told as a drill everywhere.

mod support;

use defib_engine::effect::Rung;
use defib_journal::line::{Entry, Line};
use rustix::process::{Signal, kill_process};
use std::process::Output;
use support::agent::{Agent, COURSE, QUICK, config, section};
use support::subject::{Subject, Workers};

fn verb(agent: &Agent, arguments: &[&str]) -> Output {
    let socket = agent.home().runtime().join("defib.sock");
    let socket = socket.to_string_lossy();
    agent.home().verb(&[&["--socket", &*socket], arguments].concat())
}

fn out(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The drill's exit code and words, the incident, and what `explain` and `incidents` say of it.
fn is_healed(agent: &Agent, flag: &str, act: Rung) {
    let drill = verb(agent, &["drill", "shop", flag, "--yes"]);
    let said = out(&drill);
    assert_eq!(drill.status.code(), Some(0), "{said}");
    assert!(said.contains("DRILL shop: healed: noticed after"), "{said}");
    let incident = agent.wait_closed("shop", COURSE);
    assert!(incident.drill);
    assert_eq!(incident.acts.iter().map(|act| act.rung).collect::<Vec<_>>(), [act]);
    let state = agent.home().state().to_string_lossy().into_owned();
    for line in [vec!["explain", "last"], vec!["incidents"]] {
        let told = out(&agent.home().verb(&[&line[..], &["--state", &state]].concat()));
        assert!(told.contains("DRILL"), "{told}");
    }
    println!("{said}");
}

#[test]
fn a_killed_app_is_started() {
    let subjects = [("shop", Subject::new("drill-kill", Workers::Sync))];
    let agent = Agent::daemon("drill-kill", &config(&subjects, QUICK));
    agent.wait_up(1);
    is_healed(&agent, "--kill", Rung::Start);
    subjects[0].1.wait_well();
}

#[test]
fn a_stopped_app_is_killed_and_started() {
    let subjects = [("shop", Subject::new("drill-hang", Workers::Threads))];
    let agent = Agent::daemon("drill-hang", &config(&subjects, QUICK));
    agent.wait_up(1);
    is_healed(&agent, "--hang", Rung::Kill);
    subjects[0].1.wait_well();
}

#[test]
fn what_is_only_observed_is_not_drilled_and_says_what_would_be_done() {
    let subject = Subject::new("drill-observe", Workers::Sync);
    let running = subject.start();
    let text = "[machine]\nmode = \"observe\"\n".to_owned() + &section("shop", &subject, QUICK);
    let agent = Agent::daemon("drill-observe", &text);
    let is_ready = |entry: &Entry| matches!(entry.line, Line::Capable { .. });
    agent.wait("it looks", COURSE, |_, entries| entries.iter().any(is_ready).then_some(()));
    // The master forks its two workers one after the other, and the first one answers before the last is there.
    agent.wait("all workers", COURSE, |_, _| (subject.processes().len() == 3).then_some(()));
    let before = subject.processes();
    let drill = verb(&agent, &["drill", "shop", "--kill", "--yes"]);
    let said = out(&drill);
    assert_eq!(drill.status.code(), Some(1), "{said}");
    assert!(said.contains("observe") && said.contains("in mode act: "), "{said}");
    assert_eq!(subject.processes(), before);
    drop(running);
}

#[test]
fn held_or_down_or_without_a_yes_nothing_is_done() {
    let subjects = [("shop", Subject::new("drill-no", Workers::Sync))];
    let agent = Agent::daemon("drill-no", &config(&subjects, QUICK));
    agent.wait_up(1);
    let before = subjects[0].1.processes();
    let refused = |why: &str, words: &[&str]| {
        let drill = verb(&agent, words);
        assert_eq!(drill.status.code(), Some(1), "{}", out(&drill));
        assert!(out(&drill).contains(why), "{}", out(&drill));
    };
    refused("needs a yes", &["drill", "shop", "--kill"]);
    assert!(verb(&agent, &["hold", "shop", "1m"]).status.success());
    refused("on hold", &["drill", "shop", "--hang", "--yes"]);
    assert_eq!(subjects[0].1.processes(), before);
    assert!(verb(&agent, &["release", "shop"]).status.success());
    for pid in subjects[0].1.processes() {
        let _ = kill_process(pid, Signal::STOP);
    }
    agent.wait_open("shop", COURSE);
    refused("an incident is open", &["drill", "shop", "--kill", "--yes"]);
    agent.wait_closed("shop", COURSE);
}
