//! The reboot ladder of a real executor, on a machine that only writes down what it was told.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;

use bench::{Bench, start_config};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Failure, OrderRefusal, Outcome};
use defib_engine::note::Class;
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

/// A bench whose service manager has accepted the reboot.
fn accepted(name: &str, at_end: &'static str) -> Bench {
    let mut bench = Bench::start(name, &config(Some("fine.service")), at_end);
    bench.greeted();
    reboot(&mut bench);
    while step(&mut bench) != ActStep::RebootAccepted {}
    bench
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
        "panics reset\nreboot\nforce\nSync\nReset\nSysrqSync\nSysrqReadOnly\nSysrqReset\npanics as found\n"
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
    bench.eventually("it is forced", || bench.text("deeds") == "panics reset\nreboot\nforce\n");
}

/// PID 1 ends us, too, on the way down. If it hangs at another service, the next step is still to come.
#[test]
fn a_stop_in_the_middle_of_a_reboot_leaves_the_ladder_standing() {
    let mut bench = accepted("held", "leave");
    bench.signal_executor(Signal::TERM);
    let order = bench.order(Rung::Restart, Purse::Ladder, None);
    assert_eq!(bench.act(order).0, Outcome::Refused(OrderRefusal::Busy));
    assert_eq!(step(&mut bench), ActStep::RebootForced);
    // systemd-shutdown: nothing is waited for there but us.
    std::fs::write(bench.folder.join("last-phase"), "").expect("written");
    assert!(bench.wait_executor().success());
}

/// systemd-shutdown waits 90 s for a process that does not end. The next step's deadline is sooner.
#[test]
fn in_the_last_phase_the_ladder_goes_on_while_others_are_waited_for() {
    let mut bench = accepted("deaf", "leave");
    std::fs::write(bench.folder.join("others"), "").expect("written");
    std::fs::write(bench.folder.join("last-phase"), "").expect("written");
    bench.signal_executor(Signal::TERM);
    // The guardian was told to end, too, and has.
    bench.hang_up();
    bench.eventually("it is forced", || bench.text("deeds") == "panics reset\nreboot\nforce\n");
    std::fs::remove_file(bench.folder.join("others")).expect("ours");
    assert!(bench.wait_executor().success());
    assert!(!bench.has_another_guardian(), "it would have been waited for, too");
}

#[test]
fn with_no_other_job_running_the_shutdown_waits_only_for_us() {
    let mut bench = accepted("alone", "leave");
    std::fs::write(bench.folder.join("running"), "1").expect("written");
    bench.signal_executor(Signal::TERM);
    assert!(bench.wait_executor().success());
    assert_eq!(bench.text("deeds"), "panics reset\nreboot\n");
}

#[test]
fn a_person_at_guard_is_obeyed() {
    let mut bench = accepted("obeyed", "stop");
    bench.signal_executor(Signal::INT);
    assert!(bench.wait_executor().success());
    assert_eq!(bench.text("deeds"), "panics reset\nreboot\n");
}

fn reboot_for(bench: &mut Bench, class: Class) {
    let mut order = bench.order(Rung::Reboot, Purse::Ladder, None);
    order.class = class;
    bench.say(&Request::Order(order));
}

fn mute_bench(name: &str) -> Bench {
    // Longer than it takes to find the manager mute.
    let text = config(Some("fine.service")).replace("\"3s\"", "\"6s\"");
    let mut bench = Bench::prepare(name, &text, "leave");
    std::fs::write(bench.folder.join("mute"), "").expect("written");
    bench.start_executor();
    bench.greeted();
    bench
}

/// The kernel panics within seconds when nothing is left to be killed: 20 s for a PID 1 that gets no memory
/// either are too many.
#[test]
fn a_manager_that_owed_the_start_is_not_asked_for_a_reboot_for_memory() {
    let mut bench = mute_bench("owed");
    let mut order = bench.order(Rung::Start, Purse::Free, None);
    order.deadline_ms = 60_000;
    assert_eq!(bench.act(order).0, Outcome::Failed(Failure::NoManager));
    reboot_for(&mut bench, Class::Memory);
    assert_eq!([(); 2].map(|()| step(&mut bench)), [Written, ResetCalled]);
    bench
        .eventually("the kernel is asked", || bench.text("deeds") == "panics reset\nSync\nReset\n");
}

#[test]
fn a_manager_that_says_nothing_to_a_reboot_for_memory_is_passed_over() {
    let mut bench = mute_bench("passed");
    reboot_for(&mut bench, Class::Memory);
    assert_eq!([(); 3].map(|()| step(&mut bench)), [Written, RebootAsked, ResetCalled]);
}

/// For any other fault a clean shutdown is worth its time.
#[test]
fn for_another_fault_a_mute_manager_has_its_time() {
    let mut bench = mute_bench("other");
    reboot_for(&mut bench, Class::Hung);
    assert_eq!([(); 3].map(|()| step(&mut bench)), [Written, RebootAsked, RebootForced]);
}
