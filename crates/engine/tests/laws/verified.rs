//! When health is believed, and how each incident ends.
#![allow(clippy::type_complexity, reason = "a row of a table is read once, beside its heading")]

use crate::support::desk::{Desk, ERROR, HANG, at, one};
use crate::support::policy::probe;
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Event, Outcome};
use defib_engine::id::{AppId, Identity, IncidentId, IntentId};
use defib_engine::note::{Class, Ending, Note, RungFault};
use defib_engine::policy::{Mode, View};
use defib_engine::seen::{Seen, TlsFault};
use defib_engine::state::{Process, Stage};

fn closed(desk: &Desk) -> Option<(Class, Ending, u64)> {
    desk.notes.iter().find_map(|note| match note {
        Note::Closed { class, ending, down_ms, .. } => Some((*class, *ending, *down_ms)),
        _ => None,
    })
}

fn observed(views: &[View]) -> Desk {
    let mut policy = one("child", views.iter().map(|view| probe("probe", *view)).collect());
    policy.mode = Mode::Observe;
    Desk::well(policy)
}

/// An incident, from two failing looks at each of these probes.
fn open(desk: &mut Desk, failing: &[u8], seen: Seen) {
    for index in failing {
        desk.look(*index, 0, 2_000, seen);
    }
    for index in failing {
        desk.state.apps[0].probes[usize::from(*index)].last.as_mut().expect("a look").started =
            at(0);
        desk.look(*index, 12_000, 14_000, seen);
    }
    for index in failing {
        desk.look(*index, 15_000, 17_000, seen);
    }
    assert!(desk.has_opened(), "{seen:?}");
}

#[test]
fn health_is_five_good_looks_over_20_s() {
    // The good looks' ends, and whether they close it.
    let table: [(&[u64], bool); 5] = [
        (&[20_000, 25_000, 30_000, 35_000, 39_989], false),
        (&[20_000, 25_000, 30_000, 35_000, 39_990], true),
        (&[20_000, 25_000, 30_000, 45_000], false),
        (&[20_000, 21_000, 22_000, 23_000, 24_000, 25_000], false),
        (&[20_000, 21_000, 22_000, 23_000, 39_990], true),
    ];
    for (ends, closes) in table {
        let mut desk = observed(&[View::App]);
        open(&mut desk, &[0], HANG);
        for ended in ends {
            desk.look(0, ended - 10, *ended, Seen::Pass);
        }
        // Down until the first good look was told.
        let expected = (Class::Hung, Ending::SelfHealed, 20_000);
        assert_eq!(closed(&desk), closes.then_some(expected), "{ends:?}");
        if closes {
            let probe = desk.probe(0);
            assert_eq!((probe.db, probe.cusum, desk.app().suspected_since), (0, 0, None));
        }
    }
}

#[test]
fn an_interrupted_row_of_good_looks_begins_anew() {
    let mut desk = observed(&[View::App]);
    open(&mut desk, &[0], HANG);
    let back = |note: &Note| matches!(note, Note::Back { .. });
    desk.look(0, 20_000, 20_010, Seen::Pass).look(0, 25_000, 25_010, Seen::Pass);
    assert_eq!(desk.count(back), 1);
    assert!(desk.count(|note| matches!(note, Note::Back { down_ms: 20_010, .. })) == 1);
    desk.look(0, 27_000, 27_010, HANG);
    assert_eq!(desk.app().incident().and_then(|it| it.back_at), None);
    for ms in (30_000..=50_000).step_by(5_000) {
        desk.look(0, ms, ms + 10, Seen::Pass);
    }
    assert_eq!(closed(&desk), Some((Class::Hung, Ending::SelfHealed, 30_010)));
    assert_eq!(desk.count(back), 2);
}

