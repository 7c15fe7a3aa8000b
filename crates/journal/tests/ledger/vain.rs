//! Reboots in vain (S23): which are remembered, who takes them out of the account, and what they forbid.

use crate::deeds::{Deed, deeds};
use crate::kept::DAY_MS;
use crate::life::{InVain, Life};
use crate::memory::{NAMES, id_of};
use defib_engine::effect::Rung;
use defib_engine::event::{Failure, Outcome};
use defib_engine::freeze::Freeze;
use defib_engine::time::Moment;
use defib_journal::ledger::{Ledger, NO_APP};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const HOUR_MS: u64 = 3_600_000;
const REBOOTED: [Deed; 3] = [
    Deed::Order { app: 0, rung: Rung::Reboot, is_told: true },
    Deed::Boot { is_stamped: false, is_reset: false, is_judged: true },
    Deed::Pass { ms: HOUR_MS },
];

/// Two in vain, and a day is not over: that, and nothing else, forbids.
fn forbidden(vain: &[InVain], now: u64) -> Option<Freeze> {
    let until = vain.iter().map(|it| it.at).max()? + DAY_MS;
    let reboots = vain.len() as u8;
    (vain.len() > 1 && until > now).then_some(Freeze { reboots, until: Moment(until) })
}

fn judge(life: &Life) {
    for later in [0, 1, HOUR_MS, DAY_MS - 1, DAY_MS] {
        let now = life.up_ms + later;
        let expected = forbidden(&life.vain, now);
        assert_eq!(life.ledger.freeze(Moment(now)), expected, "{later} ms later");
    }
    if let Some(Freeze { until, .. }) = life.ledger.freeze(life.now()) {
        assert!(life.ledger.freeze(Moment(until.0 - 1)).is_some() && until > life.now());
        assert_eq!(life.ledger.freeze(until), None, "its end is the end");
    }
    let told = life.ledger.vain_reboots(id_of);
    let told: Vec<_> = told.iter().map(|it| (it.app, it.at.0)).collect();
    let known = |it: &InVain| (it.name.and_then(id_of).unwrap_or(NO_APP), it.at);
    assert_eq!(told, life.vain.iter().map(known).collect::<Vec<_>>(), "oldest first");
    let was_asked = life.ordered.iter().any(|it| matches!(it.outcome, None | Some(Outcome::Done)));
    assert_eq!(life.ledger.asked_for_reboot(), was_asked, "in this boot, and not failed");
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(23),
        ..ProptestConfig::default()
    })]

    #[test]
    fn s23_a_reboot_is_in_vain_until_its_own_app_is_well_or_a_person_has_looked(deeds in deeds()) {
        let mut life = Life::new();
        for deed in &deeds {
            life.take(deed);
            judge(&life);
        }
    }
}

#[test]
fn s23_a_second_reboot_in_vain_is_the_last_for_a_day() {
    let once = Life::of(&REBOOTED);
    assert_eq!(once.ledger.freeze(once.now()), None, "one is tried");
    let twice = Life::of(&[REBOOTED, REBOOTED].concat());
    let second = twice.ledger.booted_at();
    let frozen = Some(Freeze { reboots: 2, until: Moment(second.0 + DAY_MS) });
    assert_eq!(twice.ledger.freeze(twice.now()), frozen);
    let reset = Deed::Boot { is_stamped: true, is_reset: true, is_judged: true };
    let reset = Life::of(&[&REBOOTED[..], &[reset]].concat());
    assert!(reset.ledger.freeze(reset.now()).is_some(), "a reset counts like a reboot");
}

#[test]
fn s23_who_was_well_before_the_reboot_was_not_cured_by_it() {
    // The last act of a boot stands at the very beginning of the next one's line: it has happened.
    let mut life = Life::of(&REBOOTED);
    assert!(life.clone().ledger.recovered(|name| name == Some(NAMES[0])));
    // The next one is ordered, and the app is well before the machine goes down.
    life.take(&REBOOTED[0]);
    assert!(life.ledger.recovered(|name| name == Some(NAMES[0])), "the one before was not in vain");
    assert!(!life.ledger.recovered(|name| name == Some(NAMES[0])), "the new one is to come");
    assert_eq!(life.ledger.vain_reboots(id_of).len(), 1);
    // It fails, and the machine stands: there is nothing left that could have been in vain.
    let outcome = Outcome::Failed(Failure::NoManager);
    life.take(&Deed::Finish { ago: 0, outcome });
    assert!(life.ledger.recovered(|name| name == Some(NAMES[0])));
    assert!(life.ledger.vain_reboots(id_of).is_empty());
}

#[test]
fn s23_whoever_is_cured_leaves_the_budget_spent() {
    let mut life = Life::of(&[REBOOTED, REBOOTED, REBOOTED].concat());
    let used = |life: &Life| life.ledger.reboots_used(life.now(), DAY_MS);
    assert_eq!(used(&life), 3);
    assert!(life.ledger.recovered(|_| true));
    assert_eq!((used(&life), life.ledger.freeze(life.now())), (3, None));
}

#[test]
fn s23_after_a_lost_ledger_the_machine_is_not_rebooted_for_a_day() {
    let mut ledger = Ledger::pessimistic(&NAMES[..1], [3; 16], 5_000);
    let until = Moment(5_000 + DAY_MS);
    assert_eq!(ledger.freeze(ledger.now(5_000)), Some(Freeze { reboots: 2, until }));
    assert_eq!(ledger.freeze(until), None);
    assert!(ledger.thaw(), "or until a person says so");
    assert_eq!(ledger.freeze(ledger.now(5_000)), None);
    assert!(!ledger.thaw(), "and then there is nothing more to say");
}
