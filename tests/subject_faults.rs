//! The subject of the other tests does what they rely on, with gunicorn alone and no defib.

mod support;

use rustix::process::Signal;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;
use support::http::{get, status};
use support::port::free_port;
use support::subject::{Fault, Subject, Workers};
use support::wait::{poll_until, stays_false};

const SOON: Duration = Duration::from_secs(5);

#[test]
fn wrong_answers_come_while_their_file_is_there() {
    let subject = Subject::new("answers", Workers::Sync);
    let _running = subject.start();
    let faults = [
        (Fault::Error500, 500),
        (Fault::RetryAfter, 503),
        (Fault::Redirect, 302),
        (Fault::Auth, 401),
        (Fault::WrongBody, 200),
    ];
    for (fault, expected) in faults {
        subject.strike(fault, "");
        let answer = get(subject.port, "/", SOON).expect("it answers");
        assert_eq!(answer.status, expected, "{fault:?}");
        assert!(!answer.body.contains("subject is well"), "{fault:?}");
        assert_eq!(answer.head.contains("Retry-After: 120"), fault == Fault::RetryAfter);
        subject.mend(fault);
        assert_eq!(status(subject.port, "/"), Some(200), "{fault:?} is mended");
    }
}

#[test]
fn slow_answers_are_right_and_resets_are_none() {
    let subject = Subject::new("slow", Workers::Threads);
    let _running = subject.start();
    subject.strike(Fault::Slow, "0.5");
    let begun = std::time::Instant::now();
    assert_eq!(status(subject.port, "/"), Some(200));
    assert!(begun.elapsed() >= Duration::from_millis(500));
    subject.mend(Fault::Slow);
    subject.strike(Fault::Reset, "");
    let error = get(subject.port, "/", SOON).expect_err("the connection is reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn a_hang_takes_all_workers_survives_their_master_and_is_cured_by_a_start() {
    for workers in [Workers::Sync, Workers::Threads] {
        let subject = Subject::new("hang", workers);
        let running = subject.start();
        subject.strike(Fault::Hang, "");
        let hung = || get(subject.port, "/", Duration::from_millis(200)).is_err().then_some(());
        poll_until("the subject hangs", SOON, hung);

        running.signal(Signal::KILL);
        let pid = running.pid();
        let orphans = || {
            let left = subject.processes();
            (!left.is_empty() && !left.contains(&pid)).then_some(())
        };
        poll_until("only hung workers are left", SOON, orphans);
        running.signal_all(Signal::KILL);
        poll_until("all are gone", SOON, || subject.processes().is_empty().then_some(()));

        let _again = subject.start();
    }
}

#[test]
fn gunicorn_replaces_a_crashed_worker_itself() {
    let subject = Subject::new("worker", Workers::Sync);
    let mut running = subject.start();
    subject.strike(Fault::CrashWorker, "");
    assert_eq!(status(subject.port, "/"), None, "the worker died over the request");
    subject.mend(Fault::CrashWorker);
    subject.wait_well();
    assert!(!running.has_ended());
}

#[test]
fn term_is_ignored_where_the_fault_says_so() {
    let subject = Subject::new("term", Workers::Sync);
    subject.strike_always(Fault::IgnoreTerm, "");
    let mut running = subject.start();
    running.signal_all(Signal::TERM);
    stays_false("it ended", Duration::from_millis(500), || running.has_ended());
    assert_eq!(status(subject.port, "/"), Some(200));
}

#[test]
fn a_start_that_dies_at_once_ends_by_itself() {
    let subject = Subject::new("die", Workers::Sync);
    subject.strike_always(Fault::DieAtStart, "");
    let mut running = subject.start_unseen();
    poll_until("it ended", SOON, || running.has_ended().then_some(()));
}

#[test]
fn a_stopped_group_accepts_and_never_answers() {
    let subject = Subject::new("stop", Workers::Sync);
    let running = subject.start();
    running.signal_all(Signal::STOP);
    let error = get(subject.port, "/", Duration::from_millis(300)).expect_err("nobody reads");
    assert!(
        matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
        "the kernel accepts and nobody answers, but: {error}"
    );
    running.signal_all(Signal::CONT);
    subject.wait_well();
}

#[test]
fn a_dependency_that_is_down_is_answered_by_500() {
    let port = free_port();
    let subject = Subject::new("dependency", Workers::Sync).needing(port);
    let _running = subject.start_unseen();
    poll_until("it answers 500", SOON, || (status(subject.port, "/") == Some(500)).then_some(()));
    let _dependency = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("it is free");
    subject.wait_well();
}