/// Which views there are, which of them fail, and which have to be well until it is over.
#[test]
fn each_view_that_tells_of_the_app_has_to_be_well() {
    use View::{App, Dependency, Listener, UserPath};
    let table: [(&[View], &[u8], &[u8], bool); 8] = [
        (&[App, Listener], &[0], &[0], false),
        (&[App, Listener], &[0], &[0, 1], true),
        (&[App, UserPath], &[0], &[0], false),
        (&[App, UserPath], &[0], &[0, 1], true),
        (&[App, Dependency], &[0], &[0], true),
        (&[UserPath], &[0], &[0], true),
        (&[App, App], &[0, 1], &[0], false),
        (&[App, App], &[0, 1], &[0, 1], true),
    ];
    for (views, failing, well, closes) in table {
        let mut desk = observed(views);
        open(&mut desk, failing, HANG);
        for ms in (20_000..=45_000).step_by(5_000) {
            for index in well {
                desk.look(*index, ms, ms + 10 + u64::from(*index), Seen::Pass);
            }
        }
        assert_eq!(closed(&desk).is_some(), closes, "{views:?} {failing:?} {well:?}");
    }
    // A view with nothing to look at has not.
    let mut desk = observed(&[App, App]);
    open(&mut desk, &[0], HANG);
    desk.state.apps[0].probes[1].absent = true;
    for ms in (20_000..=45_000).step_by(5_000) {
        desk.look(0, ms, ms + 10, Seen::Pass);
    }
    assert!(closed(&desk).is_some());
}

#[test]
fn a_dead_app_is_not_well_whoever_answers() {
    let mut desk = observed(&[View::App]);
    desk.die(1_000);
    for ms in (5_000..=60_000).step_by(5_000) {
        desk.look(0, ms, ms + 10, Seen::Pass);
    }
    assert_eq!(closed(&desk), None);
    assert_eq!(desk.app().healthy_since, None);
    assert!(matches!(desk.app().process, Process::Gone { .. }));
}

#[test]
fn an_ending_says_whether_it_was_anything_to_act_on() {
    let contract = Seen::Status { code: 404, retry_after_s: None };
    let certificate = Seen::Tls(TlsFault::Expired);
    for (seen, ending) in [
        (HANG, Ending::SelfHealed),
        (ERROR, Ending::SelfHealed),
        (contract, Ending::Passed),
        (certificate, Ending::Passed),
    ] {
        let mut desk = observed(&[View::App]);
        open(&mut desk, &[0], seen);
        for ms in (20_000..=45_000).step_by(5_000) {
            desk.look(0, ms, ms + 10, Seen::Pass);
        }
        assert_eq!(closed(&desk).map(|(_, ending, _)| ending), Some(ending), "{seen:?}");
    }
    for class in [Class::Intended, Class::Outside, Class::Dependency, Class::Busy] {
        let mut desk = observed(&[View::App]);
        open(&mut desk, &[0], HANG);
        for ms in (20_000..=45_000).step_by(5_000) {
            desk.state.apps[0].phase = match desk.state.apps[0].phase.clone() {
                defib_engine::state::AppPhase::Incident(mut incident) => {
                    incident.class = class;
                    defib_engine::state::AppPhase::Incident(incident)
                }
                other => other,
            };
            desk.look(0, ms, ms + 10, Seen::Pass);
        }
        assert_eq!(closed(&desk).map(|it| (it.0, it.1)), Some((class, Ending::Passed)));
    }
}

/// A hang that was killed at 20 s by the first intent, and has a new process.
fn killed(views: &[View]) -> Desk {
    let mut desk = observed(views);
    desk.policy.mode = Mode::Act;
    open(&mut desk, &[0], HANG);
    let Some(incident) = desk.app().incident() else { panic!("it is down") };
    assert!(matches!(
        incident.stage,
        Stage::Bundling { rung: Rung::Kill, purse: Purse::Ladder, .. }
    ));
    desk.feed(
        17_100,
        Event::EvidenceClosed { app: AppId(0), incident: IncidentId(9), complete: true },
    );
    assert!(desk.orders.is_empty(), "not its bundle");
    desk.feed(
        17_200,
        Event::EvidenceClosed { app: AppId(0), incident: IncidentId(1), complete: true },
    );
    assert_eq!(desk.orders.len(), 1);
    let identity = Identity { pid: 8, start_ticks: 8_640_000 + 1_900 };
    desk.feed(19_000, Event::Found { app: AppId(0), identity });
    desk.feed(20_000, Event::Acted { app: AppId(0), intent: IntentId(1), outcome: Outcome::Done });
    desk
}

