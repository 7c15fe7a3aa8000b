//! No process is to be had: a pids limit, or no memory to start one with. What can be done without one is
//! done at once, the rest is tried until it can be, and nothing of it is the app's fault.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;

use bench::{Bench, lives, start_config};
use defib_engine::effect::{Order, Purse, Rung};
use defib_engine::event::{Failure, Outcome};
use defib_engine::id::Identity;
use defib_engine::note::Class;
use defib_journal::order::{ActStep, Report, Request};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A cgroup of the pids controller; RLIMIT_NPROC does not bind root.
struct Limit(PathBuf);

impl Limit {
    /// Puts the executor under it. `None`: this machine has no such controller, or it is not ours to use.
    fn on(bench: &Bench) -> Option<Limit> {
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
        let mount = mounts.lines().find(|line| line.ends_with("pids"))?.split(' ').nth(4)?;
        let place = PathBuf::from(mount).join(format!("defib-test-{}", std::process::id()));
        std::fs::create_dir(&place).ok()?;
        let executor = bench.executor.as_ref().expect("running").id();
        std::fs::write(place.join("cgroup.procs"), executor.to_string()).ok()?;
        Some(Limit(place))
    }

    fn set(&self, max: &str) {
        std::fs::write(self.0.join("pids.max"), max).expect("ours");
    }
}

impl Drop for Limit {
    /// Whoever is still in it goes back to where we are.
    fn drop(&mut self) {
        self.set("max");
        let procs = std::fs::read_to_string(self.0.join("cgroup.procs")).unwrap_or_default();
        let home = self.0.parent().expect("a mount").join("cgroup.procs");
        for pid in procs.lines() {
            let _ = std::fs::write(&home, pid);
        }
        let begun = Instant::now();
        while std::fs::remove_dir(&self.0).is_err() && begun.elapsed() < Duration::from_secs(5) {
            std::thread::yield_now();
        }
    }
}

fn kill_order(bench: &mut Bench, identity: Identity, deadline_ms: u32) -> Order {
    let order = bench.order(Rung::Kill, Purse::Ladder, Some(identity));
    Order { class: Class::Memory, deadline_ms, ..order }
}

fn step(wanted: ActStep) -> impl FnMut(&Report) -> Option<()> {
    move |report| matches!(report, Report::Step { step, .. } if *step == wanted).then_some(())
}

fn outcome(report: &Report) -> Option<Outcome> {
    match report {
        Report::Acted { outcome, .. } => Some(*outcome),
        _ => None,
    }
}

#[test]
fn the_kill_needs_no_process_and_the_start_is_tried_until_it_is_done() {
    let config = start_config("[\"sleep\", \"60\"]", "");
    let mut bench = Bench::start("nopids", &config, "stop");
    let Some(limit) = Limit::on(&bench) else { return };
    bench.greeted();
    let first = bench.start_app();
    limit.set("0");
    let order = kill_order(&mut bench, first, 6_000);
    bench.say(&Request::Order(order));
    let begun = Instant::now();
    bench.until("Ended", step(ActStep::Ended));
    assert!(begun.elapsed() < Duration::from_secs(1) && !lives(first.pid));
    // Tried more than once in this time, and each time in vain.
    assert_eq!(bench.next(Duration::from_millis(800)).and_then(|it| outcome(&it)), None);
    limit.set("max");
    assert_eq!(bench.until("Acted", outcome), Outcome::Done);
}

#[test]
fn what_stays_impossible_is_our_limit_and_a_later_order_does_it() {
    let config = start_config("[\"sleep\", \"60\"]", "");
    let mut bench = Bench::start("nopids2", &config, "stop");
    let Some(limit) = Limit::on(&bench) else { return };
    bench.greeted();
    let first = bench.start_app();
    limit.set("0");
    let order = kill_order(&mut bench, first, 700);
    assert_eq!(bench.act(order).0, Outcome::Failed(Failure::OurLimit));
    assert!(!lives(first.pid));
    let order = bench.order(Rung::Start, Purse::Free, None);
    let order = Order { deadline_ms: 500, ..order };
    assert_eq!(bench.act(order).0, Outcome::Failed(Failure::OurLimit));
    limit.set("max");
    let second = bench.start_app();
    assert!(lives(second.pid));
}

#[test]
fn a_recover_command_is_tried_until_it_can_be_started() {
    let user = bench::user_line();
    let config = format!(
        "[machine]\nmode = \"act\"\n[app.shop]\nurl = \"http://127.0.0.1:1/\"\n\
         recover = [\"sh\", \"-c\", \"echo done >> FOLDER/recovered\"]\n{user}"
    );
    let mut bench = Bench::start("nopids3", &config, "leave");
    let Some(limit) = Limit::on(&bench) else { return };
    bench.greeted();
    limit.set("0");
    let order = bench.order(Rung::Restart, Purse::Ladder, None);
    bench.say(&Request::Order(order));
    bench.until("Written", step(ActStep::Written));
    assert_eq!(bench.next(Duration::from_millis(500)), None);
    limit.set("max");
    assert_eq!(bench.until("Acted", outcome), Outcome::Done);
    assert_eq!(bench.text("recovered"), "done\n");
}

/// The executor's address space is full: not even the stack of a child that is to be spawned fits.
#[test]
fn without_memory_for_a_process_the_kill_is_done_and_the_start_waits() {
    let config = start_config("[\"sleep\", \"60\"]", "");
    let mut bench = Bench::start("nomem", &config, "stop");
    bench.greeted();
    let first = bench.start_app();
    let executor = Pid::from_child(bench.executor.as_ref().expect("running"));
    let status = std::fs::read_to_string(format!("/proc/{}/status", executor.as_raw_nonzero()));
    let status = status.expect("it runs");
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).expect("there");
    let kib: u64 = size.trim().trim_end_matches(" kB").parse().expect("a number");
    let before = prlimit(Some(executor), Resource::As, limit_of(Some(kib * 1024))).expect("ours");
    let order = kill_order(&mut bench, first, 6_000);
    bench.say(&Request::Order(order));
    bench.until("Ended", step(ActStep::Ended));
    assert!(!lives(first.pid));
    assert_eq!(bench.next(Duration::from_millis(700)).and_then(|it| outcome(&it)), None);
    prlimit(Some(executor), Resource::As, before).expect("ours");
    assert_eq!(bench.until("Acted", outcome), Outcome::Done);
}

fn limit_of(current: Option<u64>) -> Rlimit {
    Rlimit { current, maximum: None }
}
