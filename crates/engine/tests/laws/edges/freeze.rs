//! Where a freeze begins and ends (S23), and who takes a reboot out of the account: to the millisecond, and for
//! nobody else.

use super::refusals::{GENTLY, before_reboot};
use super::{APP, Bench, HOUR, MINUTE, NOW, SECOND, Verdict, ago, notes, well};
use defib_engine::effect::{Effect, Purse, Rung};
use defib_engine::event::{Event, Failure, OrderRefusal, Outcome};
use defib_engine::freeze::{Freeze, VainReboot, freeze};
use defib_engine::id::{AppId, IncidentId};
use defib_engine::note::{Class, HandOver, Note, Thaw};
use defib_engine::policy::{ClassSet, Permission};
use defib_engine::state::AppPhase;
use defib_engine::time::Moment;

const DAY: u64 = 24 * HOUR;
const BLOG: AppId = AppId(1);
/// Who asked for a reset that nobody asked for.
const NOBODY: AppId = AppId(u16::MAX);

/// Two apps that are well.
fn calm() -> Bench {
    let mut bench = Bench::hung();
    well(bench.probe(0));
    bench
}

/// With reboots in vain for these apps, in this order, a minute apart, the last of them an hour ago.
fn in_vain(mut bench: Bench, apps: &[AppId]) -> Bench {
    let first = ago(HOUR + MINUTE * (apps.len() as u64 - 1));
    for (number, app) in (0..).zip(apps) {
        let at = first.plus(MINUTE * number);
        bench.state.vain.0.push(VainReboot { app: *app, at });
    }
    bench
}

fn left(bench: &Bench) -> Vec<AppId> {
    bench.state.vain.0.iter().map(|reboot| reboot.app).collect()
}

/// Who is told to the ledger as seen well.
fn recovered(effects: &[Effect]) -> Vec<Option<AppId>> {
    let of = |effect: &Effect| match effect {
        Effect::Recovered { app } => Some(*app),
        _ => None,
    };
    effects.iter().filter_map(of).collect()
}

fn thaws(effects: &[Effect]) -> Vec<Thaw> {
    let of = |note: &Note| match note {
        Note::Thawed { by } => Some(*by),
        _ => None,
    };
    notes(effects).filter_map(of).collect()
}

fn freezes(effects: &[Effect]) -> usize {
    notes(effects).filter(|note| matches!(note, Note::Frozen { .. })).count()
}

#[test]
fn s23_two_in_vain_forbid_for_a_day_from_the_last_whatever_their_order() {
    let (first, second) = (Moment(5), Moment(7 * HOUR));
    let until = second.plus(DAY);
    let frozen = Some(Freeze { reboots: 2, until });
    for vain in [[first, second], [second, first]] {
        assert_eq!(freeze(vain.into_iter(), second), frozen);
        assert_eq!(freeze(vain.into_iter(), Moment(until.0 - 1)), frozen);
        assert_eq!(freeze(vain.into_iter(), until), None, "a day is a day");
    }
    assert_eq!(freeze([second].into_iter(), second), None, "one is tried again");
    assert_eq!(freeze([].into_iter(), second), None);
    let many = freeze([second; 300].into_iter(), second);
    assert_eq!(many.map(|it| it.reboots), Some(u8::MAX), "as many as can be told");
}

#[test]
fn s23_the_third_reboot_waits_to_the_last_millisecond_of_the_day() {
    let frozen_for = |passed| {
        before_reboot().verdict(|bench| {
            for at in [ago(passed + HOUR), ago(passed)] {
                bench.state.vain.0.push(VainReboot { app: APP, at });
            }
        })
    };
    assert_eq!(frozen_for(DAY - 1), GENTLY, "never a storm, never silence");
    assert_eq!(frozen_for(DAY), Verdict::Acts(Rung::Reboot, Purse::Ladder));
}

#[test]
fn s23_a_freeze_is_told_once_with_its_end_and_so_is_what_ended_it() {
    let mut bench = in_vain(before_reboot(), &[APP, APP]);
    let until = ago(HOUR).plus(DAY);
    let effects = bench.wake();
    let told = |note: &Note| *note == Note::Frozen { reboots: 2, until };
    assert!(notes(&effects).any(told), "{effects:?}");
    let mut later = |at, event| bench.at(at, event);
    assert_eq!(freezes(&later(NOW.plus(SECOND), &Event::Woke)), 0, "not again");
    let last = later(Moment(until.0 - 1), &Event::Woke);
    assert_eq!((freezes(&last), thaws(&last)), (0, vec![]));
    assert_eq!(thaws(&later(until, &Event::Woke)), [Thaw::Time], "a day has passed");
    assert_eq!(thaws(&later(until.plus(1), &Event::Woke)), []);
}

#[test]
fn s23_who_is_well_again_ends_a_freeze_and_so_does_a_person() {
    let mut both = in_vain(before_reboot(), &[APP, APP]);
    both.wake();
    let effects = both.clone().at(NOW, &Event::Thawed);
    assert_eq!((thaws(&effects), freezes(&effects)), (vec![Thaw::Person], 0));
    well(both.probe(0));
    both.app().phase = AppPhase::Watching;
    let effects = both.wake();
    assert_eq!((thaws(&effects), recovered(&effects)), (vec![Thaw::Recovery], vec![Some(APP)]));
    assert_eq!(left(&both), []);
}

