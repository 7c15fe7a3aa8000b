//! What each answer of the executor leaves behind: the charge, the rung, the count of starts, the grace.

use super::{APP, Bench, GONE, LIVES, MINUTE, NOW, SECOND, ago, notes};
use crate::support::world::OUR_LIMIT;
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Event, Failure, OrderRefusal, Outcome};
use defib_engine::id::{Identity, IntentId};
use defib_engine::note::{Class, Note, RungFault};
use defib_engine::state::{AppPhase, LastAct, Process, Stage, Starts, Used};

const STALE: Outcome = Outcome::Refused(OrderRefusal::Stale);
const BUSY: Outcome = Outcome::Refused(OrderRefusal::Busy);
const JOB: Outcome = Outcome::Failed(Failure::Job);

/// The answer to this rung, which was ordered ten seconds ago.
fn answered(rung: Rung, purse: Purse, outcome: Outcome, change: impl FnOnce(&mut Bench)) -> Bench {
    let mut bench = Bench::hung();
    let class = if rung == Rung::Start { Class::Dead } else { Class::Hung };
    bench.acting(class, rung, purse);
    bench.busy(false, false);
    bench.app().healthy_since = Some(ago(MINUTE));
    change(&mut bench);
    let effects = bench.at(NOW, &Event::Acted { app: APP, intent: IntentId(1), outcome });
    let failed = notes(&effects).filter(|note| {
        matches!(note, Note::RungFailed { fault: RungFault::NotDone(why), .. } if *why == outcome)
    });
    let stage = bench.stage();
    assert_eq!(failed.count() == 0, matches!(stage, Some(Stage::Verifying { .. })), "{stage:?}");
    bench
}

fn killed(outcome: Outcome) -> Bench {
    answered(Rung::Kill, Purse::Ladder, outcome, |_| ())
}

#[test]
fn what_was_done_is_verified_and_everything_seen_before_is_void() {
    let mut bench = killed(Outcome::Done);
    assert_eq!(bench.stage(), Some(Stage::Verifying { rung: Rung::Kill, since: NOW }));
    let act = bench.incident().acted;
    let (ordered_at, ended_at) = (ago(10 * SECOND), NOW);
    let done = LastAct { rung: Rung::Kill, ordered_at, ended_at, done: true, spared: None };
    assert_eq!(act, Some(done));
    let app = bench.app();
    assert_eq!((app.grace_until, app.healthy_since), (Some(NOW.plus(MINUTE)), None));
    assert_eq!(app.again_at, NOW.plus(MINUTE));
    let probe = &app.probes[0];
    assert_eq!((probe.db, probe.stretch, probe.fresh, probe.cusum), (0, None, 0, 0));
    assert!(matches!(app.process, Process::Alive { .. }));
    assert_eq!(app.host.and_then(|host| host.busy), None, "it was another life");
}

#[test]
fn a_start_frees_nothing_that_was_gone() {
    let bench = answered(Rung::Start, Purse::Free, Outcome::Done, |b| b.app().process = GONE);
    let app = &bench.state.apps[0];
    assert!(app.host.is_some_and(|host| host.busy.is_some()));
    assert_eq!(app.process, Process::Unknown, "it is not known yet");
    assert_eq!(app.again_at, defib_engine::time::Moment(0), "what ends nothing needs no room");
    assert_eq!(bench.stage(), Some(Stage::Verifying { rung: Rung::Start, since: NOW }));
}

#[test]
fn what_nobody_saw_end_is_verified_and_the_process_it_was_to_end_is_remembered() {
    let mut bench = killed(Outcome::Interrupted);
    let act = bench.incident().acted;
    assert_eq!(act.map(|act| (act.done, act.spared)), Some((true, Some(LIVES))));
    assert!(matches!(bench.stage(), Some(Stage::Verifying { .. })));
    // A start was to end nothing.
    let start = |gone: bool| {
        answered(Rung::Start, Purse::Free, Outcome::Interrupted, |b| {
            if gone {
                b.app().process = GONE;
            }
        })
    };
    let shown = start(false).incident().acted;
    assert_eq!(shown.map(|act| (act.done, act.spared)), Some((true, None)));
    let missing = start(true).incident().acted;
    assert_eq!(missing.map(|act| (act.done, act.spared)), Some((false, None)));
}

#[test]
fn the_very_process_that_is_still_there_was_not_ended() {
    let found = |identity, wait: bool| {
        let mut bench = killed(Outcome::Interrupted);
        bench.app().process = Process::Unknown;
        if !wait {
            bench.incident().stage = Stage::Judging;
        }
        bench.at(NOW.plus(7), &Event::Found { app: APP, identity });
        let (grace, again) = (bench.app().grace_until, bench.app().again_at);
        let done = bench.incident().acted.map(|act| (act.done, act.spared));
        (bench.stage(), done, grace, again)
    };
    let again = NOW.plus(7 + 2 * SECOND);
    assert_eq!(found(LIVES, true), (Some(Stage::Judging), Some((false, None)), None, again));
    let other = Identity { pid: 8, start_ticks: 9 };
    let verifying = Some(Stage::Verifying { rung: Rung::Kill, since: NOW });
    let (stage, done, grace, _) = found(other, true);
    assert_eq!((stage, done), (verifying, Some((true, Some(LIVES)))));
    assert!(grace.is_some());
    assert_eq!(found(LIVES, false).1, Some((true, Some(LIVES))));
}

