//! What only dear rungs are asked: more evidence, a choice that somebody made, room between two of them, and an
//! allowance.

use super::{Bench, ERROR, HELD, HOUR, MINUTE, NOW, SECOND, Verdict, ago};
use defib_engine::effect::{Purse, Rung};
use defib_engine::host::Sleep;
use defib_engine::id::{AppId, IntentId};
use defib_engine::note::{Class, Refusal};
use defib_engine::policy::{Permission, RungSet, View};
use defib_engine::state::{AppPhase, Stage};

use super::refusals::{GENTLY, KILL, RESTART, START, before_reboot, read_only, refuses};

#[test]
fn a_reboot_needs_more_evidence_than_what_it_follows() {
    let with = |db| move |b: &mut Bench| b.probe(0).db = db;
    let below = |have_db| refuses(Rung::Reboot, Refusal::BelowBar { have_db, need_db: 69 });
    assert_eq!(read_only().verdict(with(60)), Verdict::Nothing);
    assert_eq!(read_only().verdict(with(61)), below(61));
    assert_eq!(read_only().verdict(with(68)), below(68));
    assert_eq!(read_only().verdict(with(69)), Verdict::Acts(Rung::Reboot, Purse::Ladder));
}

/// An app that answers most of the time is no reason to restart the machine, whatever is wrong with its disk.
#[test]
fn what_fails_now_and_then_never_reboots() {
    let partial = |b: &mut Bench| (b.probe(0).db, b.probe(0).cusum) = (40, 60);
    let below = refuses(Rung::Reboot, Refusal::BelowBar { have_db: 60, need_db: 69 });
    assert_eq!(read_only().verdict(partial), below);
}

#[test]
fn the_unclear_is_watched_until_its_time_is_over() {
    let mut unclear = Bench::hung();
    unclear.add(View::App);
    let since = |ago_ms| {
        move |b: &mut Bench| {
            let stretch = b
                .probe(0)
                .stretch
                .map(|it| defib_engine::state::Stretch { since: ago(ago_ms), ..it });
            b.probe(0).stretch = stretch;
        }
    };
    let waits = refuses(Rung::Restart, Refusal::Unclear { until: NOW.plus(1) });
    assert_eq!(unclear.verdict(since(5 * MINUTE - 1)), waits);
    assert_eq!(unclear.verdict(since(5 * MINUTE)), RESTART);
    // What sleeps in the kernel may wake up for 20 s.
    let sleeping = |ago_ms| {
        move |b: &mut Bench| {
            b.host().sleep = Some(defib_engine::host::Run { since: ago(ago_ms), ..HELD });
            b.host().facts.sleep = Sleep::Local;
        }
    };
    let waits = refuses(Rung::Reboot, Refusal::Unclear { until: NOW.plus(1) });
    assert_eq!(Bench::hung().verdict(sleeping(20 * SECOND - 1)), waits);
    let reboot = Verdict::Acts(Rung::Reboot, Purse::Ladder);
    assert_eq!(Bench::hung().verdict(sleeping(20 * SECOND)), reboot);
}

#[test]
fn a_reboot_is_a_choice_that_somebody_made_twice() {
    let (never, forbids) = (
        |b: &mut Bench| b.policy.reboot = Permission::Never,
        |b: &mut Bench| b.rules().reboot_on.0 = 0,
    );
    assert_eq!(before_reboot().verdict(never), GENTLY);
    assert_eq!(before_reboot().verdict(forbids), GENTLY);
    let refused = refuses(Rung::Reboot, Refusal::NotPermitted { rung: Rung::Reboot });
    assert_eq!(read_only().verdict(never), refused);
    assert_eq!(read_only().verdict(forbids), refused);
}

#[test]
fn a_rung_that_is_not_to_be_had_is_stepped_over() {
    let incapable = |b: &mut Bench| b.app().capable = RungSet::NONE.with(Rung::Start);
    let refused = refuses(Rung::Kill, Refusal::NotPossible { rung: Rung::Kill });
    let erroring = |b: &mut Bench| {
        b.policy.reboot = Permission::Never;
        incapable(b);
    };
    let told = Bench::failing(ERROR).verdict(erroring);
    let reboot = refuses(Rung::Reboot, Refusal::NotPermitted { rung: Rung::Reboot });
    assert_eq!(told, reboot, "the last of them is told");
    let no_restart = |b: &mut Bench| {
        b.app().capable = RungSet::NONE.with(Rung::Kill);
    };
    assert_eq!(Bench::failing(ERROR).verdict(no_restart), KILL);
    let mut dead = Bench::dead();
    dead.rules().rungs = RungSet::NONE.with(Rung::Kill);
    dead.rules().reboot_on.0 = 0;
    let told = dead.verdict(|b| b.app().capable = RungSet::NONE.with(Rung::Reboot));
    assert_eq!(told, reboot);
    assert_ne!(told, refused);
}

