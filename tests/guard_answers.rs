//! gunicorn that answers, but not as it should: which answers are cured, and which are left alone.

mod support;

use defib_console::view::Incident;
use defib_engine::effect::Rung;
use defib_engine::event::Outcome;
use defib_engine::note::{Class, Ending, HandOver};
use rustix::process::Pid;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;
use support::agent::{Agent, COURSE, QUICK, both_kinds, config, machine, section, wall_ms};
use support::port::free_port;
use support::subject::{Fault, Subject};
use support::wait::stays_false;

/// The body that the subject has when it is well.
const BODY: &str = "body_contains = \"subject is well\"\n";

/// The first starts are orders, too: one an app.
fn acts(agent: &Agent, apps: usize) -> usize {
    agent.order_count() - apps
}

fn assert_left_alone(incident: &Incident, class: Class) {
    assert_eq!(incident.class(), class, "{}", incident.app);
    assert_eq!(incident.ending, Some(Ending::Passed), "{}", incident.app);
    assert_eq!(incident.acts.iter().count(), 0, "{}", incident.app);
}

/// Restarted once, and well again.
fn assert_restarted(kind: &str, fault: Fault, subject: &Subject, agent: &Agent, struck_ms: i64) {
    let incident = agent.wait_closed(kind, COURSE);
    assert_eq!(incident.class(), Class::Erroring, "{fault:?}");
    let acts: Vec<_> = incident.acts.iter().map(|act| (act.rung, act.outcome)).collect();
    assert_eq!(acts, [(Rung::Restart, Some(Outcome::Done))], "{fault:?}");
    assert_eq!(incident.ending, Some(Ending::Recovered { rung: Rung::Restart }), "{fault:?}");
    subject.wait_well();
    let ordered_ms = incident.acts.iter().next().expect("one act").ordered.wall_ms - struck_ms;
    println!("{kind} {fault:?}: restart after {ordered_ms} ms, back {:?}", incident.back_ms);
    assert!(ordered_ms <= 7_000, "{fault:?}: restart after {ordered_ms} ms");
}

fn is_cured_by_a_restart(fault: Fault) {
    let subjects = both_kinds(fault.file());
    let agent = Agent::daemon(fault.file(), &config(&subjects, &format!("{QUICK}{BODY}")));
    agent.wait_up(2);
    let struck_ms = wall_ms();
    for (_, subject) in &subjects {
        subject.strike(fault, "");
    }
    for (kind, subject) in &subjects {
        assert_restarted(kind, fault, subject, &agent, struck_ms);
    }
}

#[test]
fn answers_of_500_are_cured_by_a_restart() {
    is_cured_by_a_restart(Fault::Error500);
}

#[test]
fn a_wrong_body_is_cured_by_a_restart() {
    is_cured_by_a_restart(Fault::WrongBody);
}

/// Each fault lasts far longer than the window; then it is mended by a person.
fn is_left_alone(fault: Fault, text: &str, class: Class) -> Vec<Incident> {
    let subjects = both_kinds(fault.file());
    let agent = Agent::daemon(fault.file(), &config(&subjects, QUICK));
    agent.wait_up(2);
    for (_, subject) in &subjects {
        subject.strike(fault, text);
    }
    for (kind, _) in &subjects {
        agent.wait_incident(kind, &format!("{class:?}"), COURSE, |incident| {
            (incident.class() == class).then_some(())
        });
    }
    let before: Vec<Vec<Pid>> = subjects.iter().map(|(_, subject)| subject.processes()).collect();
    stays_false("an act", Duration::from_secs(5), || acts(&agent, 2) > 0);
    for (_, subject) in &subjects {
        subject.mend(fault);
    }
    let incidents: Vec<Incident> =
        subjects.iter().map(|(kind, _)| agent.wait_closed(kind, COURSE)).collect();
    for incident in &incidents {
        assert_left_alone(incident, class);
    }
    let after: Vec<Vec<Pid>> = subjects.iter().map(|(_, subject)| subject.processes()).collect();
    assert_eq!(before, after, "no process was touched");
    assert_eq!(acts(&agent, 2), 0);
    incidents
}

#[test]
fn an_announced_503_is_intended() {
    is_left_alone(Fault::RetryAfter, "60", Class::Intended);
}

#[test]
fn a_redirect_is_reported_and_left_alone() {
    let incidents = is_left_alone(Fault::Redirect, "", Class::Contract);
    assert!(incidents.iter().all(|incident| incident.handed_over == Some(HandOver::NoCure)));
}

#[test]
fn a_401_is_reported_and_left_alone() {
    is_left_alone(Fault::Auth, "", Class::Contract);
}

#[test]
fn slow_answers_within_the_timeout_are_no_incident() {
    let subjects = both_kinds("slow");
    let agent = Agent::daemon("slow", &config(&subjects, &format!("{QUICK}slow = \"200ms\"\n")));
    agent.wait_up(2);
    for (_, subject) in &subjects {
        subject.strike(Fault::Slow, "0.4");
    }
    agent.wait("slow looks of both", COURSE, |_, _| {
        let status = agent.home().ask("{\"do\":\"status\"}")?;
        (status.matches("\"state\":\"slow\"").count() == 2).then_some(())
    });
    stays_false("an act or an incident", Duration::from_secs(6), || {
        acts(&agent, 2) > 0 || agent.incident_count() > 0
    });
}

#[test]
fn a_dependency_that_is_down_is_waited_for() {
    let port = free_port();
    let needed = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("it is free");
    let subjects: Vec<(&str, Subject)> = both_kinds("needs")
        .into_iter()
        .map(|(kind, subject)| (kind, subject.needing(port)))
        .collect();
    let mut text = machine();
    for (kind, subject) in &subjects {
        text += &section(kind, subject, QUICK);
        text += "depends = { database = { tcp = \"127.0.0.1:";
        text += &port.to_string();
        text += "\" } }\n";
    }
    let agent = Agent::daemon("needs", &text);
    agent.wait_up(2);
    drop(needed);
    for (kind, _) in &subjects {
        agent.wait_incident(kind, "dependency", COURSE, |incident| {
            (incident.class() == Class::Dependency).then_some(())
        });
    }
    stays_false("an act", Duration::from_secs(6), || acts(&agent, 2) > 0);
    let _needed = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("it is free again");
    for (kind, _) in &subjects {
        let incident = agent.wait_closed(kind, COURSE);
        assert_left_alone(&incident, Class::Dependency);
        println!("{kind}: down {:?} ms", incident.down_ms);
    }
    assert_eq!(acts(&agent, 2), 0);
}
