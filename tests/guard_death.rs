//! gunicorn's processes killed: the master's death is answered at once, a worker's not at all.

mod support;

use defib_console::view::{Incident, Item, What};
use defib_engine::effect::Rung;
use defib_engine::event::Outcome;
use defib_engine::note::{Class, Ending, Note};
use defib_journal::order::ActStep;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};
use support::agent::{Agent, COURSE, QUICK, app_user, both_kinds, config, machine, step, wall_ms};
use support::http::{status, status_within};
use support::subject::{Fault, Subject, Workers};
use support::wait::{poll_until, stays_false};

/// What a start may take while the other tests use all of the machine; the promise is 100 ms.
const LOADED_MS: i64 = 500;

/// Between two starts: a death sooner after the first one waits for the rest of it.
const BACKOFF: Duration = Duration::from_secs(10);

fn assert_started(incident: &Incident) {
    assert_eq!(incident.class(), Class::Dead);
    let acts: Vec<_> = incident.acts.iter().map(|act| (act.rung, act.outcome)).collect();
    assert_eq!(acts, [(Rung::Start, Some(Outcome::Done))]);
}

/// The subject's process that no other of its processes started.
fn master(subject: &Subject) -> Option<Pid> {
    let pids = subject.processes();
    let parent = |pid: Pid| {
        let text = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?;
        let (_, rest) = text.rsplit_once(") ")?;
        rest.split(' ').nth(1)?.parse::<i32>().ok()
    };
    let is_gunicorn = |pid: &Pid| {
        let words = fs::read_to_string(format!("/proc/{}/cmdline", pid.as_raw_pid()));
        words.is_ok_and(|words| words.split('\0').take(2).any(|word| word.ends_with("gunicorn")))
    };
    let own = |pid: i32| pids.iter().any(|one| one.as_raw_pid() == pid && is_gunicorn(one));
    pids.iter().copied().filter(is_gunicorn).find(|pid| parent(*pid).is_some_and(|one| !own(one)))
}

/// When a process began, in milliseconds of the wall clock: the kernel's word, in ticks of 10 ms.
fn began_ms(pid: Pid) -> i64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).expect("it runs");
    let (_, rest) = stat.rsplit_once(") ").expect("stat has a name");
    let ticks: i64 = rest.split(' ').nth(19).and_then(|word| word.parse().ok()).expect("field 22");
    let up = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    ticks * 10 + wall_ms() - (up.tv_sec * 1000 + up.tv_nsec / 1_000_000)
}

/// Kills the master, one of whose workers hangs and so outlives it, on the port.
fn kill_master_of_a_hung_worker(subject: &Subject) -> i64 {
    let pid = master(subject).expect("gunicorn runs");
    subject.strike(Fault::Hang, "");
    assert_eq!(status_within(subject.port, "/", Duration::from_millis(200)), None, "it hangs");
    let killed_ms = wall_ms();
    kill_process(pid, Signal::KILL).expect("it runs");
    killed_ms
}

/// From the kill to the new process, in milliseconds.
fn judge_death(agent: &Agent, name: &str, subject: &Subject, killed_ms: i64) -> i64 {
    let started_ms = agent.wait_step(name, ActStep::Started, COURSE) - killed_ms;
    let new_master = poll_until("a new master", COURSE, || master(subject));
    let began_ms = began_ms(new_master) - killed_ms;
    subject.wait_well();
    let back_ms = wall_ms() - killed_ms;
    println!(
        "{name}: begun {began_ms} ms after the kill (journal: {started_ms} ms), answers after {back_ms} ms"
    );
    let incident = agent.wait_incident(name, "the first good look", COURSE, |incident| {
        incident.back_ms.map(|_| incident.clone())
    });
    assert_started(&incident);
    let died_ms = incident.items.iter().find_map(died).expect("the death is noted") - killed_ms;
    assert!(died_ms <= LOADED_MS && started_ms <= LOADED_MS, "{name}: {died_ms}, {started_ms} ms");
    assert!(
        (-20..=LOADED_MS).contains(&began_ms),
        "{name}: the new process began after {began_ms} ms"
    );
    assert!(back_ms <= 10_000, "{name}: it answered after {back_ms} ms");
    began_ms
}

fn died(item: &Item) -> Option<i64> {
    matches!(item.what, What::Note(Note::Died { .. })).then_some(item.at.wall_ms)
}

