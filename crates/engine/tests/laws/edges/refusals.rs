//! Each reason not to act, with the values that disagree: it holds up to its limit and not at it, and only
//! for the acts that it is about.

use super::{Bench, ERROR, NOW, SECOND, Verdict, ago, fail};
use crate::support::world::{HANG, WELL};
use defib_engine::effect::{Purse, Rung};
use defib_engine::host::{DiskFacts, MachineFacts};
use defib_engine::id::ProbeId;
use defib_engine::note::{Class, Refusal};
use defib_engine::policy::{Mode, RungSet, View};
use defib_engine::seen::Seen;
use defib_engine::state::{Announcement, Process, Stage, Starts};
use defib_engine::time::Moment;

pub(super) const KILL: Verdict = Verdict::Acts(Rung::Kill, Purse::Ladder);
pub(super) const RESTART: Verdict = Verdict::Acts(Rung::Restart, Purse::Ladder);
pub(super) const START: Verdict = Verdict::Acts(Rung::Start, Purse::Free);
pub(super) const GENTLY: Verdict = Verdict::Acts(Rung::Restart, Purse::Gentle);

pub(super) fn refuses(rung: Rung, refusal: Refusal) -> Verdict {
    Verdict::Refuses(Some(rung), refusal)
}

/// Hung, and both its kills were in vain: only the machine is left.
pub(super) fn before_reboot() -> Bench {
    let mut bench = Bench::hung();
    bench.open(Class::Hung, Stage::Judging).used.steps[2] = 2;
    bench
}

/// Its disk has become read-only: no act but a reboot helps.
pub(super) fn read_only() -> Bench {
    let mut bench = Bench::failing(ERROR);
    let disk = DiskFacts {
        free_permille: 500,
        free_kb: None,
        inodes_permille: 500,
        free_inodes: None,
        turned_read_only: true,
    };
    let facts = MachineFacts { disks: [Some(disk), None, None, None], ..WELL };
    bench.state.machine = Some((NOW, facts));
    bench.host();
    bench
}

#[test]
fn with_no_reason_against_it_each_acts() {
    assert_eq!(Bench::hung().verdict(|_| ()), KILL);
    assert_eq!(Bench::failing(ERROR).verdict(|_| ()), RESTART);
    assert_eq!(Bench::dead().verdict(|_| ()), START);
    assert_eq!(Bench::not_started().verdict(|_| ()), START);
    let reboot = Verdict::Acts(Rung::Reboot, Purse::Ladder);
    assert_eq!(before_reboot().verdict(|_| ()), reboot);
    assert_eq!(read_only().verdict(|_| ()), reboot);
}

#[test]
fn people_and_the_machine_s_end_come_first() {
    let hung = Bench::hung();
    let observing = refuses(Rung::Kill, Refusal::Observing);
    assert_eq!(hung.verdict(|b| b.policy.mode = Mode::Observe), observing);
    assert_eq!(hung.verdict(|b| b.app().alarmed = Some(4)), observing);
    let until = NOW.plus(1);
    let down = refuses(Rung::Kill, Refusal::ShuttingDown { until });
    assert_eq!(hung.verdict(|b| b.state.shutting_down = Some(until)), down);
    assert_eq!(hung.verdict(|b| b.state.shutting_down = Some(NOW)), KILL, "it did not come");
    assert_eq!(hung.verdict(|b| b.app().stopped = true), Verdict::Nothing);
    assert_eq!(Bench::not_started().verdict(|b| b.app().stopped = true), Verdict::Nothing);
    assert_eq!(Bench::not_started().verdict(|b| b.policy.mode = Mode::Observe), Verdict::Nothing);
}

#[test]
fn a_hold_and_an_announcement_last_until_their_end_and_no_longer() {
    let later = NOW.plus(1);
    for bench in [Bench::hung(), Bench::dead()] {
        let held = |until| move |b: &mut Bench| b.app().held_until = Some(until);
        let refused = Verdict::Refuses(None, Refusal::Held { until: later });
        assert_eq!(bench.verdict(held(later)), refused);
        let announced = |until| {
            move |b: &mut Bench| b.app().announced = Some(Announcement { since: NOW, until })
        };
        let refused = Verdict::Refuses(None, Refusal::Announced { until: later });
        assert_eq!(bench.verdict(announced(later)), refused);
        assert_eq!(bench.verdict(announced(NOW)), bench.verdict(|_| ()));
    }
    let announced = Some(Announcement { since: NOW, until: later });
    let first = Bench::not_started();
    assert_eq!(first.verdict(|b| b.app().announced = announced), START, "it does not run");
    assert_eq!(first.verdict(|b| b.app().held_until = Some(later)), Verdict::Nothing);
}

#[test]
fn what_no_act_cures_is_told_so_before_anything_else() {
    let class = Class::Contract;
    let contract = Bench::failing(Seen::Status { code: 404, retry_after_s: None });
    let refused = Verdict::Refuses(None, Refusal::ClassForbids { class });
    assert_eq!(contract.verdict(|_| ()), refused);
    assert_eq!(contract.verdict(|b| b.probe(0).fresh = 0), refused);
    assert_eq!(contract.verdict(|b| b.app().again_at = NOW.plus(1)), refused);
}