#[test]
fn s23_a_recovery_takes_out_its_own_reboots_and_is_told_only_if_there_were_any() {
    let mut bench = in_vain(before_reboot(), &[APP, BLOG, APP]);
    assert_eq!(recovered(&bench.wake()), [Some(BLOG)]);
    assert_eq!(left(&bench), [APP, APP], "another's are left");
    assert_eq!(recovered(&bench.wake()), [], "nothing is taken out twice");
    assert_eq!(recovered(&calm().wake()), []);
}

#[test]
fn s23_a_reset_was_not_in_vain_once_every_app_is_well_or_stopped_and_one_is_well() {
    let of = |change: fn(&mut Bench)| {
        let mut bench = in_vain(calm(), &[NOBODY, NOBODY]);
        change(&mut bench);
        recovered(&bench.wake())
    };
    assert_eq!(of(|_| ()), [None]);
    assert_eq!(of(|bench| bench.app().stopped = true), [None], "the rest is well");
    let all_stopped = |bench: &mut Bench| {
        bench.state.apps.iter_mut().for_each(|app| app.stopped = true);
    };
    assert_eq!(of(all_stopped), [], "nobody was seen well");
    assert_eq!(of(|bench| bench.probe(0).passes = 1), [], "not yet all of them");
    let apps = in_vain(calm(), &[NOBODY, BLOG]);
    assert_eq!(recovered(&apps.clone().wake()), [Some(BLOG), None], "each in its own right");
}

#[test]
fn s23_who_is_stopped_ill_or_in_an_incident_has_not_recovered() {
    let of = |change: fn(&mut Bench)| {
        let mut bench = in_vain(calm(), &[APP]);
        change(&mut bench);
        recovered(&bench.wake())
    };
    assert_eq!(of(|_| ()), [Some(APP)]);
    assert_eq!(of(|bench| bench.app().stopped = true), []);
    assert_eq!(of(|bench| bench.probe(0).passes = 1), []);
    let acting = |bench: &mut Bench| bench.acting(Class::Hung, Rung::Kill, Purse::Ladder);
    assert_eq!(of(acting), [], "an act runs, and its result is not known");
}

#[test]
fn s23_what_is_well_while_the_machine_goes_down_was_not_cured_by_it() {
    let mut bench = in_vain(calm(), &[APP, NOBODY]);
    assert_eq!(recovered(&bench.clone().at(NOW, &Event::ShuttingDown)), []);
    bench.at(NOW, &Event::ShuttingDown);
    assert_eq!(left(&bench), [APP, NOBODY]);
    assert_eq!(recovered(&bench.at(NOW.plus(SECOND), &Event::Woke)), [], "it still goes down");
}

/// A reboot that the guardian has just ordered, behind one in vain.
fn ordered() -> Bench {
    let mut bench = in_vain(before_reboot(), &[APP]);
    for event in [Event::Woke, closed()] {
        if bench.at(NOW, &event).iter().any(|effect| matches!(effect, Effect::Order(_))) {
            return bench;
        }
    }
    panic!("no reboot was ordered: {:?}", bench.stage());
}

fn closed() -> Event {
    let incident = IncidentId(1);
    Event::EvidenceClosed { app: APP, incident, complete: true }
}

fn answered(outcome: Outcome) -> (Vec<VainReboot>, Vec<Effect>) {
    let mut bench = ordered();
    let (intent, _) = bench.app().acting().expect("it is under way");
    let effects = bench.at(NOW.plus(SECOND), &Event::Acted { app: APP, intent, outcome });
    (bench.state.vain.0, effects)
}

#[test]
fn s23_a_reboot_counts_from_its_order_on_unless_the_executor_refused_it() {
    let before = VainReboot { app: APP, at: ago(HOUR) };
    let new = VainReboot { app: APP, at: NOW };
    let mut bench = ordered();
    assert_eq!(bench.state.vain.0, [before, new]);
    let effects = bench.at(NOW.plus(1), &Event::Woke);
    assert_eq!(freezes(&effects), 0, "it is on its way and may be refused: nothing is told yet");
    for why in [OrderRefusal::Busy, OrderRefusal::MinUptime, OrderRefusal::Frozen] {
        let (vain, effects) = answered(Outcome::Refused(why));
        assert_eq!((vain, freezes(&effects)), (vec![before], 0), "{why:?}: it was none");
    }
    let (vain, effects) = answered(Outcome::Failed(Failure::NoManager));
    assert_eq!((vain, freezes(&effects)), (vec![before, new], 1), "paid for, and in vain");
}

#[test]
fn s23_a_person_hears_of_the_freeze_only_where_a_reboot_would_be_next() {
    let why = |change: fn(&mut Bench)| {
        let mut bench = in_vain(before_reboot(), &[APP, APP]);
        bench.charge(0, Rung::Restart, Purse::Gentle, ago(MINUTE));
        change(&mut bench);
        let effects = bench.wake();
        notes(&effects).find_map(|note| match note {
            Note::HandedOver { why, .. } => Some(*why),
            _ => None,
        })
    };
    assert_eq!(why(|_| ()), Some(HandOver::Frozen));
    assert_eq!(why(|bench| bench.policy.reboot = Permission::Never), Some(HandOver::BudgetSpent));
    assert_eq!(why(|bench| bench.state.vain.0.truncate(1)), None, "it is rebooted");
    let other = |bench: &mut Bench| bench.rules().reboot_on = ClassSet::NONE;
    assert_eq!(why(other), Some(HandOver::BudgetSpent), "not for what ails it");
}