#[test]
fn a_killed_master_is_started_at_once_by_guard() {
    let subject = Subject::new("death", Workers::Sync);
    let start = subject.argv().join(" ");
    let mut arguments = vec!["--start", &start, "--name", "shop", "--interval", "1s"];
    arguments.extend(["--timeout", "1s", "--window", "3s"]);
    arguments.extend(app_user().map_or(vec![], |user| vec!["--user", user]));
    let begun = Instant::now();
    let mut agent = Agent::guard("death", &subject, &arguments);
    agent.wait_up(1);
    poll_until("the pause between two starts is over", 2 * BACKOFF, || {
        (begun.elapsed() > BACKOFF + Duration::from_secs(1)).then_some(())
    });
    let killed_ms = kill_master_of_a_hung_worker(&subject);
    judge_death(&agent, "shop", &subject, killed_ms);
    assert_eq!(agent.stop(), Some(0));
    assert_eq!(status(subject.port, "/"), None, "guard takes its app with it");
}

#[test]
fn a_killed_master_is_started_at_once_by_a_config() {
    let subjects = both_kinds("masters");
    let mut agent = Agent::daemon("masters", &config(&subjects, QUICK));
    agent.wait_up(2);
    let begun = Instant::now();
    poll_until("the pause between two starts is over", 2 * BACKOFF, || {
        (begun.elapsed() > Duration::from_secs(2)).then_some(())
    });
    let begun = subjects.iter().map(|(kind, subject)| {
        let killed_ms = kill_master_of_a_hung_worker(subject);
        judge_death(&agent, kind, subject, killed_ms)
    });
    let best_ms = begun.min().expect("two kinds");
    assert!(best_ms <= 200, "begun after {best_ms} ms at best");
    for (kind, _) in &subjects {
        let incident = agent.wait_closed(kind, COURSE);
        assert_eq!(incident.ending, Some(Ending::Recovered { rung: Rung::Start }));
        assert_started(&incident);
    }
    assert_eq!(agent.stop(), Some(0));
    for (kind, subject) in &subjects {
        assert_eq!(status(subject.port, "/"), Some(200), "{kind}: a daemon leaves its apps alive");
    }
}

/// Nothing but a command of a person's: the process is found by its port.
#[test]
fn a_killed_master_is_recovered_by_a_command_within_a_second() {
    for (kind, subject) in both_kinds("recover") {
        let script = subject.folder().join("recover.sh");
        let exports: Vec<String> = subject
            .environment()
            .iter()
            .map(|(name, value)| format!("export {name}='{value}'\n"))
            .collect();
        let variables = exports.concat();
        let argv = subject.argv().join(" ");
        fs::write(&script, format!("#!/bin/sh\n{variables}exec {argv} --daemon\n")).expect("ours");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("ours");
        let running = subject.start();
        let text = machine()
            + &format!("[app.{kind}]\nurl = {:?}\nrecover = [{script:?}]\n{QUICK}", subject.url());
        let agent = Agent::daemon("recover", &text);
        agent.wait_up(1);
        agent.wait_for_note("its process is found", COURSE, |note| {
            matches!(note, Note::Found { .. })
        });
        let killed_ms = wall_ms();
        running.signal_all(Signal::KILL);
        let begun_ms = agent.wait_step(kind, ActStep::CommandStarted, COURSE) - killed_ms;
        assert!(begun_ms <= 2_000, "{kind}: recovery begun after {begun_ms} ms");
        subject.wait_well();
        let back_ms = wall_ms() - killed_ms;
        let incident = agent.wait_closed(kind, COURSE);
        assert_eq!(incident.class(), Class::Dead);
        assert_eq!(incident.acts.iter().count(), 1);
        println!("{kind}: command begun {begun_ms} ms after the kill, answers after {back_ms} ms");
        assert!(step(&incident, ActStep::TermSent).is_none(), "nothing was left to end");
    }
}

#[test]
fn a_crashed_worker_is_left_to_its_master() {
    let subjects = both_kinds("worker");
    let agent = Agent::daemon("worker", &config(&subjects, QUICK));
    agent.wait_up(2);
    for (kind, subject) in &subjects {
        let masters = master(subject);
        subject.strike(Fault::CrashWorker, "");
        assert_eq!(status(subject.port, "/"), None, "{kind}: the worker died over the request");
        subject.mend(Fault::CrashWorker);
        subject.wait_well();
        assert_eq!(master(subject), masters);
    }
    // The only orders are those of the first starts.
    stays_false("an act or an incident", Duration::from_secs(5), || {
        agent.order_count() > 2 || agent.incident_count() > 0
    });
}
