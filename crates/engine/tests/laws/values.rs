//! Small values, and what of the engine's memory is not quiet.

use crate::support::desk::{Desk, HANG, at, one};
use crate::support::policy::probe;
use defib_engine::effect::Rung;
use defib_engine::event::{Event, Exit};
use defib_engine::id::{AppId, Identity, IncidentId, IntentId, ProbeId};
use defib_engine::note::Class;
use defib_engine::policy::{ClassSet, RungSet, View};
use defib_engine::seen::{BodyFault, Phase, Seen, TlsFault, UnknownWhy};
use defib_engine::state::{Announcement, AppPhase, Process};
use defib_engine::time::Moment;

#[test]
fn sets_hold_what_was_put_into_them() {
    let rungs = [Rung::Start, Rung::Reload, Rung::Restart, Rung::Kill, Rung::Reboot];
    let both = RungSet::NONE.with(Rung::Kill).with(Rung::Start).with(Rung::Kill);
    let held: Vec<Rung> = rungs.into_iter().filter(|rung| both.has(*rung)).collect();
    assert_eq!(held, [Rung::Start, Rung::Kill]);
    let shared = both.and(RungSet::NONE.with(Rung::Kill).with(Rung::Reboot));
    let held: Vec<Rung> = rungs.into_iter().filter(|rung| shared.has(*rung)).collect();
    assert_eq!(held, [Rung::Kill]);
    let classes = ClassSet::NONE.with(Class::Unknown).with(Class::Dead).with(Class::Dead);
    assert!(classes.has(Class::Unknown) && classes.has(Class::Dead));
    assert!(!classes.has(Class::Intended) && !classes.has(Class::Hung));
    let all = [Class::Dead, Class::Hung, Class::Memory, Class::KernelIo];
    assert!(all.into_iter().all(|class| ClassSet::REBOOT_DEFAULT.has(class)));
    for class in [Class::Intended, Class::Erroring, Class::Busy, Class::Unknown, Class::Spinning] {
        assert!(!ClassSet::REBOOT_DEFAULT.has(class), "{class:?}");
    }
}

#[test]
fn moments_do_not_pass_their_ends() {
    assert_eq!((Moment(5).plus(3), Moment(u64::MAX).plus(1)), (Moment(8), Moment(u64::MAX)));
    assert_eq!((Moment(5).since(Moment(3)), Moment(3).since(Moment(5))), (2, 0));
}

#[test]
fn what_is_seen_is_good_or_bad_or_nothing() {
    let status = Seen::Status { code: 500, retry_after_s: None };
    let bad = [Seen::Refused, Seen::Reset, Seen::Timeout(Phase::Tls), status, Seen::Command(2)];
    let worse = [Seen::Body(BodyFault::TooLarge), Seen::Tls(TlsFault::Protocol)];
    for seen in bad.into_iter().chain(worse) {
        assert!(seen.is_failure() && !seen.is_good() && !seen.is_unknown(), "{seen:?}");
    }
    for seen in [Seen::Pass, Seen::Slow, Seen::Command(1)] {
        assert!(seen.is_good() && !seen.is_failure() && !seen.is_unknown(), "{seen:?}");
    }
    let unknown = Seen::Unknown(UnknownWhy::OurLimit);
    assert!(unknown.is_unknown() && !unknown.is_failure() && !unknown.is_good());
    assert!(!TlsFault::Protocol.is_certificate() && TlsFault::Expired.is_certificate());
}

#[test]
fn the_pace_of_the_second_sum_is_a_third_of_the_window_in_whole_intervals() {
    let table = [
        (16_000, 5_000, false, 5_000),
        (16_000, 5_000, true, 5_334),
        (16_000, 2_000, false, 4_000),
        (16_000, 2_000, true, 5_334),
        (15_000, 5_000, true, 5_000),
        (16_000, 60_000, false, 60_000),
        (16_000, 60_000, true, 60_000),
        (9_000, 0, false, 3_000),
    ];
    for (window_ms, interval_ms, unbroken, pace_ms) in table {
        let mut policy = one("child", vec![]);
        policy.apps[0].window_ms = window_ms;
        let pace = policy.apps[0].cusum_pace_ms(interval_ms, unbroken);
        assert_eq!(pace, pace_ms, "{window_ms} {interval_ms} {unbroken}");
    }
}

