//! What kind of fault it is, and whether the evidence is enough: precedence, bars and who is believed.

use super::{Bench, ERROR, GONE, HOUR, NOW, SECOND, Verdict, ago, fail, well};
use crate::support::world::HANG;
use defib_engine::effect::{Purse, Rung};
use defib_engine::note::Class;
use defib_engine::policy::{RungSet, View};
use defib_engine::seen::{Phase, Seen, TlsFault};
use defib_engine::state::{Announcement, Process, Starts, Stretch};

pub(super) const MISSING: Seen = Seen::Status { code: 404, retry_after_s: None };
pub(super) const EXPIRED: Seen = Seen::Tls(TlsFault::Expired);

#[test]
fn what_the_cpu_says_changes_no_other_class() {
    let taken = |b: &mut Bench| b.busy(true, true);
    assert_eq!(Bench::dead().class(taken), Some(Class::Dead));
    assert_eq!(Bench::dead().verdict(taken), Verdict::Acts(Rung::Start, Purse::Free));
    for (seen, class) in [(MISSING, Class::Contract), (EXPIRED, Class::Certificate)] {
        assert_eq!(Bench::failing(seen).class(taken), Some(class));
        let weak = |b: &mut Bench| {
            taken(b);
            b.probe(0).db = 30;
        };
        assert_eq!(Bench::failing(seen).class(weak), None);
    }
}

#[test]
fn a_loop_is_three_starts_that_did_not_last() {
    let started = |count, undone| {
        move |b: &mut Bench| b.app().starts = Starts { count, undone, ..Starts::default() }
    };
    assert_eq!(Bench::dead().class(started(2, 0)), Some(Class::Dead));
    assert_eq!(Bench::dead().class(started(3, 0)), Some(Class::CrashLoop));
    assert_eq!(Bench::dead().class(started(9, 0)), Some(Class::CrashLoop));
    assert_eq!(Bench::dead().class(started(3, 1)), Some(Class::Dead));
}

#[test]
fn nothing_is_convicted_that_neither_fails_nor_is_gone() {
    let mut bench = Bench::hung();
    well(bench.probe(0));
    assert_eq!(bench.class(|_| ()), None);
    // What is well now is not judged by how it wavered.
    assert_eq!(bench.class(|b| b.probe(0).cusum = 60), None);
    let unknown = Seen::Unknown(defib_engine::seen::UnknownWhy::OurLimit);
    let blind = |b: &mut Bench| {
        fail(b.probe(0), HANG, 100);
        let look = b.probe(0).last.map(|look| defib_engine::state::Look { seen: unknown, ..look });
        b.probe(0).last = look;
    };
    assert_eq!(bench.class(blind), None, "the last look says nothing");
}

#[test]
fn precedence_is_fixed() {
    let until = NOW.plus(1);
    let hold = |b: &mut Bench| b.app().held_until = Some(until);
    let announced = Some(Announcement { since: NOW, until });
    for bench in [Bench::dead(), Bench::hung(), Bench::failing(EXPIRED)] {
        assert_eq!(bench.class(hold), Some(Class::Intended));
        assert_eq!(bench.class(|b| b.app().announced = announced), Some(Class::Intended));
    }
    let dead = |b: &mut Bench| b.app().process = GONE;
    assert_eq!(Bench::failing(EXPIRED).class(dead), Some(Class::Dead));
    let needs = |b: &mut Bench| fail(b.probe(1), HANG, 50);
    assert_eq!(Bench::failing(EXPIRED).class(needs), Some(Class::Certificate));
    assert_eq!(Bench::failing(MISSING).class(needs), Some(Class::Dependency));
    assert_eq!(Bench::hung().class(needs), Some(Class::Dependency));
    let broken = Seen::Tls(TlsFault::Protocol);
    assert_eq!(Bench::failing(broken).class(|_| ()), Some(Class::Erroring));
    for (code, class) in [
        (299, Class::Erroring),
        (300, Class::Contract),
        (499, Class::Contract),
        (500, Class::Erroring),
    ] {
        let bench = Bench::failing(Seen::Status { code, retry_after_s: None });
        assert_eq!(bench.class(|_| ()), Some(class), "{code}");
    }
}

