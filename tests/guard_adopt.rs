//! gunicorn that runs before defib comes, as cron's `@reboot` line or a person has started it.

mod support;

use defib_engine::effect::Rung;
use defib_engine::note::Ending;
use rustix::process::Signal;
use std::time::Duration;
use support::agent::{Agent, COURSE, QUICK, app_user, machine, section};
use support::subject::{Running, Subject, Workers};
use support::wait::stays_false;

/// Both run as this test's own user: it started the one, and defib starts the next.
fn running(name: &str, workers: Workers) -> (Subject, Running, Agent) {
    let subject = Subject::new(name, workers);
    let running = subject.start();
    let further = format!("{QUICK}body_contains = \"subject is well\"\n");
    let mut app = section("shop", &subject, &further);
    if let Some(user) = app_user() {
        app = app.replace(&format!("user = {user:?}"), "user = \"root\"");
    }
    let agent = Agent::daemon(name, &(machine() + &app));
    agent.wait_up(1);
    (subject, running, agent)
}

#[test]
fn an_app_that_was_started_before_is_guarded_and_not_started_again() {
    let (subject, mut running, agent) = running("before", Workers::Sync);
    let disturbed = || running.has_ended() || agent.order_count() > 0 || agent.incident_count() > 0;
    stays_false("it is disturbed", Duration::from_secs(3), disturbed);
    running.signal(Signal::KILL);
    let incident = agent.wait_closed("shop", COURSE);
    assert_eq!(incident.ending, Some(Ending::Recovered { rung: Rung::Start }));
    assert!(incident.acts.iter().all(|act| act.rung == Rung::Start), "{:?}", incident.classes);
    subject.wait_well();
}

#[test]
fn one_that_hangs_is_ended_with_its_workers() {
    let (subject, mut running, agent) = running("hangs", Workers::Sync);
    running.signal_all(Signal::STOP);
    let incident = agent.wait_closed("shop", COURSE);
    let is_ended =
        matches!(incident.ending, Some(Ending::Recovered { rung: Rung::Restart | Rung::Kill }));
    assert!(is_ended, "{:?}", incident.ending);
    assert!(running.has_ended());
    subject.wait_well();
}
