//! The model is kept honest: journals of the shipped program guarding real gunicorn, lived through again.

use defib_engine::seen::Seen;
use defib_sim::agent::engine::EngineAgent;
use defib_sim::fact::{Fact, Witness};
use defib_sim::plan::{AppFault, Happening, Planned, Remedy};
use defib_sim::run::{Pace, run};
use defib_sim::trace::{Ordered, Trace};
use defib_sim::world::World;
use std::path::Path;
use std::rc::Rc;

/// A decision may come so much earlier or later after the one before it than was recorded: the looks of two
/// runs do not fall on the same milliseconds, and a real machine takes its time.
const TOLERANCE_MS: u64 = 1_000;

fn read(name: &str) -> Trace {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces").join(format!("{name}.jsonl"));
    let text = std::fs::read_to_string(&path).expect("the trace is there");
    Trace::read(&text).unwrap_or_else(|why| panic!("{name}: {why}"))
}

fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces");
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be listed").path());
    let mut names: Vec<String> =
        paths.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort();
    names
}

/// What an agent ordered, and what its looks saw.
struct Notes {
    orders: Vec<Ordered>,
    seen: Vec<Vec<Vec<Seen>>>,
}

impl Witness for Notes {
    fn take(&mut self, at_ms: u64, fact: &Fact) {
        match *fact {
            Fact::Ordered(order) => {
                let app = usize::from(order.app.0);
                self.orders.push(Ordered { at_ms, app, rung: order.rung });
            }
            Fact::Looked { app, probe, seen, .. } => {
                let all = &mut self.seen[app][probe];
                if all.last() != Some(&seen) {
                    all.push(seen);
                }
            }
            _ => {}
        }
    }
}

fn live(trace: &Trace, mut world: World) -> Notes {
    let blank = |app: &Vec<Vec<Seen>>| vec![Vec::new(); app.len()];
    let mut notes = Notes { orders: Vec::new(), seen: trace.seen.iter().map(blank).collect() };
    let mut agent = EngineAgent::new(&world);
    let ends_at_ms = world.plan().ends_at_ms;
    run(&mut world, &mut agent, Pace::Every, ends_at_ms, &mut notes);
    notes
}

/// From each order to the next.
fn waits(orders: &[Ordered]) -> Vec<u64> {
    let before = std::iter::once(0).chain(orders.iter().map(|order| order.at_ms));
    orders.iter().zip(before).map(|(order, before_ms)| order.at_ms - before_ms).collect()
}

/// The same acts on each app, in the same order, at the same time.
#[test]
fn the_agent_decides_in_each_recorded_world_as_it_did() {
    let mut differences = Vec::new();
    for name in names() {
        let trace = read(&name);
        let notes = live(&trace, trace.world().expect("its rules make a config"));
        for app in 0..trace.policy.apps.len() {
            let of_app = |orders: &[Ordered]| -> Vec<Ordered> {
                orders.iter().filter(|order| order.app == app).copied().collect()
            };
            let (recorded, lived) = (of_app(&trace.orders), of_app(&notes.orders));
            let rungs =
                |orders: &[Ordered]| -> Vec<_> { orders.iter().map(|it| it.rung).collect() };
            let pairs = waits(&recorded).into_iter().zip(waits(&lived));
            let is_timely =
                pairs.into_iter().all(|(one, other)| one.abs_diff(other) <= TOLERANCE_MS);
            if rungs(&recorded) != rungs(&lived) || !is_timely {
                differences.push(format!("{name} app {app}:\n  {recorded:?}\n  {lived:?}"));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// There are enough of them to speak of a suite, and few enough bytes to keep.
#[test]
fn there_are_a_dozen_traces_and_they_are_small() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces");
    let len = |name: &String| {
        folder.join(format!("{name}.jsonl")).metadata().map_or(0, |metadata| metadata.len())
    };
    let names = names();
    let bytes: u64 = names.iter().map(len).sum();
    assert!(names.len() >= 12 && bytes < 400_000, "{} traces, {bytes} bytes", names.len());
}

/// Our own fault in place of the recorded one, with the recorded rules: our world without a script.
fn with_fault(trace: &Trace, fault: AppFault, remedy: Remedy) -> Notes {
    let mut plan = trace.plan.clone();
    let what = |app| Happening::App { app, fault, remedy };
    // Faults of services show in the services' own looks.
    plan.happenings =
        (0..plan.apps.len()).map(|app| Planned { at_ms: 5_000, what: what(app) }).collect();
    plan.apps.iter_mut().for_each(|app| app.warm_up_ms = 600);
    plan.ends_at_ms = 60_000;
    live(trace, World::new(Rc::new(plan)).expect("its rules make a config"))
}

/// Without what is seen while one process takes another's place: which of these a look meets is a matter
/// of milliseconds.
fn telling(seen: &[Seen]) -> Vec<Seen> {
    let kept = seen.iter().copied().filter(|seen| !matches!(seen, Seen::Refused | Seen::Reset));
    let mut telling: Vec<Seen> = kept.collect();
    telling.dedup();
    telling
}

/// Each fault that a trace shows looks in our world as it looked there.
#[test]
fn the_faults_that_were_seen_look_as_they_did() {
    const SHORT: Remedy = Remedy::time(10_000);
    let cases = [
        ("a_hang_is_ended_within_6_s_at_1_s_settings", AppFault::Hang, Remedy::NEW_PROCESS),
        ("a_stopped_app_is_ended_and_started", AppFault::Stopped, Remedy::NEW_PROCESS),
        (
            "answers_of_500_are_cured_by_a_restart",
            AppFault::Status { code: 500 },
            Remedy::NEW_PROCESS,
        ),
        ("a_wrong_body_is_cured_by_a_restart", AppFault::WrongBody, Remedy::NEW_PROCESS),
        ("an_announced_503_is_intended", AppFault::Announces { retry_after_s: 60 }, SHORT),
        ("a_redirect_is_reported_and_left_alone", AppFault::Status { code: 302 }, SHORT),
        ("a_401_is_reported_and_left_alone", AppFault::Status { code: 401 }, SHORT),
        ("a_dependency_that_is_down_is_waited_for", AppFault::DependencyDown, SHORT),
        ("slow_answers_within_the_timeout_are_no_incident", AppFault::Slow { by_ms: 300 }, SHORT),
        (
            "an_app_that_dies_after_every_start_is_started_ever_more_slowly",
            AppFault::DiesAfter { after_ms: 900 },
            SHORT,
        ),
        (
            "a_killed_master_is_started_at_once_by_a_config",
            AppFault::Exit(defib_engine::event::Exit::Signal(9)),
            Remedy::NEW_PROCESS,
        ),
    ];
    let mut differences = Vec::new();
    for (name, fault, remedy) in cases {
        let trace = read(name);
        let notes = with_fault(&trace, fault, remedy);
        for (app, probes) in trace.seen.iter().enumerate() {
            for (probe, recorded) in probes.iter().enumerate() {
                let (recorded, ours) = (telling(recorded), telling(&notes.seen[app][probe]));
                if recorded != ours {
                    differences.push(format!("{fault:?} {app}/{probe}: {recorded:?}, {ours:?}"));
                }
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A process that is killed while it owes an answer: the connection is reset, then refused, and then the
/// next one answers.
#[test]
fn a_death_under_a_look_is_a_reset_as_it_was() {
    let trace = read("a_hang_is_ended_within_6_s_at_1_s_settings");
    let notes = with_fault(&trace, AppFault::Hang, Remedy::NEW_PROCESS);
    for app in 0..2 {
        assert_eq!(notes.seen[app][0], trace.seen[app][0], "app {app}");
    }
}
