//! Budgets at their edges: a charge counts until its window is over, to the millisecond, for its own app, rung
//! and purse, and the answer says which charge has to leave first.

use super::{APP, Bench, HOUR, MINUTE, NOW, Verdict, ago, notes};
use crate::support::policy as rules;
use defib_engine::budget::{MEMORY_MS, Spent, allows, prune, used};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::Charge;
use defib_engine::id::AppId;
use defib_engine::note::{Note, Refusal};
use defib_engine::policy::{Budget, Policy};
use defib_engine::time::Moment;

const DAY: u64 = 24 * HOUR;
const NEVER: Spent = Spent { used: 0, limit: 0, until: Moment(u64::MAX) };

fn charge(app: u16, rung: Rung, purse: Purse, ago_ms: u64) -> Charge {
    Charge { app: AppId(app), rung, purse, at: ago(ago_ms) }
}

fn kills(agos_ms: &[u64]) -> Vec<Charge> {
    agos_ms.iter().map(|ago_ms| charge(0, Rung::Kill, Purse::Ladder, *ago_ms)).collect()
}

fn machine() -> Policy {
    let mut policy = rules::machine();
    policy.apps = vec![rules::app("shop", "unit"), rules::app("blog", "unit")];
    policy
}

fn kill(charges: &[Charge]) -> Result<(), Spent> {
    allows(charges, &machine(), APP, Rung::Kill, Purse::Ladder, NOW)
}

fn reboot(charges: &[Charge]) -> Result<(), Spent> {
    allows(charges, &machine(), APP, Rung::Reboot, Purse::Ladder, NOW)
}

fn gentle(charges: &[Charge]) -> Result<(), Spent> {
    allows(charges, &machine(), APP, Rung::Restart, Purse::Gentle, NOW)
}

#[test]
fn four_an_hour_and_the_oldest_has_to_leave_first() {
    assert_eq!(kill(&kills(&[1, 2, HOUR - 1])), Ok(()));
    let until = |ago_ms| Err(Spent { used: 4, limit: 4, until: ago(ago_ms).plus(HOUR) });
    assert_eq!(kill(&kills(&[1, 2, 3, HOUR - 1])), until(HOUR - 1));
    assert_eq!(kill(&kills(&[HOUR - 7, 2, 3, 1])), until(HOUR - 7));
    assert_eq!(kill(&kills(&[1, 2, 3, HOUR])), Ok(()));
    // More than there may be (a config that allows fewer now): the one that makes room is not the oldest.
    let five = Err(Spent { used: 5, limit: 4, until: ago(40 * MINUTE).plus(HOUR) });
    assert_eq!(kill(&kills(&[50 * MINUTE, 40 * MINUTE, 30 * MINUTE, 2, 1])), five);
}

#[test]
fn ten_a_day_before_four_an_hour() {
    let day: Vec<u64> = (0..10).map(|index| 2 * HOUR * (index + 1) + 1).collect();
    let until = ago(day[9]).plus(DAY);
    assert_eq!(kill(&kills(&day)), Err(Spent { used: 10, limit: 10, until }));
    assert_eq!(kill(&kills(&day[..9])), Ok(()));
    let mut edge = day[..9].to_vec();
    edge.push(DAY - 1);
    assert!(kill(&kills(&edge)).is_err_and(|spent| spent.until == NOW.plus(1)));
    edge[9] = DAY;
    assert_eq!(kill(&kills(&edge)), Ok(()));
}

#[test]
fn only_acts_of_the_ladder_on_this_app_count() {
    for (rung, purse, app, counts) in [
        (Rung::Restart, Purse::Ladder, 0, true),
        (Rung::Kill, Purse::Ladder, 0, true),
        (Rung::Kill, Purse::Ladder, 1, false),
        (Rung::Kill, Purse::Gentle, 0, false),
        (Rung::Restart, Purse::Gentle, 0, false),
        (Rung::Restart, Purse::Gentle, 1, false),
        (Rung::Reboot, Purse::Ladder, 0, false),
    ] {
        let four: Vec<Charge> = (1..5).map(|ms| charge(app, rung, purse, ms)).collect();
        assert_eq!(kill(&four).is_err(), counts, "{rung:?} {purse:?} {app}");
        let told = used(&four, Budget::ACTS, APP, NOW);
        assert_eq!(told, if counts { (4, 4) } else { (0, 0) }, "{rung:?} {purse:?} {app}");
    }
}

