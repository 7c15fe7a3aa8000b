//! The first failure and the last: what is suspected, what clears it, what an app says of itself, and who may say that it is well.

use crate::support::desk::{Desk, ERROR, HANG, at, one, without_verdict};
use crate::support::policy::probe;
use defib_engine::host::{AppFacts, AppHost, Busy, Run};
use defib_engine::note::Note;
use defib_engine::policy::View;
use defib_engine::seen::Seen;
use defib_engine::state::{Announcement, Process, Starts};

const ALL: [View; 4] = [View::App, View::UserPath, View::Listener, View::Dependency];

fn desk(views: &[View]) -> Desk {
    let probes = views.iter().map(|view| probe("probe", *view)).collect();
    Desk::well(without_verdict(one("child", probes)))
}

fn busy(seen: Seen, index: u8) -> (u16, u16) {
    let mut desk = desk(&ALL);
    let run = Run { since: at(0), until: at(0), readings: 1 };
    let facts = AppFacts::default();
    let (memory, storm, silent, sleep) = (None, None, None, None);
    let (failed, passed, overloaded, works) = (0, 0, false, false);
    let busy = Some(Busy { run, block_from: at(0), failed, passed, overloaded, works });
    desk.state.apps[0].host =
        Some(AppHost { at: at(0), facts, memory, storm, silent, sleep, busy });
    desk.look(index, 1_000, 1_010, seen);
    desk.app().host.and_then(|host| host.busy).map_or((9, 9), |busy| (busy.passed, busy.failed))
}

#[test]
fn looks_at_a_busy_app_are_counted_by_who_answers() {
    assert_eq!([0, 1, 2, 3].map(|index| busy(Seen::Pass, index)), [(1, 0), (1, 0), (0, 0), (0, 0)]);
    assert_eq!([0, 1, 2, 3].map(|index| busy(HANG, index)), [(0, 1), (0, 1), (0, 1), (0, 0)]);
}

#[test]
fn only_an_answer_of_the_app_says_that_it_is_well() {
    let table: [(&[View], u8, bool); 6] = [
        (&ALL, 0, true),
        (&ALL, 1, false),
        (&ALL, 2, false),
        (&ALL, 3, false),
        (&[View::UserPath], 0, true),
        (&[View::UserPath, View::Listener], 1, false),
    ];
    for (views, index, is_well) in table {
        let mut desk = desk(views);
        let state = &mut desk.state.apps[0];
        (state.healthy_since, state.grace_until) = (None, Some(at(90_000)));
        state.starts = Starts { undone: 2, failed: 1, count: 1, last: at(0), retry_soon: false };
        state.announced = Some(Announcement { since: at(0), until: at(80_000) });
        desk.look(index, 1_000, 1_010, Seen::Pass);
        let state = desk.app();
        assert_eq!(state.healthy_since, is_well.then_some(at(1_000)), "{views:?} {index}");
        assert_eq!((state.grace_until.is_none(), state.announced.is_none()), (is_well, is_well));
        assert_eq!((state.starts.undone, state.starts.failed) == (0, 0), is_well);
        let up = |desk: &Desk| desk.count(|note| matches!(note, Note::Up { .. }));
        assert_eq!(up(&desk), usize::from(is_well));
        desk.look(index, 2_000, 2_010, Seen::Pass);
        assert_eq!(
            (up(&desk), desk.app().healthy_since),
            (usize::from(is_well), is_well.then_some(at(1_000)))
        );
    }
    // What is gone, or was never there, has not answered.
    for process in [Process::Gone { at: at(0), supervisor_until: None }, Process::NotStarted] {
        let mut desk = desk(&[View::App]);
        let state = &mut desk.state.apps[0];
        (state.process, state.healthy_since) = (process, None);
        desk.look(0, 1_000, 1_010, Seen::Pass);
        assert_eq!(desk.app().healthy_since, None);
    }
    // It is not called up while it is suspected, nor in an incident.
    for changes in [true, false] {
        let mut desk = desk(&[View::App, View::App]);
        desk.state.apps[0].healthy_since = None;
        if !changes {
            (desk.policy.bars.kill_db, desk.policy.bars.restart_db) = (20, 20);
            desk.policy.mode = defib_engine::policy::Mode::Observe;
        }
        desk.look(1, 500, 600, ERROR).look(0, 1_000, 1_010, Seen::Pass);
        assert_eq!(desk.has_opened(), !changes);
        assert_eq!(desk.count(|note| matches!(note, Note::Up { .. })), 0);
    }
}

