//! Whether the evidence is enough, whose it is, and what half of it stands for.

use super::{Bench, ERROR, HELD, HOUR, SECOND, ago, fail, notes};
use crate::support::world::HANG;
use defib_engine::note::{Class, Note};
use defib_engine::policy::View;
use defib_engine::seen::Seen;
use defib_engine::state::{Starts, Stretch};

use super::classes::MISSING;

/// What it was convicted of, with which evidence, against which bar.
fn decided(bench: &Bench, change: impl FnOnce(&mut Bench)) -> Option<(Class, i16, i16)> {
    let mut other = bench.clone();
    change(&mut other);
    notes(&other.wake()).find_map(|note| match *note {
        Note::Decided { class, score_db, bar_db, .. } => Some((class, score_db, bar_db)),
        _ => None,
    })
}

#[test]
fn each_class_has_its_bar() {
    let with = |db| move |b: &mut Bench| b.probe(0).db = db;
    let (hung, erroring) = (Bench::hung(), Bench::failing(ERROR));
    assert_eq!(decided(&hung, with(60)), None);
    assert_eq!(decided(&hung, with(61)), Some((Class::Hung, 61, 61)));
    assert_eq!(decided(&erroring, with(66)), None);
    assert_eq!(decided(&erroring, with(67)), Some((Class::Erroring, 67, 67)));
    let weighs = |db| move |b: &mut Bench| b.policy.weights.died_db = db;
    assert_eq!(decided(&Bench::dead(), weighs(57)), Some((Class::Dead, 57, 57)));
    assert_eq!(Bench::dead().class(weighs(56)), None);
    let looping = |b: &mut Bench| {
        b.app().starts = Starts { count: 3, last: ago(HOUR), ..Starts::default() };
        weighs(57)(b);
    };
    assert_eq!(decided(&Bench::dead(), looping), Some((Class::CrashLoop, 57, 57)));
    let contract = Bench::failing(MISSING);
    assert_eq!(contract.class(with(66)), None);
    assert_eq!(contract.class(with(67)), Some(Class::Contract));
}

/// A cut of the users' path, hours long, must not lend its weight to one wrong answer of the app itself. For a
/// fault that is only told the loudest view is enough.
#[test]
fn the_path_s_weight_is_not_the_app_s() {
    let lost = |path: Seen, own: Seen| {
        let mut bench = Bench::failing(own);
        let one = Stretch { since: ago(SECOND), until: ago(SECOND), count: 1 };
        (bench.probe(0).db, bench.probe(0).stretch) = (29, Some(one));
        let more = bench.add(View::UserPath);
        fail(bench.probe(more), path, 200);
        bench
    };
    assert_eq!(lost(ERROR, ERROR).class(|_| ()), None);
    assert_eq!(lost(HANG, HANG).class(|_| ()), None);
    assert_eq!(lost(MISSING, MISSING).class(|_| ()), Some(Class::Contract));
}

#[test]
fn what_fails_now_and_then_is_told_by_how_often() {
    let partial = |db, cusum| move |b: &mut Bench| (b.probe(0).db, b.probe(0).cusum) = (db, cusum);
    let erroring = Bench::failing(ERROR);
    assert_eq!(decided(&erroring, partial(40, 35)), None);
    assert_eq!(decided(&erroring, partial(40, 36)), Some((Class::Erroring, 36, 36)));
    assert_eq!(decided(&erroring, partial(66, 60)), Some((Class::Erroring, 60, 36)));
    // At the bar it fails outright, however often it did before.
    assert_eq!(decided(&erroring, partial(67, 60)), Some((Class::Erroring, 67, 67)));
    assert_eq!(decided(&erroring, partial(80, 60)), Some((Class::Erroring, 80, 67)));
}

#[test]
fn what_works_as_fast_as_it_can_is_busy_and_what_fails_half_the_time_is_overloaded() {
    let busy = |works, overloaded| move |b: &mut Bench| b.busy(works, overloaded);
    let weak = |works, overloaded| {
        move |b: &mut Bench| {
            b.busy(works, overloaded);
            b.probe(0).db = 30;
        }
    };
    let hung = Bench::hung();
    let fails = Some((Class::Spinning, ago(20 * SECOND)));
    let overload = Some((Class::Spinning, HELD.since));
    assert_eq!(hung.opens(busy(false, false)), fails);
    assert_eq!(hung.opens(busy(false, true)), fails, "not one good look");
    assert_eq!(hung.opens(busy(true, true)), overload);
    assert_eq!(hung.opens(weak(false, true)), overload);
    assert_eq!(hung.class(busy(true, false)), Some(Class::Busy));
    assert_eq!(hung.class(weak(true, false)), None);
    let exact = |b: &mut Bench| {
        b.busy(false, true);
        b.probe(0).db = 61;
    };
    assert_eq!(hung.opens(exact), fails, "the bar is reached");
    let erroring = Bench::failing(ERROR);
    assert_eq!(erroring.class(busy(true, false)), Some(Class::Busy));
    assert_eq!(erroring.class(busy(true, true)), Some(Class::Spinning));
    let partial = |b: &mut Bench| {
        b.busy(false, false);
        (b.probe(0).db, b.probe(0).cusum) = (40, 40);
    };
    assert_eq!(erroring.class(partial), Some(Class::Erroring), "it does not work");
}
