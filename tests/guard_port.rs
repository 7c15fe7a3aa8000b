//! The app's port in the hands of another server: it is never ended, and named; no copy of the app is started that
//! could not have the port.

mod support;

use defib_console::view::{Incident, What};
use defib_engine::effect::Rung;
use defib_engine::event::{Failure, Outcome};
use defib_engine::note::Ending;
use rustix::process::{Signal, kill_process};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;
use support::agent::{Agent, COURSE, QUICK, both_kinds, config};
use support::http::status;
use support::subject::{Fault, Running, Subject, Workers};
use support::wait::{poll_until, stays_false};

/// Another site's server on the same port: it answers 200, with another body.
struct Stranger {
    running: Running,
    subject: Subject,
}

impl Stranger {
    fn on_the_port_of(victim: &Subject) -> Stranger {
        let mut subject = Subject::new("stranger", Workers::Sync);
        subject.port = victim.port;
        subject.strike_always(Fault::WrongBody, "");
        let running = poll_until("the stranger has the port", COURSE, || {
            let mut running = subject.start_unseen();
            let taken = poll_until("it listens or ends", COURSE, || {
                if running.has_ended() {
                    return Some(false);
                }
                (status(subject.port, "/") == Some(200)).then_some(true)
            });
            taken.then_some(running)
        });
        Stranger { running, subject }
    }

    fn is_unhurt(&mut self) -> bool {
        !self.running.has_ended() && status(self.subject.port, "/") == Some(200)
    }
}

/// Waits until the incidents say why the apps cannot be started.
fn obstacles(agent: &Agent, subjects: &[(&str, Subject)]) -> Vec<String> {
    let said = |incident: &Incident| {
        incident.items.iter().find_map(|item| match &item.what {
            What::Unstartable(why) => Some(why.clone()),
            _ => None,
        })
    };
    let one = |(kind, _): &(&str, Subject)| {
        let why = agent.wait_incident(kind, "who has the port", COURSE, said);
        println!("{kind}: {why:?}");
        why
    };
    subjects.iter().map(one).collect()
}

/// How many orders these apps got in their incidents.
fn acts(agent: &Agent, subjects: &[(&str, Subject)]) -> usize {
    let of = |kind: &str| {
        agent.wait_incident(kind, "it has one", COURSE, |incident| {
            Some(incident.acts.iter().count())
        })
    };
    subjects.iter().map(|(kind, _)| of(kind)).sum()
}

/// The ports are free: the incidents end by themselves, and nothing but starts was done.
fn are_well_again(agent: &Agent, subjects: &[(&str, Subject)]) {
    for (kind, subject) in subjects {
        let incident = agent.wait_closed(kind, COURSE);
        println!("{kind}: {:?}, {} starts", incident.classes, incident.acts.iter().count());
        assert_eq!(incident.ending, Some(Ending::Recovered { rung: Rung::Start }), "{kind}");
        assert!(incident.acts.iter().all(|act| act.rung == Rung::Start), "{kind}: starts only");
        subject.wait_well();
    }
}

#[test]
fn a_port_taken_before_the_start_is_waited_for() {
    let subjects = both_kinds("taken");
    let mut strangers: Vec<Stranger> =
        subjects.iter().map(|(_, subject)| Stranger::on_the_port_of(subject)).collect();
    let agent = Agent::daemon("taken", &config(&subjects, &settings()));
    for (why, stranger) in obstacles(&agent, &subjects).iter().zip(&mut strangers) {
        let pids = stranger.subject.processes();
        let named = pids.iter().any(|pid| why.contains(&format!("pid {} ", pid.as_raw_pid())));
        assert!(named, "{why:?} names none of {pids:?}");
        stays_false("the stranger is hurt", Duration::from_secs(1), || !stranger.is_unhurt());
    }
    let socket = agent.home().runtime().join("defib.sock").to_string_lossy().into_owned();
    let state = agent.home().state().to_string_lossy().into_owned();
    let verbs = [
        &["status", "--socket", &socket][..],
        &["why", "sync", "--socket", &socket],
        &["explain", "1", "--state", &state],
    ];
    for verb in verbs {
        let output = agent.home().verb(verb);
        let said = String::from_utf8_lossy(&output.stdout);
        println!("{said}");
        assert!(said.contains(" is held by pid "), "{verb:?} says {output:?}");
    }
    assert_eq!(acts(&agent, &subjects), 0, "no copy was started that could not live");
    drop(strangers);
    are_well_again(&agent, &subjects);
}

/// Here the stranger is this very process, which is quick enough to take a port between two starts.
#[test]
fn a_port_taken_after_a_death_is_waited_for() {
    let subjects = both_kinds("seized");
    let agent = Agent::daemon("seized", &config(&subjects, &settings()));
    agent.wait_up(2);
    let seize = |(_, subject): &(&str, Subject)| {
        // No start succeeds until the port is taken.
        subject.strike_always(Fault::DieAtStart, "");
        for pid in subject.processes() {
            let _ = kill_process(pid, Signal::KILL);
        }
        let address = (Ipv4Addr::LOCALHOST, subject.port);
        let taken = poll_until("the port is free", COURSE, || TcpListener::bind(address).ok());
        subject.mend(Fault::DieAtStart);
        taken
    };
    let listeners: Vec<TcpListener> = subjects.iter().map(seize).collect();
    let own = format!("pid {} ", std::process::id());
    for (kind, _) in &subjects {
        agent.wait_incident(kind, "a start that is not possible", COURSE, |incident| {
            let last = incident.acts.iter().last()?;
            let is_it = last.outcome == Some(Outcome::Failed(Failure::NotPossible));
            (is_it && last.detail.contains(&own)).then_some(())
        });
    }
    // The longest pause between two starts is 2 s here.
    let before = acts(&agent, &subjects);
    let grows = || acts(&agent, &subjects) > before;
    stays_false("it is started in vain", Duration::from_secs(4), grows);
    drop(listeners);
    are_well_again(&agent, &subjects);
}

/// gunicorn itself tries a taken port five times, a second apart.
fn settings() -> String {
    format!("{QUICK}body_contains = \"subject is well\"\nbackoff_max = \"2s\"\n")
}
