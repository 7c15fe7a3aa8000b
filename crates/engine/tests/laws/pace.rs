//! When the next look begins, and what makes earlier ones void.

use crate::support::desk::{Desk, ERROR, HANG, at, one, without_verdict};
use crate::support::policy::probe;
use defib_engine::effect::Effect;
use defib_engine::event::{Doubt, Event};
use defib_engine::id::{AppId, Identity};
use defib_engine::policy::{Policy, View};
use defib_engine::seen::{Seen, UnknownWhy};
use defib_engine::state::{AppPhase, Process};
use defib_engine::time::Moment;

const UNSURE: Seen = Seen::Unknown(UnknownWhy::CommandUnsure);

fn url() -> Policy {
    one("child", vec![probe("url", View::App)])
}

/// Asked for now, and when it is to be asked for next.
fn asks(desk: &Desk, index: usize) -> (bool, Moment) {
    let asked = |effect: &Effect| matches!(effect, Effect::Probe { probe, .. } if usize::from(probe.index) == index);
    (desk.effects.iter().any(asked), desk.probe(index).next_at)
}

#[test]
fn a_look_begins_an_interval_after_the_last_began() {
    let mut desk = Desk::well(url());
    desk.wake(0);
    assert_eq!(asks(&desk, 0), (true, at(5_000)));
    let attempt = desk.probe(0).attempt;
    desk.told(0, [0, 0, 700, 700], Seen::Pass).wake(4_999);
    assert_eq!(asks(&desk, 0), (false, at(5_000)));
    desk.wake(5_000);
    assert_eq!((asks(&desk, 0), desk.probe(0).attempt), ((true, at(10_000)), attempt + 1));
    // One at a time, given up 5 s after its time-out of 3 s.
    desk.wake(12_999);
    assert!(!asks(&desk, 0).0);
    desk.wake(13_000);
    assert_eq!(asks(&desk, 0), (true, at(18_000)));
}

/// The pace by what goes on, from a look's start to the next.
#[test]
fn looks_are_quick_while_anything_is_open() {
    type Change = fn(&mut Desk);
    let table: [(&str, Change, u64); 8] = [
        ("calm", |_| (), 5_000),
        ("suspected", |desk| desk.state.apps[0].suspected_since = Some(at(0)), 2_000),
        ("grace", |desk| desk.state.apps[0].grace_until = Some(at(100_001)), 1_000),
        (
            "grace at a quick pace",
            |desk| {
                desk.state.apps[0].grace_until = Some(at(200_000));
                desk.policy.apps[0].probes[0].fast_ms = 400;
            },
            400,
        ),
        (
            "grace at a quick interval",
            |desk| {
                desk.state.apps[0].grace_until = Some(at(200_000));
                desk.policy.apps[0].probes[0].interval_ms = 300;
            },
            300,
        ),
        ("grace is over", |desk| desk.state.apps[0].grace_until = Some(at(100_000)), 5_000),
        (
            "launching",
            |desk| {
                desk.state.apps[0].phase =
                    AppPhase::Launching { intent: defib_engine::id::IntentId(9) };
            },
            2_000,
        ),
        (
            "an interval that is quicker",
            |desk| {
                desk.state.apps[0].suspected_since = Some(at(0));
                desk.policy.apps[0].probes[0].interval_ms = 1_500;
            },
            1_500,
        ),
    ];
    for (name, change, pace) in table {
        let mut desk = Desk::well(without_verdict(url()));
        change(&mut desk);
        desk.state.apps[0].probes[0].next_at = at(100_000);
        desk.wake(100_000);
        assert_eq!(asks(&desk, 0), (true, at(100_000 + pace)), "{name}");
    }
}

/// A hang that nobody may act on: handed over, it is looked at slowly, until it is back.
#[test]
fn what_waits_for_a_person_is_looked_at_slowly() {
    let not_found = Seen::Status { code: 404, retry_after_s: None };
    let mut desk = Desk::well(url());
    for ms in (2_000..=20_000).step_by(2_000) {
        desk.look(0, ms - 10, ms, not_found);
    }
    assert!(desk.app().incident().is_some_and(|incident| incident.handed_over.is_some()));
    desk.wake(30_000);
    assert_eq!(asks(&desk, 0), (true, at(35_000)));
    desk.look(0, 30_000, 30_100, Seen::Pass).wake(35_000);
    assert_eq!(asks(&desk, 0), (true, at(37_000)));
}