#[test]
fn the_way_to_it_is_outside_while_the_app_itself_can_be_seen() {
    let mut cut = Bench::hung();
    well(cut.probe(0));
    let path = cut.add(View::UserPath);
    fail(cut.probe(path), HANG, 200);
    assert_eq!(cut.class(|_| ()), Some(Class::Outside));
    assert_eq!(cut.class(|b| b.probe(0).absent = true), Some(Class::Hung));
    // The view of the app itself is the more telling one.
    assert_eq!(cut.class(|b| fail(b.probe(0), ERROR, 100)), Some(Class::Erroring));
    // A look that says what is wrong, before a command that may have failed for just that.
    let command = |b: &mut Bench| {
        fail(b.probe(0), Seen::Command(2), 100);
        let other = b.add(View::App);
        fail(b.probe(other), MISSING, 100);
    };
    assert_eq!(cut.class(command), Some(Class::Contract));
}

#[test]
fn a_dependency_may_be_why_for_half_a_minute_after_it() {
    let failed = |ago_ms| move |b: &mut Bench| b.probe(1).failed_at = Some(ago(ago_ms));
    assert_eq!(Bench::hung().class(failed(30 * SECOND - 1)), Some(Class::Dependency));
    assert_eq!(Bench::hung().class(failed(30 * SECOND)), Some(Class::Hung));
    // Only a dependency's.
    let own = |b: &mut Bench| b.probe(0).failed_at = Some(ago(1));
    assert_eq!(Bench::hung().class(own), Some(Class::Hung));
}

#[test]
fn where_nobody_listens_and_nothing_can_be_killed_it_is_dead() {
    let unseen = |can_kill: bool| {
        let mut bench = Bench::failing(Seen::Refused);
        bench.app().process = Process::Unknown;
        if !can_kill {
            bench.rules().rungs = RungSet::NONE.with(Rung::Start).with(Rung::Restart);
        }
        bench
    };
    assert_eq!(unseen(false).class(|_| ()), Some(Class::Dead));
    assert_eq!(unseen(true).class(|_| ()), Some(Class::Hung));
    let alive = Process::Alive { identity: super::LIVES, since: NOW };
    assert_eq!(unseen(false).class(|b| b.app().process = alive), Some(Class::Hung));
    assert_eq!(unseen(false).class(|b| fail(b.probe(0), HANG, 100)), Some(Class::Hung));
}

#[test]
fn what_never_passed_is_a_contract() {
    let never = |b: &mut Bench| b.probe(0).ever_passed = false;
    assert_eq!(Bench::hung().class(never), Some(Class::Contract), "its dependency has");
    let once = |b: &mut Bench| {
        never(b);
        b.add(View::UserPath);
    };
    assert_eq!(Bench::hung().class(once), Some(Class::Hung));
}

#[test]
fn two_views_that_disagree_are_unclear() {
    let mut bench = Bench::hung();
    let other = bench.add(View::App);
    assert_eq!(bench.class(|_| ()), Some(Class::Unknown));
    assert_eq!(bench.class(|b| fail(b.probe(0), Seen::Refused, 100)), Some(Class::Unknown));
    assert_eq!(bench.class(|b| fail(b.probe(0), ERROR, 100)), Some(Class::Erroring));
    // One that wavers, or has nothing to look at, or has not looked, is no witness that it is well.
    assert_eq!(bench.class(|b| b.probe(other).cusum = 35), Some(Class::Unknown));
    assert_eq!(bench.class(|b| b.probe(other).cusum = 36), Some(Class::Hung));
    assert_eq!(bench.class(|b| b.probe(other).absent = true), Some(Class::Hung));
    assert_eq!(bench.class(|b| b.probe(other).last = None), Some(Class::Hung));
    let mut path = Bench::hung();
    path.add(View::UserPath);
    path.add(View::Listener);
    assert_eq!(path.class(|_| ()), Some(Class::Hung), "neither is a view on the app");
}

#[test]
fn a_fault_began_with_its_first_sign() {
    let since = |bench: &Bench| bench.opens(|_| ()).map(|(_, since)| since);
    assert_eq!(since(&Bench::hung()), Some(ago(20 * SECOND)));
    let mut both = Bench::hung();
    let other = both.add(View::App);
    fail(both.probe(other), Seen::Timeout(Phase::Connect), 20);
    let stretch = both.probe(other).stretch;
    both.probe(other).stretch = stretch.map(|it| Stretch { since: ago(30 * SECOND), ..it });
    assert_eq!(since(&both), Some(ago(30 * SECOND)));
    fail(both.probe(1), HANG, 50);
    both.probe(1).stretch = stretch.map(|it| Stretch { since: ago(HOUR), ..it });
    assert_eq!(since(&both), Some(ago(30 * SECOND)), "its dependency's does not count");
    assert_eq!(since(&Bench::dead()), Some(ago(SECOND)));
    let mut later = Bench::hung();
    later.app().process = GONE;
    assert_eq!(since(&later), Some(ago(20 * SECOND)), "it failed before it died");
}
