//! What each fault of an app looks like from outside, and what ends it.

use crate::watcher::{fault, hour_of, quiet, watch};
use defib_engine::event::Exit;
use defib_engine::seen::{BodyFault, Phase, Seen, TlsFault, UnknownWhy};
use defib_sim::fact::{By, Fact};
use defib_sim::plan::{AppFault, AppPlan, Keeper, Remedy};

const HUNG: Seen = Seen::Timeout(Phase::FirstByte);
const FAILS_500: Seen = Seen::Status { code: 500, retry_after_s: None };

fn status(code: u16) -> Seen {
    Seen::Status { code, retry_after_s: None }
}

#[test]
fn each_fault_shows_as_itself_and_is_over_when_its_time_is() {
    let body = Seen::Body(BodyFault::Missing);
    let cases = [
        (AppFault::Hang, HUNG),
        (AppFault::Spin, HUNG),
        (AppFault::Stopped, HUNG),
        (AppFault::Unkillable, HUNG),
        (AppFault::Status { code: 502 }, status(502)),
        (AppFault::Status { code: 404 }, status(404)),
        (
            AppFault::Announces { retry_after_s: 30 },
            Seen::Status { code: 503, retry_after_s: Some(30) },
        ),
        (AppFault::WrongBody, body),
        (AppFault::WorkersHang { permille: 1_000 }, HUNG),
        (AppFault::Slow { by_ms: 500 }, Seen::Pass),
        (AppFault::Slow { by_ms: 3_500 }, HUNG),
        (AppFault::DependencyDown, FAILS_500),
        (AppFault::DependencySlow, HUNG),
        (AppFault::CertificateExpired, Seen::Tls(TlsFault::Expired)),
    ];
    for (what, shows) in cases {
        let seen = watch(hour_of(vec![fault(100_000, what, Remedy::time(60_000))]));
        assert_eq!(seen.at(99_000, 0, 0), Some(Seen::Pass), "{what:?}");
        assert_eq!(seen.at(130_000, 0, 0), Some(shows), "{what:?}");
        assert_eq!(seen.at(170_000, 0, 0), Some(Seen::Pass), "{what:?}");
    }
}

#[test]
fn a_part_of_the_workers_hangs_in_a_part_of_the_looks() {
    let what = AppFault::WorkersHang { permille: 300 };
    let seen = watch(hour_of(vec![fault(0, what, Remedy::NONE)]));
    let hung = seen.looks.iter().filter(|look| look.3 == HUNG).count();
    assert!((900..1_260).contains(&hung), "{hung} of {}", seen.looks.len());
    let serves = seen.facts(|fact| match fact {
        Fact::Serves { permille, .. } => Some(*permille),
        _ => None,
    });
    assert_eq!(serves.last().map(|it| it.1), Some(700));
}

/// An exit is an event; what `Restart=` makes of it, the manager does.
#[test]
fn an_exit_is_seen_at_once_and_only_a_unit_with_restart_returns() {
    for restart_ms in [None, Some(700)] {
        let mut plan =
            hour_of(vec![fault(100_000, AppFault::Exit(Exit::Code(3)), Remedy::NEW_PROCESS)]);
        plan.apps[0].keeper = Keeper::Unit { restart_ms };
        let seen = watch(plan);
        let died = seen.facts(|fact| match fact {
            Fact::Died { exit, by, .. } => Some((*exit, *by)),
            _ => None,
        });
        assert_eq!(died, [(100_000, (Exit::Code(3), By::Itself))]);
        assert_eq!(seen.at(101_000, 0, 0), Some(Seen::Refused));
        let born = seen.facts(|fact| match fact {
            Fact::Born { by, .. } => Some(*by),
            _ => None,
        });
        if restart_ms.is_none() {
            assert_eq!((born.len(), seen.at(3_000_000, 0, 0)), (1, Some(Seen::Refused)));
        } else {
            assert_eq!(born[1], (100_700, By::Manager));
            // 2 s of warm-up.
            assert_eq!(seen.at(102_600, 0, 0), Some(Seen::Refused));
            assert_eq!(seen.at(104_000, 0, 0), Some(Seen::Pass));
        }
    }
}

#[test]
fn a_loop_and_a_leak_kill_each_new_process() {
    for (what, exit, life_ms) in [
        (AppFault::DiesAfter { after_ms: 5_000 }, Exit::Code(1), 5_000),
        (AppFault::Leak { lasts_ms: 60_000 }, Exit::Signal(9), 60_000),
        (AppFault::PortTaken, Exit::Code(98), 300),
    ] {
        let mut plan = hour_of(vec![fault(100_000, what, Remedy::NONE)]);
        plan.apps[0].keeper = Keeper::Unit { restart_ms: Some(1_000) };
        let seen = watch(plan);
        let died = seen.facts(|fact| match fact {
            Fact::Died { exit, .. } => Some(*exit),
            _ => None,
        });
        let round_ms = life_ms + 1_000;
        assert_eq!(died[0], (100_000 + life_ms, exit), "{what:?}");
        assert_eq!(died[1], (100_000 + life_ms + round_ms, exit), "{what:?}");
    }
}