#[test]
fn what_is_used_is_told_for_both_windows() {
    let charges = kills(&[1, HOUR - 1, HOUR, 5 * HOUR, DAY - 1, DAY]);
    assert_eq!(used(&charges, Budget::ACTS, APP, NOW), (2, 5));
    assert_eq!(used(&charges[5..], Budget::ACTS, APP, NOW), (0, 0));
}

#[test]
fn a_reboot_counts_for_all_and_is_counted_from_whoever_asked() {
    let six = 6 * HOUR;
    let by_other = |ago_ms| [charge(1, Rung::Reboot, Purse::Ladder, ago_ms)];
    let spent = Err(Spent { used: 1, limit: 1, until: ago(six - 1).plus(six) });
    assert_eq!(reboot(&by_other(six - 1)), spent);
    assert_eq!(reboot(&by_other(six)), Ok(()));
    assert_eq!(reboot(&kills(&[1, 2, 3, 4, 5])), Ok(()));
    let two = [7 * HOUR, DAY - 1].map(|ago_ms| charge(1, Rung::Reboot, Purse::Ladder, ago_ms));
    assert_eq!(reboot(&two), Err(Spent { used: 2, limit: 2, until: NOW.plus(1) }));
}

#[test]
fn a_gentle_restart_waits_15_minutes_from_the_last_act_of_any_kind() {
    let quarter = 15 * MINUTE;
    let mine = |rung, purse, ago_ms| [charge(0, rung, purse, ago_ms)];
    let spent = Err(Spent { used: 1, limit: 1, until: NOW.plus(1) });
    for (rung, purse) in [(Rung::Kill, Purse::Ladder), (Rung::Restart, Purse::Gentle)] {
        assert_eq!(gentle(&mine(rung, purse, quarter - 1)), spent);
        assert_eq!(gentle(&mine(rung, purse, quarter)), Ok(()));
    }
    // The last one counts, wherever it stands.
    assert_eq!(gentle(&kills(&[quarter - 1, 2 * HOUR])), spent);
    assert_eq!(gentle(&[charge(1, Rung::Kill, Purse::Ladder, 1)]), Ok(()));
}

#[test]
fn each_purse_pays_for_its_own() {
    let four = kills(&[1, 2, 3, 4]);
    let ask = |rung, purse| allows(&four, &machine(), APP, rung, purse, NOW);
    for purse in [Purse::Free, Purse::Ladder, Purse::Gentle] {
        assert_eq!((ask(Rung::Start, purse), ask(Rung::Reload, purse)), (Ok(()), Ok(())));
    }
    for rung in [Rung::Restart, Rung::Kill, Rung::Reboot] {
        assert_eq!(ask(rung, Purse::Free), Err(NEVER));
    }
    assert_eq!(ask(Rung::Reboot, Purse::Gentle), Err(NEVER));
    let stranger = allows(&[], &machine(), AppId(2), Rung::Start, Purse::Free, NOW);
    assert_eq!(stranger, Err(NEVER), "an app that is not in the config");
}

#[test]
fn a_charge_is_remembered_for_a_day() {
    assert_eq!(MEMORY_MS, DAY);
    let mut charges = kills(&[DAY + 1, DAY, DAY - 1, 0]);
    prune(&mut charges, NOW);
    assert_eq!(charges, kills(&[DAY - 1, 0]));
    // And so by the engine, with whatever happens.
    let mut bench = Bench::hung();
    bench.state.charges = kills(&[DAY + 1, DAY, DAY - 1]);
    bench.wake();
    assert_eq!(bench.state.charges, kills(&[DAY - 1]));
}

#[test]
fn the_engine_tells_what_is_spent_and_acts_when_it_is_not() {
    let mut bench = Bench::failing(super::ERROR);
    bench.state.charges = kills(&[2, 3, 4, HOUR - 1]);
    let refusal = Refusal::BudgetSpent { used: 4, limit: 4, until: NOW.plus(1) };
    let mut other = bench.clone();
    let effects = other.wake();
    assert_eq!(super::verdict(&effects), Verdict::Refuses(Some(Rung::Restart), refusal));
    assert!(notes(&effects).any(|note| matches!(note, Note::HandedOver { .. })));
    let acts = Verdict::Acts(Rung::Restart, Purse::Ladder);
    assert_eq!(bench.verdict(|b| b.state.charges = kills(&[2, 3, 4, HOUR])), acts);
}