/// What shows only on the users' path is restarted once, for want of a view of the app; the kernel is one.
#[test]
fn what_the_kernel_convicts_is_killed_even_where_only_the_users_path_is_seen() {
    let mut outside = Bench::hung();
    outside.rules().probes[0].view = View::UserPath;
    assert_eq!(outside.verdict(|_| ()), RESTART);
    assert_eq!(outside.verdict(|b| b.host().storm = Some(HELD)), KILL);
}

#[test]
fn two_acts_have_room_between_them() {
    let until = NOW.plus(1);
    let spaced = |until| move |b: &mut Bench| b.app().again_at = until;
    let refused = refuses(Rung::Kill, Refusal::Spacing { until });
    assert_eq!(Bench::hung().verdict(spaced(until)), refused);
    assert_eq!(Bench::hung().verdict(spaced(NOW)), KILL);
    assert_eq!(Bench::dead().verdict(spaced(until)), START);
}

#[test]
fn an_incident_has_five_acts_and_then_gentle_ones() {
    let after = |class, acts| move |b: &mut Bench| b.open(class, Stage::Judging).disruptive = acts;
    assert_eq!(Bench::hung().verdict(after(Class::Hung, 4)), KILL);
    assert_eq!(Bench::hung().verdict(after(Class::Hung, 5)), GENTLY);
    let spent = refuses(Rung::Restart, Refusal::IncidentSpent { used: 5, limit: 5 });
    assert_eq!(Bench::failing(ERROR).verdict(after(Class::Erroring, 5)), spent);
    assert_eq!(Bench::failing(ERROR).verdict(after(Class::Erroring, 4)), RESTART);
    assert_eq!(Bench::dead().verdict(after(Class::Dead, 5)), START);
}

#[test]
fn a_reboot_waits_for_the_uptime_and_for_every_other_act() {
    let up = |ms| move |b: &mut Bench| b.state.booted_at = ago(ms);
    let (need_ms, have_ms) = (15 * MINUTE, 15 * MINUTE - 1);
    let young = refuses(Rung::Reboot, Refusal::MinUptime { have_ms, need_ms });
    assert_eq!(read_only().verdict(up(have_ms)), young);
    assert_eq!(read_only().verdict(up(need_ms)), Verdict::Acts(Rung::Reboot, Purse::Ladder));
    assert_eq!(Bench::hung().verdict(up(0)), KILL);
    assert_eq!(before_reboot().verdict(up(have_ms)), GENTLY);
    let other_acts = |b: &mut Bench| {
        b.state.apps[1].phase = AppPhase::Launching { intent: IntentId(1) };
    };
    let busy = refuses(Rung::Reboot, Refusal::ActRunning { app: AppId(1) });
    assert_eq!(read_only().verdict(other_acts), busy);
    assert_eq!(Bench::hung().verdict(other_acts), KILL);
}

#[test]
fn what_is_overloaded_is_killed_once_an_hour() {
    let mut overloaded = Bench::hung();
    overloaded.busy(true, true);
    assert_eq!(overloaded.verdict(|_| ()), KILL);
    let paid = |app, ago_ms: u64| {
        move |b: &mut Bench| b.charge(app, Rung::Kill, Purse::Ladder, ago(ago_ms))
    };
    let refusal = Refusal::BudgetSpent { used: 1, limit: 1, until: NOW.plus(1) };
    assert_eq!(overloaded.verdict(paid(0, HOUR - 1)), refuses(Rung::Kill, refusal));
    assert_eq!(overloaded.verdict(paid(0, HOUR)), KILL);
    assert_eq!(overloaded.verdict(paid(1, 1)), KILL);
    // The last one counts, wherever it stands.
    let both = |b: &mut Bench| {
        paid(0, HOUR - 1)(b);
        paid(0, 3 * HOUR)(b);
    };
    assert_eq!(overloaded.verdict(both), refuses(Rung::Kill, refusal));
    // What only spins, and what only fails in part, has the ladder's budget.
    let mut spinning = Bench::hung();
    spinning.busy(false, false);
    assert_eq!(spinning.class(|_| ()), Some(Class::Spinning));
    assert_eq!(spinning.verdict(paid(0, HOUR / 2)), KILL);
    let mut partial = Bench::failing(ERROR);
    (partial.probe(0).db, partial.probe(0).cusum) = (40, 40);
    assert_eq!(partial.verdict(paid(0, HOUR / 2)), RESTART);
}