#[test]
fn what_ends_something_waits_for_its_dependency_to_be_seen_well() {
    let probe = ProbeId { app: super::APP, index: 1 };
    let unseen = refuses(Rung::Kill, Refusal::DependencyUnseen { probe });
    let looked = |at: Option<Moment>| {
        move |b: &mut Bench| {
            let look = b.probe(1).last;
            b.probe(1).last = look.zip(at).map(|(look, started)| defib_engine::state::Look {
                started,
                ended: NOW,
                ..look
            });
        }
    };
    let hung = Bench::hung();
    assert_eq!(hung.verdict(looked(None)), unseen);
    assert_eq!(hung.verdict(looked(Some(ago(20 * SECOND + 1)))), unseen);
    assert_eq!(hung.verdict(looked(Some(ago(20 * SECOND)))), KILL);
    assert_eq!(Bench::dead().verdict(looked(None)), START);
    // What is dead and cannot be started is not killed either while its dependency is down.
    let mut dead = Bench::dead();
    dead.rules().rungs = RungSet::NONE.with(Rung::Kill);
    assert_eq!(dead.verdict(|b| looked(Some(NOW))(b)), KILL);
    let down = refuses(Rung::Kill, Refusal::DependencyDown { probe });
    assert_eq!(dead.verdict(|b| fail(b.probe(1), HANG, 50)), down);
}

#[test]
fn its_own_supervisor_goes_first_and_no_longer() {
    let supervised = |until| {
        move |b: &mut Bench| {
            b.app().process = Process::Gone { at: ago(SECOND), supervisor_until: Some(until) };
        }
    };
    let until = NOW.plus(1);
    let waits = refuses(Rung::Start, Refusal::SupervisorFirst { until });
    assert_eq!(Bench::dead().verdict(supervised(until)), waits);
    assert_eq!(Bench::dead().verdict(supervised(NOW)), START);
}

#[test]
fn what_was_just_started_is_not_ended() {
    let until = NOW.plus(1);
    let graced = |until| move |b: &mut Bench| b.app().grace_until = Some(until);
    let refused = refuses(Rung::Kill, Refusal::StartGrace { until });
    assert_eq!(Bench::hung().verdict(graced(until)), refused);
    assert_eq!(Bench::hung().verdict(graced(NOW)), KILL);
    assert_eq!(Bench::dead().verdict(graced(until)), START);
}

/// When the next start is free, with the last one a millisecond too late for it; and that it then comes.
fn start_is_free_after(starts: Starts, pause_ms: u64) {
    let begun =
        |ago_ms| move |b: &mut Bench| b.app().starts = Starts { last: ago(ago_ms), ..starts };
    let waits = refuses(Rung::Start, Refusal::BackOff { until: NOW.plus(1) });
    if pause_ms > 0 {
        assert_eq!(Bench::dead().verdict(begun(pause_ms - 1)), waits, "{starts:?}");
    }
    assert_eq!(Bench::dead().verdict(begun(pause_ms)), START, "{starts:?}");
    // What ends something is another matter.
    assert_eq!(Bench::hung().verdict(begun(0)), KILL, "{starts:?}");
}

#[test]
fn the_pause_between_starts_doubles_with_each_try_whatever_came_of_it() {
    let tries = |count, undone| Starts { count, undone, ..Starts::default() };
    let pauses = [
        (tries(0, 0), 0),
        (tries(1, 0), 10),
        (tries(0, 1), 10),
        (tries(1, 1), 20),
        (tries(2, 1), 40),
        (tries(5, 0), 160),
        (tries(6, 0), 300),
        (tries(200, 200), 300),
    ];
    for (starts, pause_s) in pauses {
        start_is_free_after(starts, pause_s * SECOND);
    }
    let ours = |undone| Starts { count: 3, undone, retry_soon: true, ..Starts::default() };
    start_is_free_after(ours(1), 2 * SECOND);
    // It was started after all: a limit of ours is no reason to hurry any more.
    start_is_free_after(ours(0), 40 * SECOND);
}

#[test]
fn whoever_doubts_its_eyes_or_has_looked_too_little_ends_nothing() {
    let doubting = |b: &mut Bench| {
        (b.state.doubt.level, b.state.doubt.falls_at) = (2, NOW.plus(1));
    };
    assert_eq!(
        Bench::hung().verdict(doubting),
        refuses(Rung::Kill, Refusal::SelfDoubt { level: 2 })
    );
    assert_eq!(Bench::dead().verdict(doubting), START);
    let looked = |times| move |b: &mut Bench| b.probe(0).fresh = times;
    let few = |have| refuses(Rung::Kill, Refusal::TooFewLooks { have, need: 3 });
    assert_eq!(Bench::hung().verdict(looked(0)), few(0));
    assert_eq!(Bench::hung().verdict(looked(2)), few(2));
    assert_eq!(Bench::hung().verdict(looked(3)), KILL);
    assert_eq!(Bench::dead().verdict(looked(0)), START);
    let by_another = |b: &mut Bench| {
        b.probe(0).fresh = 0;
        let path = b.add(View::UserPath);
        b.probe(path).fresh = 3;
    };
    assert_eq!(Bench::hung().verdict(by_another), KILL);
}