/// What is left of the charge, the acts of the incident, and the rungs that are used up.
fn kept(bench: &mut Bench) -> (usize, u8, u8) {
    let charges = bench.state.charges.len();
    let incident = bench.incident();
    (charges, incident.disruptive, incident.used.steps[2])
}

#[test]
fn an_order_that_was_refused_for_its_age_was_never_given() {
    let ladder = |outcome| {
        answered(Rung::Kill, Purse::Ladder, outcome, |b| b.app().again_at = NOW.plus(MINUTE))
    };
    assert_eq!(kept(&mut ladder(STALE)), (0, 0, 0));
    assert_eq!(kept(&mut ladder(BUSY)), (1, 1, 1), "every other refusal has cost it its rung");
    assert_eq!(kept(&mut ladder(JOB)), (1, 1, 1));
    assert_eq!(kept(&mut ladder(OUR_LIMIT)), (1, 1, 0), "paid, and to be tried again");
    assert_eq!(kept(&mut ladder(Outcome::Done)), (1, 1, 1));
    let mut gentle = answered(Rung::Restart, Purse::Gentle, STALE, |_| ());
    assert_eq!(kept(&mut gentle), (0, 1, 0), "it was none of the incident's acts");
    for outcome in [STALE, BUSY, JOB, OUR_LIMIT] {
        let bench = ladder(outcome);
        assert_eq!(bench.state.apps[0].again_at, NOW.plus(2 * SECOND), "{outcome:?}");
        assert_eq!(bench.state.apps[0].grace_until, None);
    }
}

#[test]
fn it_is_the_order_s_own_charge_that_is_taken_back() {
    let mut others = Bench::hung();
    others.charge(0, Rung::Kill, Purse::Ladder, ago(11 * SECOND));
    others.charge(0, Rung::Restart, Purse::Ladder, ago(10 * SECOND));
    others.charge(1, Rung::Kill, Purse::Ladder, ago(10 * SECOND));
    others.charge(0, Rung::Kill, Purse::Ladder, ago(9 * SECOND));
    let charges = others.state.charges;
    let more = charges.clone();
    let bench = answered(Rung::Kill, Purse::Ladder, STALE, |b| b.state.charges.extend(more));
    assert_eq!(bench.state.charges, charges);
}

#[test]
fn each_answer_to_a_start_counts_for_what_it_says() {
    let before = Starts { count: 2, last: ago(MINUTE), undone: 2, failed: 1, retry_soon: false };
    let after = |outcome| {
        let bench = answered(Rung::Start, Purse::Free, outcome, |b| {
            b.app().process = GONE;
            b.app().starts = before;
        });
        bench.state.apps[0].starts
    };
    let count =
        |count, undone, failed, retry_soon| Starts { count, last: NOW, undone, failed, retry_soon };
    assert_eq!(after(Outcome::Done), count(3, 0, 0, false));
    assert_eq!(after(Outcome::Interrupted), count(3, 0, 0, false));
    assert_eq!(after(JOB), count(2, 3, 2, false));
    assert_eq!(after(BUSY), count(2, 3, 1, false));
    assert_eq!(after(OUR_LIMIT), count(2, 2, 1, true));
    // No other act is a start.
    let killed = answered(Rung::Kill, Purse::Ladder, Outcome::Done, |b| b.app().starts = before);
    assert_eq!(killed.state.apps[0].starts, before);
}

#[test]
fn a_first_start_that_cannot_be_made_is_a_death() {
    let after = |outcome| {
        let mut bench = Bench::not_started();
        let effects = bench.wake();
        assert_eq!(super::orders(&effects).len(), 1);
        let intent = IntentId(1);
        assert_eq!(bench.app().phase, AppPhase::Launching { intent });
        let event = Event::Acted { app: APP, intent, outcome };
        let class = notes(&bench.at(NOW.plus(5), &event)).find_map(|note| match note {
            Note::Opened { class, .. } => Some(*class),
            _ => None,
        });
        (class, bench.state.apps[0].process)
    };
    let gone = Process::Gone { at: NOW.plus(5), supervisor_until: None };
    assert_eq!(after(JOB), (Some(Class::Dead), gone));
    assert_eq!(after(OUR_LIMIT), (None, Process::NotStarted));
    assert_eq!(after(BUSY), (None, Process::NotStarted));
    assert_eq!(after(Outcome::Done), (None, Process::Unknown));
}

#[test]
fn room_doubles_with_each_act_up_to_half_an_hour() {
    let room = |acts| {
        let bench = answered(Rung::Kill, Purse::Ladder, Outcome::Done, |b| {
            b.incident().disruptive = acts;
            b.incident().used = Used::default();
        });
        bench.state.apps[0].again_at.since(NOW)
    };
    let minutes = [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 30), (255, 30)];
    for (acts, minutes) in minutes {
        assert_eq!(room(acts), minutes * MINUTE, "{acts}");
    }
}
