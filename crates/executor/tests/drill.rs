//! Drills: to the judged process and no other, one at a time, and undone.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;

use bench::{Bench, kill, lives, start_config};
use defib_engine::id::{AppId, Identity};
use defib_journal::drill::{DrillKind, DrillStage};
use defib_journal::order::{Report, Request};
use rustix::process::Signal;

fn drill(bench: &mut Bench, kind: DrillKind, identity: Identity) -> (DrillStage, String) {
    bench.say(&Request::Drill { app: AppId(0), kind, identity });
    bench.until("Drilled", |report| match report {
        Report::Drilled { stage, detail, .. } => Some((*stage, detail.clone())),
        _ => None,
    })
}

fn is_stopped(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
}

#[test]
fn what_a_drill_stopped_runs_again_when_the_executor_goes() {
    let mut bench = Bench::start("drill-hang", &start_config("[\"sleep\", \"60\"]", ""), "leave");
    bench.greeted();
    let app = bench.start_app();
    let other = Identity { start_ticks: app.start_ticks + 1, ..app };
    assert_eq!(drill(&mut bench, DrillKind::Hang, other).0, DrillStage::Refused);
    assert!(!is_stopped(app.pid));
    assert_eq!(drill(&mut bench, DrillKind::Hang, app).0, DrillStage::Begun);
    bench.eventually("it stands still", || is_stopped(app.pid));
    let (stage, why) = drill(&mut bench, DrillKind::Kill, app);
    assert_eq!((stage, why.as_str()), (DrillStage::Refused, "another drill is under way"));
    bench.signal_executor(Signal::TERM);
    bench.eventually("it runs again", || lives(app.pid) && !is_stopped(app.pid));
    kill(app.pid, Signal::KILL);
}

#[test]
fn without_room_in_the_budget_nothing_is_done() {
    let config = start_config("[\"sleep\", \"60\"]", "budget = { hour = 1, day = 10 }\n");
    let mut bench = Bench::start("drill-budget", &config, "leave");
    bench.greeted();
    let app = bench.start_app();
    let (stage, why) = drill(&mut bench, DrillKind::Kill, app);
    assert_eq!((stage, why.as_str()), (DrillStage::Refused, "its budget would be spent"));
    assert!(lives(app.pid));
    kill(app.pid, Signal::KILL);
}