#[test]
fn the_first_failure_hastens_every_view_and_a_second_look_at_the_first_comes_soon() {
    let views = [View::App, View::UserPath, View::Dependency, View::Listener];
    let probes: Vec<_> = views.map(|view| probe("probe", view)).into();
    let mut desk = Desk::well(without_verdict(one("child", probes)));
    desk.wake(0);
    for index in 0..4 {
        desk.told(index, [0, 0, 10 + u64::from(index), 10 + u64::from(index)], Seen::Pass);
    }
    desk.wake(5_000).told(0, [5_000, 5_000, 5_010, 5_010], ERROR);
    assert_eq!(asks(&desk, 0), (false, at(7_000)));
    // They were all asked at 5.0 s; when they have ended they are asked again.
    for index in 1..4 {
        let when = 5_020 + u64::from(index);
        desk.told(index, [5_000, 5_000, when, when], Seen::Pass);
        assert_eq!(asks(&desk, usize::from(index)), (true, at(when + 2_000)), "{index}");
    }
    // Later failures hasten nothing more.
    desk.wake(7_000).told(0, [7_000, 7_000, 7_005, 7_005], ERROR);
    assert_eq!((1..4).map(|index| asks(&desk, index).0).collect::<Vec<_>>(), [false; 3]);
}

/// A window of 16 s and a time-out of 3 s: the last look begins at 13 s.
#[test]
fn the_look_that_convicts_ends_with_the_window() {
    // The stretch's beginning, what it saw so far, the last look's end, when the next may begin, and when it does.
    let table = [
        // It would begin after 13 s.
        (0, HANG, 27, 12_500, 14_500, 13_000),
        (0, HANG, 27, 12_500, 13_001, 13_000),
        // It would still run at 13 s, and one more is enough: 34 and 27 reach the bar of 67 not.
        (0, HANG, 39, 9_000, 11_000, 11_000),
        (0, HANG, 40, 9_000, 11_000, 13_000),
        (0, HANG, 40, 9_000, 10_000, 10_000),
        (0, HANG, 40, 9_000, 10_001, 13_000),
        (0, Seen::Refused, 17, 9_000, 11_000, 13_000),
        (0, Seen::Refused, 16, 9_000, 11_000, 11_000),
        // It is too late to aim.
        (0, HANG, 150, 13_000, 15_000, 15_000),
        (0, HANG, 150, 14_000, 15_000, 15_000),
        (7_000, HANG, 40, 16_000, 18_000, 20_000),
    ];
    for (since, seen, db, ended, next, begins) in table {
        let mut desk = Desk::well(url());
        (desk.policy.bars.kill_db, desk.policy.bars.restart_db) = (61, 67);
        let state = &mut desk.state.apps[0];
        state.suspected_since = Some(at(since));
        let probe = &mut state.probes[0];
        let (started, ended_at) = (at(ended - 10), at(ended));
        probe.last = Some(defib_engine::state::Look { seen, started, ended: ended_at });
        probe.stretch =
            Some(defib_engine::state::Stretch { since: at(since), until: ended_at, count: 1 });
        (probe.db, probe.next_at) = (db, at(next));
        desk.wake(ended + 1);
        assert_eq!(desk.probe(0).next_at, at(begins), "{since} {seen:?} {db} {ended} {next}");
    }
}

#[test]
fn what_is_no_open_question_is_not_aimed_at() {
    for what in ["dependency", "gone", "asked"] {
        let view = if what == "dependency" { View::Dependency } else { View::App };
        let probes = vec![probe("url", View::App), probe("other", view)];
        let mut desk = Desk::well(without_verdict(one("child", probes)));
        desk.look(1, 1_990, 2_000, HANG);
        desk.state.apps[0].probes[1].asked_at = None;
        match what {
            "gone" => {
                let gone = Process::Gone { at: at(2_000), supervisor_until: Some(at(90_000)) };
                desk.state.apps[0].process = gone;
            }
            "asked" => desk.state.apps[0].probes[1].asked_at = Some(at(11_000)),
            _ => {}
        }
        desk.state.apps[0].probes[1].next_at = at(15_500);
        desk.wake(12_000);
        assert_eq!(desk.probe(1).next_at, at(15_500), "{what}");
    }
}

#[test]
fn the_orphans_of_a_dead_process_are_watched_four_times_a_second() {
    let probes = || vec![probe("url", View::App), probe("path", View::UserPath)];
    for (target, pace) in [("recover", 250), ("child", 2_000)] {
        let mut desk = Desk::well(one(target, probes()));
        desk.die(1_000);
        desk.look(0, 1_000, 1_100, Seen::Pass).look(1, 1_000, 1_100, Seen::Pass);
        if target == "recover" {
            assert_eq!(desk.orders, []);
            assert_eq!((asks(&desk, 0).1, asks(&desk, 1).1), (at(1_250), at(3_000)));
            // One that failed before the death tells nothing, nor does the users' path.
            desk.look(0, 999, 1_400, HANG).look(1, 1_400, 1_450, Seen::Refused);
            assert_eq!(desk.orders, []);
            desk.look(0, 1_000, 1_500, Seen::Refused);
            assert_eq!(desk.orders.len(), 1);
        } else {
            assert_eq!((desk.orders.len(), asks(&desk, 1).1), (1, at(1_000 + pace)));
        }
    }
}

