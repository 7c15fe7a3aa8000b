//! gunicorn that does not answer any more: ended and started, within the promised time.

mod support;

use defib_console::view::Incident;
use defib_engine::effect::Rung;
use defib_engine::event::Outcome;
use defib_engine::note::{Class, Ending};
use defib_journal::order::ActStep;
use rustix::process::{Signal, kill_process};
use support::agent::{Agent, COURSE, QUICK, app_user, both_kinds, config, step, wall_ms};
use support::subject::{Fault, Subject, Workers};

/// The class, one act that was done, and the recovery that it is credited with.
fn assert_cured(incident: &Incident, class: Class, rung: Rung) {
    assert_eq!(incident.class(), class);
    let acts: Vec<_> = incident.acts.iter().map(|act| (act.rung, act.outcome)).collect();
    assert_eq!(acts, [(rung, Some(Outcome::Done))]);
    assert_eq!(incident.ending, Some(Ending::Recovered { rung }));
}

#[test]
fn a_hang_is_ended_within_6_s_at_1_s_settings() {
    let subjects = both_kinds("hang");
    let agent = Agent::daemon("hang", &config(&subjects, QUICK));
    agent.wait_up(2);
    let struck_ms = wall_ms();
    for (_, subject) in &subjects {
        subject.strike(Fault::Hang, "");
    }
    for (kind, subject) in &subjects {
        let killed_ms = agent.wait_step(kind, ActStep::TermSent, COURSE) - struck_ms;
        assert!(killed_ms <= 6_000, "{kind}: kill begun after {killed_ms} ms");
        subject.wait_well();
        let incident = agent.wait_closed(kind, COURSE);
        assert_cured(&incident, Class::Hung, Rung::Kill);
        println!("{kind}: kill begun {killed_ms} ms after the strike, back {:?}", incident.back_ms);
    }
    assert_eq!(agent.replay_with("timeout_db=+1"), Some(1), "a weight changes a decision");
}

/// The promise to people who set nothing: up to 5 s until a look meets the hang, and the window of 16 s. One
/// second more for a busy machine.
#[test]
fn a_hang_is_ended_within_21_s_at_default_settings() {
    let subject = Subject::new("defaults", Workers::Sync);
    let start = subject.argv().join(" ");
    let user = app_user().map_or(vec![], |user| vec!["--user", user]);
    let arguments = [&["--start", &start, "--name", "shop"], &user[..]].concat();
    let agent = Agent::guard("defaults", &subject, &arguments);
    agent.wait_up(1);
    let struck_ms = wall_ms();
    subject.strike(Fault::Hang, "");
    let killed_ms = agent.wait_step("shop", ActStep::TermSent, COURSE) - struck_ms;
    assert!(killed_ms <= 22_000, "kill begun after {killed_ms} ms");
    subject.wait_well();
    println!("kill begun {killed_ms} ms after the strike");
    let acts = agent.wait_open("shop", COURSE).acts.iter().map(|act| act.rung).collect::<Vec<_>>();
    assert_eq!(acts, [Rung::Kill]);
}

#[test]
fn a_hang_that_ignores_term_is_killed_after_its_grace() {
    let subjects = both_kinds("deaf");
    for (_, subject) in &subjects {
        subject.strike_always(Fault::IgnoreTerm, "");
    }
    let agent = Agent::daemon("deaf", &config(&subjects, QUICK));
    agent.wait_up(2);
    for (_, subject) in &subjects {
        subject.strike(Fault::Hang, "");
    }
    for (kind, subject) in &subjects {
        let incident = agent.wait_closed(kind, COURSE);
        assert_cured(&incident, Class::Hung, Rung::Kill);
        let term_ms = step(&incident, ActStep::TermSent).expect("TERM first");
        // By the kernel, all of its cgroup at once, where there is one.
        let killed = [ActStep::KillSent, ActStep::GroupKilled, ActStep::Frozen];
        let killed_ms = killed.into_iter().find_map(|kind| step(&incident, kind));
        let kill_ms = killed_ms.expect("then KILL") - term_ms;
        // The rung's own grace, 2 s: shorter than the app's `grace`.
        assert!((1_900..=3_000).contains(&kill_ms), "{kind}: KILL {kill_ms} ms after TERM");
        subject.wait_well();
        println!("{kind}: KILL {kill_ms} ms after TERM, back {:?}", incident.back_ms);
    }
}

#[test]
fn a_stopped_app_is_ended_and_started() {
    let subjects = both_kinds("stopped");
    let agent = Agent::daemon("stopped", &config(&subjects, QUICK));
    agent.wait_up(2);
    let struck_ms = wall_ms();
    for pid in subjects.iter().flat_map(|(_, subject)| subject.processes()) {
        let _ = kill_process(pid, Signal::STOP);
    }
    for (kind, subject) in &subjects {
        let killed_ms = agent.wait_step(kind, ActStep::TermSent, COURSE) - struck_ms;
        assert!(killed_ms <= 10_000, "{kind}: kill begun after {killed_ms} ms");
        let incident = agent.wait_closed(kind, COURSE);
        assert_cured(&incident, Class::Hung, Rung::Kill);
        subject.wait_well();
        println!("{kind}: kill begun {killed_ms} ms after SIGSTOP, back {:?}", incident.back_ms);
    }
}