/// A stranger answers on the port, wrongly; a connect cannot tell.
#[test]
fn a_port_that_is_taken_answers() {
    let mut plan = hour_of(vec![fault(100_000, AppFault::PortTaken, Remedy::NONE)]);
    plan.config += "\n[app.shop.probe.port]\ntcp = \"127.0.0.1:8000\"\n";
    let seen = watch(plan);
    assert_eq!(seen.at(200_000, 0, 0), Some(Seen::Body(BodyFault::Missing)));
    assert_eq!(seen.at(200_000, 0, 1), Some(Seen::Pass));
}

/// The kernel completes the handshake for a process that does nothing.
#[test]
fn a_hang_passes_a_connect_and_fails_a_command() {
    let mut plan = hour_of(vec![fault(100_000, AppFault::Stopped, Remedy::NONE)]);
    plan.config += "\n[app.shop.probe.port]\ntcp = \"127.0.0.1:8000\"\n\
                    \n[app.shop.probe.tool]\ncommand = [\"/usr/bin/check\"]\n";
    let seen = watch(plan);
    let three: Vec<_> = (0..3).map(|probe| seen.at(200_000, 0, probe)).collect();
    let timeout = Seen::Timeout(Phase::Command);
    assert_eq!(three, [Some(HUNG), Some(Seen::Pass), Some(timeout)]);
}

#[test]
fn a_cut_path_shows_outside_only() {
    let mut plan = hour_of(vec![fault(100_000, AppFault::PathCut, Remedy::NONE)]);
    plan.config = "[app.shop]\nurl = \"http://shop.example.com/\"\nunit = \"shop\"\n".to_owned();
    let seen = watch(plan);
    assert_eq!(seen.at(200_000, 0, 0), Some(Seen::Timeout(Phase::Connect)));
    assert_eq!(seen.at(200_000, 0, 1), Some(Seen::Pass));
}

/// A derived look that nothing has answered yet sees nothing; later the same refusal is a failure.
#[test]
fn a_derived_look_knows_whether_anybody_ever_listened() {
    let derived = |starts_at_boot| {
        let exit = fault(100_000, AppFault::Exit(Exit::Code(0)), Remedy::NEW_PROCESS);
        let mut plan = hour_of(vec![exit]);
        plan.config =
            "[app.shop]\nurl = \"http://shop.example.com/\"\nunit = \"shop\"\n".to_owned();
        plan.apps[0].starts_at_boot = starts_at_boot;
        watch(plan).at(200_000, 0, 1)
    };
    assert_eq!(derived(true), Some(Seen::Refused));
    assert_eq!(derived(false), Some(Seen::Unknown(UnknownWhy::NothingThere)));
}

#[test]
fn a_service_that_is_down_shows_in_its_own_look() {
    let mut plan = hour_of(vec![fault(100_000, AppFault::DependencyDown, Remedy::NONE)]);
    plan.config += "depends = { db = { tcp = \"127.0.0.1:5432\" } }\n";
    let seen = watch(plan);
    assert_eq!(seen.at(200_000, 0, 0), Some(FAILS_500));
    assert_eq!(seen.at(200_000, 0, 1), Some(Seen::Refused));
}

/// What the config says of two apps is so: who needs an app that is down fails, and sees that one down.
#[test]
fn an_app_fails_with_the_app_that_it_needs() {
    let mut plan = hour_of(vec![fault(100_000, AppFault::Hang, Remedy::time(60_000))]);
    plan.config = "[app.api]\nurl = \"http://127.0.0.1:8000/\"\nunit = \"api\"\n\
                   \n[app.shop]\nurl = \"http://127.0.0.1:8001/\"\nunit = \"shop\"\n\
                   depends = { api = { url = \"http://127.0.0.1:8000/\" } }\n"
        .to_owned();
    plan.apps = ["api", "shop"].map(AppPlan::plain_unit).to_vec();
    let seen = watch(plan);
    assert_eq!(seen.at(130_000, 1, 0), Some(FAILS_500));
    assert_eq!(seen.at(130_000, 1, 1), Some(HUNG));
    assert_eq!(seen.at(170_000, 1, 0), Some(Seen::Pass));
    let serves = seen.facts(|fact| match fact {
        Fact::Serves { app: 1, permille } => Some(*permille),
        _ => None,
    });
    assert_eq!(serves[1..], [(100_000, 0), (160_000, 1_000)]);
}

/// The queue outlives the load when clients ask again, and a new process ends it.
#[test]
fn load_is_slow_first_and_then_a_hang_that_a_new_process_ends() {
    let busy = AppFault::Busy { load_percent: 200, retries: 2 };
    let mut happenings = vec![fault(100_000, busy, Remedy::time(60_000))];
    let seen = watch(hour_of(happenings.clone()));
    assert_eq!(seen.at(101_500, 0, 0), Some(Seen::Pass));
    assert_eq!(seen.at(110_000, 0, 0), Some(HUNG));
    assert_eq!(seen.at(3_000_000, 0, 0), Some(HUNG), "the queue is still there");
    happenings.push(crate::watcher::person(1_000_000, defib_sim::plan::Person::Restart { app: 0 }));
    let seen = watch(hour_of(happenings));
    assert_eq!(seen.at(1_100_000, 0, 0), Some(Seen::Pass));
}

#[test]
fn nothing_happens_in_a_quiet_hour() {
    let seen = watch(quiet());
    assert!(seen.looks.len() > 3_500 && seen.looks.iter().all(|look| look.3 == Seen::Pass));
    assert!(seen.news.is_empty(), "{:?}", seen.news);
}