/// Nothing listens where the view on the app looks, and nothing will before it is started: then the way to it
/// tells, and a dead app whose command needs a free port is not waited for for ever.
#[test]
fn where_no_view_looks_at_the_app_the_users_path_tells_that_nobody_answers() {
    let probes = vec![probe("url", View::App), probe("path", View::UserPath)];
    let mut desk = Desk::well(one("recover", probes));
    desk.die(1_000);
    desk.look(0, 1_000, 1_010, Seen::Unknown(UnknownWhy::NothingThere));
    assert_eq!(desk.orders, []);
    desk.look(1, 990, 1_020, Seen::Refused);
    assert_eq!(desk.orders, [], "it began before the death");
    desk.look(1, 1_020, 1_030, Seen::Refused);
    assert_eq!(desk.orders.len(), 1);
}

#[test]
fn what_was_seen_in_doubt_or_before_it_is_void() {
    let mut policy = url();
    policy.apps[0].probes.push(probe("db", View::Dependency));
    let mut desk = Desk::well(without_verdict(policy));
    desk.looks(0, 2_000, &[HANG, HANG]).look(1, 4_000, 4_500, ERROR);
    let attempt = desk.probe(0).attempt;
    desk.feed(5_000, Event::Doubted(Doubt::LateTimer { late_ms: 3_000 }));
    let probe = desk.probe(0);
    assert_eq!((probe.db, probe.stretch, probe.cusum), (0, None, 0));
    assert_eq!((probe.passes, probe.fresh), (0, 0));
    // Dropped by its number, and asked for again at once.
    assert_eq!((asks(&desk, 0).0, desk.probe(0).attempt), (true, attempt + 2));
    assert_eq!(desk.app().suspected_since, None);
    // In doubt a failure of the app is void, and one of a dependency is not.
    desk.look(0, 5_000, 5_100, HANG).look(1, 5_000, 5_100, ERROR);
    assert_eq!(
        (desk.probe(0).stretch, desk.probe(0).last.map(|look| look.seen)),
        (None, Some(HANG))
    );
    assert!(desk.probe(1).stretch.is_some());
    // A good look is good; what says nothing does not take its place, and ends its row.
    desk.look(0, 5_200, 5_300, Seen::Pass);
    assert_eq!(desk.probe(0).passes, 1);
    desk.look(0, 5_400, 5_500, UNSURE);
    assert_eq!((desk.probe(0).passes, desk.probe(0).last.map(|it| it.seen)), (0, Some(Seen::Pass)));
}

/// It did not count, and its next look may be a whole interval away.
#[test]
fn what_failed_in_doubt_is_looked_at_again_when_the_doubt_ends() {
    for (seen, is_due) in [(HANG, true), (ERROR, true), (Seen::Pass, false)] {
        let mut policy = url();
        policy.apps[0].probes[0].interval_ms = 48_000;
        let mut desk = Desk::well(without_verdict(policy));
        desk.feed(5_000, Event::Doubted(Doubt::LateTimer { late_ms: 3_000 }));
        desk.look(0, 5_000, 6_000, seen).wake(9_999);
        assert!(!asks(&desk, 0).0, "{seen:?}");
        desk.wake(10_000);
        assert_eq!(asks(&desk, 0).0, is_due, "{seen:?}");
    }
}

#[test]
fn a_stale_answer_is_dropped() {
    let mut desk = Desk::well(url());
    desk.wake(0);
    let attempt = desk.probe(0).attempt;
    let before = desk.state.clone();
    let look = |attempt, index| Event::Observed {
        probe: defib_engine::id::ProbeId { app: AppId(0), index },
        attempt,
        started: at(0),
        ended: at(0),
        seen: HANG,
    };
    desk.feed(0, look(attempt + 1, 0)).feed(0, look(attempt, 1)).feed(0, look(attempt, 200));
    assert!(desk.state == before);
    desk.feed(0, look(attempt, 0)).feed(0, look(attempt, 0));
    assert_eq!(desk.probe(0).stretch.map(|stretch| stretch.count), Some(1));
}

#[test]
fn a_process_that_is_found_is_looked_at_each_second() {
    let mut desk = Desk::well(url());
    desk.wake(0).told(0, [0, 0, 10, 10], Seen::Pass);
    assert_eq!(asks(&desk, 0).1, at(5_000));
    desk.feed(
        20,
        Event::Found { app: AppId(0), identity: Identity { pid: 8, start_ticks: 9_000 } },
    );
    assert_eq!(asks(&desk, 0).1, at(1_000));
}