#[test]
fn an_act_that_helped_is_named_and_the_users_path_is_not_waited_for() {
    let mut desk = killed(&[View::App, View::UserPath]);
    for ms in (25_000..=45_000).step_by(5_000) {
        desk.look(0, ms, ms + 10, Seen::Pass);
    }
    let recovered = Ending::Recovered { rung: Rung::Kill };
    assert_eq!(closed(&desk), Some((Class::Hung, recovered, 25_010)));
    let recovery = desk.app().recovery.expect("for relapses");
    assert_eq!((recovery.at, recovery.rung, recovery.disruptive), (at(45_010), Rung::Kill, 1));
    assert_eq!(recovery.used.steps.iter().sum::<u8>(), 1);
    assert_eq!(desk.count(|note| matches!(note, Note::RungFailed { .. })), 0);
}

#[test]
fn an_act_that_did_not_help_is_told_with_the_good_looks_that_were_missing() {
    let mut desk = killed(&[View::App]);
    desk.look(0, 25_000, 25_010, Seen::Pass).look(0, 27_000, 27_010, Seen::Pass);
    for ms in (30_000..=46_000).step_by(2_000) {
        desk.look(0, ms, ms + 10, HANG);
    }
    let fault = RungFault::NoHealth { passes: 0, need: 5 };
    let failed = |note: &Note| matches!(note, Note::RungFailed { rung: Rung::Kill, fault: it, .. } if *it == fault);
    assert_eq!(desk.count(failed), 1);
}

#[test]
fn a_death_while_health_is_awaited_is_the_rungs() {
    let mut desk = killed(&[View::App]);
    desk.look(0, 25_000, 25_010, Seen::Pass);
    desk.die(30_000);
    let fault = RungFault::DiedAgain { after_ms: 10_000 };
    let failed = |note: &Note| matches!(note, Note::RungFailed { rung: Rung::Kill, fault: it, .. } if *it == fault);
    assert_eq!(desk.count(failed), 1);
    assert_eq!(desk.app().incident().and_then(|it| it.back_at), None);
}

#[test]
fn a_good_look_spares_what_was_about_to_be_killed() {
    let mut desk = observed(&[View::App]);
    desk.policy.mode = Mode::Act;
    open(&mut desk, &[0], HANG);
    desk.look(0, 17_020, 17_030, Seen::Pass);
    let spared =
        |note: &Note| matches!(note, Note::Spared { rung: Rung::Kill, seen: Seen::Pass, .. });
    assert_eq!(desk.count(spared), 1);
    assert_eq!(desk.app().incident().map(|it| it.stage), Some(Stage::Judging));
    desk.feed(
        17_100,
        Event::EvidenceClosed { app: AppId(0), incident: IncidentId(1), complete: true },
    );
    assert!(desk.orders.is_empty());
    // One view that is well does not spare an app of which another fails.
    let mut desk = observed(&[View::App, View::App]);
    desk.policy.mode = Mode::Act;
    open(&mut desk, &[0, 1], HANG);
    desk.look(1, 17_020, 17_030, Seen::Pass);
    assert_eq!(desk.count(|note| matches!(note, Note::Spared { .. } | Note::Back { .. })), 0);
}

#[test]
fn a_stop_ends_what_is_open_unless_an_act_is_on_its_way() {
    let mut desk = observed(&[View::App]);
    open(&mut desk, &[0], HANG);
    desk.feed(18_000, Event::Stopped { app: AppId(0) });
    assert_eq!(closed(&desk), Some((Class::Intended, Ending::Passed, 18_000)));
    let mut desk = killed(&[View::App]);
    desk.feed(21_000, Event::Stopped { app: AppId(0) });
    assert_eq!(closed(&desk).map(|it| it.1), Some(Ending::Passed));
}