#[test]
fn suspicion_is_told_once_and_cleared_when_nothing_is_left_of_it() {
    let told = |desk: &Desk| desk.count(|note| matches!(note, Note::Suspected { .. }));
    let mut desk = desk(&ALL);
    desk.look(3, 500, 600, HANG);
    assert_eq!(told(&desk), 0, "a dependency is not the app");
    desk.look(0, 1_000, 1_010, HANG).look(0, 2_000, 2_010, HANG);
    assert_eq!((told(&desk), desk.app().suspected_since), (1, Some(at(1_000))));
    assert!(desk.count(|note| matches!(note, Note::Suspected { score_db: 27, .. })) == 1);
    assert_eq!(desk.app().healthy_since, None);
    // 54 are worn off by six good looks; the users' path fails meanwhile.
    for pass in 0..6 {
        desk.look(0, 3_000 + pass * 100, 3_010 + pass * 100, Seen::Pass);
        if pass == 0 {
            desk.look(1, 3_020, 3_030, HANG);
        }
        assert!(desk.app().suspected_since.is_some(), "{pass}");
    }
    desk.look(1, 4_000, 4_010, Seen::Pass).look(1, 4_100, 4_110, Seen::Pass);
    assert!(desk.app().suspected_since.is_some());
    desk.look(1, 4_200, 4_210, Seen::Pass);
    assert_eq!(desk.app().suspected_since, None);
    assert_eq!(desk.count(|note| matches!(note, Note::Cleared { after_ms: 3_210, .. })), 1);
    // A stretch alone keeps it, whatever its sum.
    desk.look(0, 5_000, 5_010, HANG);
    desk.state.apps[0].probes[0].db = 0;
    desk.look(1, 5_100, 5_110, Seen::Pass);
    assert!(desk.app().suspected_since.is_some());
}

#[test]
fn a_stopped_app_is_not_suspected() {
    let mut desk = desk(&[View::App]);
    desk.state.apps[0].stopped = true;
    desk.look(0, 1_000, 1_010, HANG);
    assert_eq!((desk.app().suspected_since, desk.notes.len()), (None, 0));
}

#[test]
fn grace_ends_on_its_millisecond() {
    for (until, counts) in [(1_010, true), (1_011, false)] {
        let mut desk = desk(&[View::App]);
        desk.state.apps[0].grace_until = Some(at(until));
        desk.look(0, 1_000, 1_010, HANG);
        assert_eq!(desk.probe(0).stretch.is_some(), counts, "{until}");
    }
    let mut desk = desk(&[View::App]);
    desk.state.apps[0].process = Process::NotStarted;
    desk.look(0, 1_000, 1_010, HANG);
    assert_eq!(desk.probe(0).stretch, None, "it was never started");
}

#[test]
fn an_app_is_believed_for_half_an_hour_that_it_will_be_back() {
    let busy = |code, retry_after_s| Seen::Status { code, retry_after_s };
    let table = [
        (View::App, busy(503, Some(60)), Some(60_000)),
        (View::UserPath, busy(503, Some(60)), Some(60_000)),
        (View::Dependency, busy(503, Some(60)), None),
        (View::App, busy(503, None), None),
        (View::App, busy(500, Some(60)), None),
        (View::App, busy(503, Some(1_800)), Some(1_800_000)),
        (View::App, busy(503, Some(1_801)), Some(1_800_000)),
        (View::App, busy(503, Some(u32::MAX)), Some(1_800_000)),
    ];
    for (view, seen, for_ms) in table {
        let mut desk = desk(&[view]);
        desk.look(0, 900, 1_000, seen);
        let expected = for_ms.map(|ms| Announcement { since: at(1_000), until: at(1_000 + ms) });
        assert_eq!(desk.app().announced, expected, "{view:?} {seen:?}");
    }
    let mut desk = desk(&[View::App]);
    desk.look(0, 900, 1_000, busy(503, Some(60)));
    desk.look(0, 1_700_900, 1_701_000, busy(503, Some(600)));
    let all_told = Announcement { since: at(1_000), until: at(1_801_000) };
    assert_eq!(desk.app().announced, Some(all_told));
}

/// What its dependency cost it is no sign of failures now and then of its own.
#[test]
fn failures_beside_a_dependency_that_is_down_are_not_summed_up() {
    for (down, cusum) in [(true, 0), (false, 20)] {
        let mut desk = desk(&[View::App, View::Dependency]);
        if down {
            desk.look(1, 500, 600, ERROR);
        }
        desk.look(0, 1_000, 1_010, ERROR).look(0, 9_000, 9_010, ERROR);
        assert_eq!(desk.probe(0).cusum, cusum);
        desk.look(0, 20_000, 20_010, Seen::Pass);
    }
}
