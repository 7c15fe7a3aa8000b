//! What the next boot makes of the end of this one: who ended it, who pays, and what a person is told.

use crate::deeds::{Deed, MARKS, deeds};
use crate::life::{Life, judgement};
use crate::memory::NAMES;
use defib_engine::effect::Rung;
use defib_engine::event::{Failure, Outcome};
use defib_engine::id::{IncidentId, IntentId};
use defib_engine::note::Class;
use defib_journal::ledger::{BootEnd, Farewell, Name, RebootMark, WatchdogMark, boot_end};
use defib_journal::order::ActStep;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const ORDER: Deed = Deed::Order { app: 0, rung: Rung::Reboot, is_told: true };
const FAILED: Deed = Deed::Finish { ago: 0, outcome: Outcome::Failed(Failure::Deadline) };
const BOOT: Deed = Deed::Boot { is_stamped: false, is_reset: false, is_judged: true };

/// The reboot of ours that this boot ends by, if it ends now. Who no longer feeds the watchdog goes on with what
/// was ordered, whatever became of it.
fn our_reboot(life: &Life) -> Option<RebootMark> {
    let is_starved = life.watchdog == Some(WatchdogMark::Starved);
    let is_open = |outcome| matches!(outcome, None | Some(Outcome::Done));
    let last = life.ordered.iter().rfind(|it| is_starved || is_open(it.outcome))?;
    let known = life.mark.filter(|mark| mark.intent.0 == last.number);
    Some(known.unwrap_or(RebootMark {
        boot_id: [life.boot; 16],
        intent: IntentId(last.number),
        app: Name::new(last.name).expect("a short one"),
        incident: IncidentId(0),
        class: Class::Unknown,
        step: None,
    }))
}

/// What can be said of an end that comes now. A reset behind an armed watchdog is ours only if we had asked.
fn end(life: &Life, card_reset: bool) -> BootEnd {
    let Some(mark) = life.watchdog.filter(|mark| *mark != WatchdogMark::Disarmed) else {
        return BootEnd::NotArmed;
    };
    let is_silent = mark != WatchdogMark::Starved && !card_reset;
    match our_reboot(life) {
        Some(_) => BootEnd::OurReboot,
        None if is_silent => BootEnd::Reset,
        None => BootEnd::Watchdog,
    }
}

fn judge(life: &Life) {
    assert_eq!(life.ledger.reboot_now(), our_reboot(life), "the reboot that ends this boot");
    assert_eq!(life.ledger.watchdog_now(), life.watchdog, "in this boot");
    for card_reset in [false, true] {
        let (told, expected) = (boot_end(&life.ledger, card_reset), end(life, card_reset));
        assert_eq!(told, expected, "card reset: {card_reset}");
        let is_unpaid = life.watchdog.is_some_and(|it| it != WatchdogMark::Disarmed)
            && our_reboot(life).is_none();
        assert_eq!(told.is_charged(), is_unpaid, "S4: paid once, and never twice");
    }
    let boot_id = [life.boot; 16];
    let said = |(boottime_ms, is_shutdown)| Farewell { boot_id, boottime_ms, is_shutdown };
    assert_eq!(life.ledger.farewell_now(), life.farewell.map(said), "the last word");
    let judged = life.is_judged.then(|| judgement(life.boot));
    assert_eq!(life.ledger.last_boot_now(), judged, "by this boot");
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(29),
        ..ProptestConfig::default()
    })]

    #[test]
    fn s4_a_reset_is_paid_for_once_and_called_ours_only_if_it_was_ordered(deeds in deeds()) {
        let mut life = Life::new();
        for deed in &deeds {
            life.take(deed);
            judge(&life);
        }
    }
}

#[test]
fn a_person_is_told_how_far_our_last_reboot_came() {
    let mut life = Life::of(&[ORDER]);
    let found = life.ledger.reboot_now().expect("it was ordered");
    assert_eq!((found.app.as_str(), found.class, found.step), (NAMES[0], Class::Hung, None));
    for step in [ActStep::RebootAsked, ActStep::SysrqSent] {
        life.take(&Deed::Step(step));
        assert_eq!(life.ledger.reboot_now().and_then(|it| it.step), Some(step));
    }
}

#[test]
fn a_power_cut_after_our_reboot_is_not_called_our_reboot_again() {
    // Nothing was written after the order, so the next boot's line begins where it stands.
    let mut life = Life::of(&[ORDER]);
    assert!(life.ledger.reboot_now().is_some());
    let ordered_at = life.now();
    life.take(&BOOT);
    assert_eq!(life.ledger.booted_at(), ordered_at);
    life.take(&Deed::Finish { ago: 0, outcome: Outcome::Done });
    assert_eq!(life.ledger.reboot_now(), None, "it has ended the boot before");
    assert!(!life.ledger.asked_for_reboot());
}

#[test]
fn who_has_failed_to_reboot_goes_on_only_by_the_watchdog() {
    let mut life = Life::of(&[ORDER, FAILED]);
    assert_eq!(life.ledger.reboot_now(), None);
    for mark in MARKS {
        life.take(&Deed::Watchdog(mark));
        let is_last_rung = mark == WatchdogMark::Starved;
        assert_eq!(life.ledger.reboot_now().is_some(), is_last_rung, "{mark:?}");
        let is_unpaid = matches!(mark, WatchdogMark::Armed | WatchdogMark::LeftArmed);
        assert_eq!(boot_end(&life.ledger, true).is_charged(), is_unpaid, "{mark:?}");
    }
}

#[test]
fn an_end_is_the_watchdogs_only_if_it_was_armed_in_that_very_boot() {
    let end_of = |mark, card_reset| {
        let life = Life::of(&[Deed::Watchdog(mark)]);
        boot_end(&life.ledger, card_reset)
    };
    for mark in [WatchdogMark::Armed, WatchdogMark::LeftArmed] {
        assert_eq!(end_of(mark, true), BootEnd::Watchdog, "the device says so");
        assert_eq!(end_of(mark, false), BootEnd::Reset, "or something from outside");
    }
    for card_reset in [false, true] {
        assert_eq!(end_of(WatchdogMark::Starved, card_reset), BootEnd::Watchdog);
        assert_eq!(end_of(WatchdogMark::Disarmed, card_reset), BootEnd::NotArmed);
        for mark in MARKS {
            let life = Life::of(&[Deed::Watchdog(mark), BOOT]);
            assert_eq!(boot_end(&life.ledger, card_reset), BootEnd::NotArmed, "two boots ago");
        }
    }
}

#[test]
fn who_is_there_again_has_not_left() {
    let mut life = Life::of(&[Deed::Farewell { is_shutdown: true }]);
    assert!(life.ledger.farewell_now().is_some_and(|it| it.is_shutdown));
    life.take(&Deed::Back);
    assert_eq!(life.ledger.farewell_now(), None);
    life.take(&Deed::Farewell { is_shutdown: false });
    life.take(&BOOT);
    assert_eq!(life.ledger.farewell_now(), None, "that was another boot");
}
