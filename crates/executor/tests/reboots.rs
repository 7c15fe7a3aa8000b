//! The reboot ladder of a real executor, on a machine that only writes down what it was told.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;

use bench::{Bench, start_config};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Failure, OrderRefusal, Outcome};
use defib_journal::order::ActStep::{
    FeedingEnded, RebootAsked, RebootForced, ResetCalled, SysrqSent, Written,
};
use defib_journal::order::{ActStep, Report, Request};
use rustix::process::Signal;

/// A config that may reboot, with this service manager's part.
fn config(unit: Option<&str>) -> String {
    let machine =
        "mode = \"act\"\nreboot = \"allowed\"\nmin_uptime = \"0s\"\nreboot_timeout = \"3s\"";
    let text = match unit {
        None => start_config("[\"sleep\", \"60\"]", ""),
        Some(unit) => format!(
            "[machine]\nmode = \"act\"\n[app.shop]\nurl = \"http://127.0.0.1:1/\"\nunit = \"{unit}\"\n"
        ),
    };
    text.replace("mode = \"act\"", machine)
}

fn reboot(bench: &mut Bench) {
    let order = bench.order(Rung::Reboot, Purse::Ladder, None);
    bench.say(&Request::Order(order));
}

fn step(bench: &mut Bench) -> ActStep {
    bench.until("a step", |report| match report {
        Report::Step { step, .. } => Some(*step),
        _ => None,
    })
}

#[test]
fn what_is_refused_at_once_gives_way_at_once() {
    let mut bench = Bench::start("refused", &config(None), "leave");
    bench.greeted();
    reboot(&mut bench);
    let mut steps = Vec::new();
    let outcome = bench.until("Acted", |report| match report {
        Report::Step { step, .. } => {
            steps.push(*step);
            None
        }
        Report::Acted { outcome, .. } => Some(*outcome),
        _ => None,
    });
    assert_eq!(outcome, Outcome::Failed(Failure::NoManager));
    assert_eq!(
        bench.text("deeds"),
        "reboot\nforce\nSync\nReset\nSysrqSync\nSysrqReadOnly\nSysrqReset\n"
    );
    let all = [Written, RebootAsked, RebootForced, ResetCalled, SysrqSent, FeedingEnded];
    assert_eq!(steps, all, "each step has its record");
}

#[test]
fn acceptance_is_not_the_end() {
    let mut bench = Bench::start("accepted", &config(Some("fine.service")), "leave");
    bench.greeted();
    reboot(&mut bench);
    let begun = std::time::Instant::now();
    let expected =
        [ActStep::Written, ActStep::RebootAsked, ActStep::RebootAccepted, ActStep::RebootForced];
    assert_eq!([(); 4].map(|()| step(&mut bench)), expected);
    assert!(begun.elapsed().as_millis() >= 3_000, "its deadline, and not before");
    // The record goes before the deed.
    bench.eventually("it is forced", || bench.text("deeds") == "reboot\nforce\n");
}

/// PID 1 ends us, too, on the way down. If it hangs at another service, the next step is still to come.
#[test]
fn a_stop_in_the_middle_of_a_reboot_leaves_the_ladder_standing() {
    let mut bench = Bench::start("held", &config(Some("fine.service")), "leave");
    bench.greeted();
    reboot(&mut bench);
    while step(&mut bench) != ActStep::RebootAccepted {}
    bench.signal_executor(Signal::TERM);
    let order = bench.order(Rung::Restart, Purse::Ladder, None);
    assert_eq!(bench.act(order).0, Outcome::Refused(OrderRefusal::Busy));
    assert_eq!(step(&mut bench), ActStep::RebootForced);
    // systemd-shutdown: nothing is waited for there but us.
    std::fs::write(bench.folder.join("last-phase"), "").expect("written");
    assert!(bench.wait_executor().success());
}

#[test]
fn with_no_other_job_running_the_shutdown_waits_only_for_us() {
    let mut bench = Bench::start("alone", &config(Some("fine.service")), "leave");
    bench.greeted();
    reboot(&mut bench);
    while step(&mut bench) != ActStep::RebootAccepted {}
    std::fs::write(bench.folder.join("running"), "1").expect("written");
    bench.signal_executor(Signal::TERM);
    assert!(bench.wait_executor().success());
    assert_eq!(bench.text("deeds"), "reboot\n");
}

#[test]
fn a_person_at_guard_is_obeyed() {
    let mut bench = Bench::start("obeyed", &config(Some("fine.service")), "stop");
    bench.greeted();
    reboot(&mut bench);
    while step(&mut bench) != ActStep::RebootAccepted {}
    bench.signal_executor(Signal::INT);
    assert!(bench.wait_executor().success());
    assert_eq!(bench.text("deeds"), "reboot\n");
}
