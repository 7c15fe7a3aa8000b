//! Wrong agents, each of which must break a named promise; and two that are wrong in one place only,
//! where another keeps the promise.

use super::modelled::Modelled;
use super::whole::Left;
use super::worlds::{Breach, NONE, explore, one};
use super::wrong::Wrong;

const FAULT: Left = Left { faults: 1, ..NONE };

fn search(wrong: Wrong, world: Modelled) -> Vec<Breach> {
    explore(&format!("{wrong:?}"), world.wrong(wrong), true)
}

fn breaks(promise: &str, wrong: Wrong, world: Modelled) {
    let found = search(wrong, world);
    let caught = found.iter().any(|(name, _)| *name == promise);
    assert!(caught, "{wrong:?} does not break {promise}: {found:#?}");
}

#[test]
fn s1_a_second_act_beside_the_first() {
    breaks("S1", Wrong::NeverBusy, one(Left { guardian: 1, failing: 1, ..FAULT }));
}

#[test]
fn s2_an_act_before_its_ledger_record() {
    breaks("S2", Wrong::ChargesLate, one(FAULT));
}

#[test]
fn s4_a_ledger_that_is_forgotten() {
    breaks("S4", Wrong::ForgetsLedger, one(Left { stubborn: 3, executor: 2, ..FAULT }));
}

#[test]
fn s4_a_budget_without_end() {
    breaks("S4", Wrong::Boundless, one(Left { stubborn: 3, ..FAULT }));
}

#[test]
fn s6_an_act_without_a_last_look() {
    breaks("S6", Wrong::NoLastLook, one(Left { stubborn: 1, ..FAULT }));
}

#[test]
fn s7_rungs_that_fall() {
    breaks("S7", Wrong::RungsFall, one(Left { stubborn: 2, ..FAULT }));
}

#[test]
fn s9_a_reboot_of_a_young_machine() {
    let world = Modelled::new(1, false, true, Left { stubborn: 3, ..FAULT }).young();
    breaks("S9", Wrong::YoungReboot, world);
}

#[test]
fn s11_an_app_ended_for_its_dependency() {
    breaks(
        "S11",
        Wrong::BlindToNeeds,
        Modelled::new(1, true, false, Left { dependency: 1, ..NONE }),
    );
}

#[test]
fn s14_no_self_doubt() {
    breaks("S14", Wrong::NoDoubt, one(Left { noise: 1, ..FAULT }));
}

#[test]
fn s16_no_grace_after_a_start() {
    breaks("S16", Wrong::NoGrace, one(Left { stubborn: 1, ..FAULT }).generous());
}

#[test]
fn s17_a_hold_that_is_not_heard() {
    breaks("S17", Wrong::DeafToHold, one(Left { people: 1, ..FAULT }));
}

#[test]
fn s17_a_stop_that_is_not_heard() {
    breaks("S17", Wrong::DeafToStop, one(Left { people: 1, ..FAULT }));
}

/// As the executor was until this model found it: see `Facts::is_stopped`.
#[test]
fn s17_an_order_that_met_a_stop_on_its_way() {
    breaks("S17", Wrong::OverrulesStop, one(Left { people: 1, ..FAULT }));
}

#[test]
fn s20_whatever_process_is_there_now() {
    breaks("S20", Wrong::AnyIdentity, one(Left { people: 1, ..FAULT }));
}

#[test]
fn s30_an_order_sent_again_and_no_number_looked_at() {
    breaks("S30", Wrong::RepeatsUnchecked, one(Left { guardian: 1, ..FAULT }).generous());
}

#[test]
fn s30_one_number_for_all_intents() {
    breaks("S30", Wrong::SameNumber, one(Left { stubborn: 1, ..FAULT }));
}

#[test]
fn one_life_a_second_copy_beside_the_first() {
    breaks("one life", Wrong::SecondCopy, one(Left { guardian: 1, ..FAULT }));
}

#[test]
fn l1_deadlines_slept_through() {
    breaks("L1", Wrong::Oversleeps, one(FAULT).timed());
}

#[test]
fn l2_health_that_is_not_heard_of() {
    breaks("L2 L5", Wrong::DeafToHealth, one(FAULT).timed());
}

#[test]
fn an_order_sent_again_is_stopped_by_its_number() {
    let found = search(Wrong::RepeatsChecked, one(Left { guardian: 1, ..FAULT }).generous());
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_guardian_that_forgets_what_was_paid_is_stopped_by_the_executor() {
    let found = search(Wrong::ForgetsCharges, one(Left { guardian: 1, stubborn: 2, ..FAULT }));
    assert!(found.is_empty(), "{found:#?}");
}