type Change = fn(&mut Desk);

#[test]
fn anything_that_is_open_is_not_quiet() {
    let calm = Desk::well(one("child", vec![probe("url", View::App), probe("two", View::App)]));
    assert!(calm.state.is_quiet());
    let changes: [Change; 11] = [
        |desk| desk.state.apps[0].suspected_since = Some(at(0)),
        |desk| desk.state.apps[0].held_until = Some(at(1)),
        |desk| {
            desk.state.apps[0].announced = Some(Announcement { since: at(0), until: at(1) });
        },
        |desk| desk.state.apps[0].grace_until = Some(at(1)),
        |desk| desk.state.apps[0].process = Process::NotStarted,
        |desk| {
            desk.state.apps[0].process = Process::Gone { at: at(0), supervisor_until: None };
        },
        |desk| desk.state.apps[0].phase = AppPhase::Launching { intent: IntentId(1) },
        |desk| desk.state.apps[0].probes[1].cusum = 1,
        |desk| desk.state.apps[0].probes[1].ever_passed = false,
        |desk| desk.state.doubt.level = 1,
        |desk| desk.state.shutting_down = Some(Moment(u64::MAX)),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut desk = calm.clone();
        change(&mut desk);
        assert!(!desk.state.is_quiet(), "{number}");
    }
    let mut desk = calm.clone();
    desk.state.apps[0].process = Process::Unknown;
    let two = &mut desk.state.apps[0].probes[1];
    (two.ever_passed, two.absent) = (false, true);
    assert!(desk.state.is_quiet());
    desk.state.apps[0].probes[1].ever_passed = true;
    assert!(desk.state.is_quiet(), "it has passed, and now there is nothing to look at");
    let mut desk = calm;
    desk.state.apps[0].probes[1].absent = true;
    desk.state.apps[0].probes[1].cusum = 10;
    assert!(!desk.state.is_quiet());
}

/// A checkpoint of another config, or a message too late: no event for an app that is not there does anything.
#[test]
fn an_event_for_an_app_that_only_one_side_knows_is_dropped() {
    let small = one("child", vec![probe("url", View::App)]);
    let mut large = small.clone();
    large.apps.push(large.apps[0].clone());
    for (known, told) in [(&small, &large), (&large, &small), (&small, &small)] {
        let mut desk = Desk::well(known.clone());
        desk.policy = told.clone();
        desk.wake(0);
        let before = desk.state.clone();
        for app in [1, 2]
            .map(AppId)
            .into_iter()
            .filter(|app| usize::from(app.0) >= known.apps.len().min(told.apps.len()))
        {
            let identity = Identity { pid: 9, start_ticks: 9 };
            let probe = ProbeId { app, index: 0 };
            let look = |attempt| Event::Observed {
                probe,
                attempt,
                started: at(0),
                ended: at(0),
                seen: HANG,
            };
            desk.feed(0, look(0)).feed(0, look(1));
            desk.feed(0, Event::Found { app, identity });
            desk.feed(
                0,
                Event::Died { app, identity: None, exit: Exit::Unseen, restart_in_ms: None },
            );
            desk.feed(0, Event::Stopped { app }).feed(0, Event::Resumed { app });
            desk.feed(0, Event::Held { app, until: at(9) }).feed(0, Event::Released { app });
            desk.feed(0, Event::EvidenceClosed { app, incident: IncidentId(1), complete: true });
            desk.feed(0, Event::Capable { app, rungs: RungSet::NONE });
        }
        assert!(desk.state == before);
        assert_eq!(desk.notes, []);
    }
}

#[test]
fn what_can_be_done_here_is_told_when_it_changes() {
    let mut desk = Desk::well(one("child", vec![probe("url", View::App)]));
    let rungs = desk.app().capable;
    desk.feed(0, Event::Capable { app: AppId(0), rungs });
    assert_eq!(desk.notes, []);
    desk.feed(0, Event::Capable { app: AppId(0), rungs: RungSet::NONE });
    assert_eq!((desk.notes.len(), desk.app().capable), (1, RungSet::NONE));
    desk.feed(0, Event::ShuttingDown);
    assert_eq!(
        desk.state.shutting_down,
        Some(at(1_800_000)),
        "reboot.target is forced after 30 min"
    );
}
