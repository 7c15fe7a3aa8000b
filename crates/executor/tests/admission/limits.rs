//! What an order may use, and what a person is told of a limit.

use super::{NOW, RUNGS, case_of, identity};
use defib_engine::effect::Rung;
use defib_engine::event::{OrderRefusal, Outcome};
use defib_engine::policy::{Budget, Deadlines};
use defib_engine::time::Moment;
use defib_executor::admit::{Facts, admit, deadline_ms};

const MINUTE: u64 = 60_000;

/// The numbers in a sentence, in their order.
fn numbers(sentence: &str) -> Vec<u64> {
    let digits = sentence.split(|it: char| !it.is_ascii_digit());
    digits.filter_map(|it| it.parse().ok()).collect()
}

#[test]
fn an_act_takes_no_longer_than_its_order_says_nor_than_the_config_does() {
    let mut policy = case_of(Rung::Kill).policy();
    let limits = [11_000, 12_000, 13_000, 14_000, 15_000];
    let [start_ms, reload_ms, restart_ms, kill_ms, reboot_ms] = limits;
    policy.apps[0].deadlines = Deadlines { start_ms, reload_ms, restart_ms, kill_ms, reboot_ms };
    for (rung, limit) in RUNGS.into_iter().zip(limits.into_iter().chain([Deadlines::CLEAN_MS])) {
        let mut order = case_of(rung).order(1);
        let mut given = |asked| {
            order.deadline_ms = asked;
            deadline_ms(&order, &policy)
        };
        assert_eq!(given(limit - 1), u64::from(limit) - 1, "{rung:?}: less was asked for");
        assert_eq!(given(limit), u64::from(limit));
        assert_eq!(given(limit + 1), u64::from(limit), "{rung:?}: more is not to be had");
        assert_eq!(given(u32::MAX), u64::from(limit));
    }
}

#[test]
fn s4_a_spent_budget_is_told_with_what_was_used_in_how_many_minutes_and_what_is_allowed() {
    for (rung, windows, used) in [
        (Rung::Kill, [10 * MINUTE, 60 * MINUTE], 1),
        (Rung::Restart, [7 * MINUTE, 60 * MINUTE], 1),
        (Rung::Reboot, [360 * MINUTE, 1_440 * MINUTE], 1),
    ] {
        let mut case = case_of(rung);
        case.paid = vec![(true, if rung == Rung::Reboot { 4 } else { 3 }, false, 1_000)];
        let ([short_ms, long_ms], ledger) = (windows, case.ledger());
        let mut policy = case.policy();
        let budget = Budget { short_ms, short_limit: 1, long_ms, long_limit: 3 };
        (policy.apps[0].budget, policy.reboot_budget) = (budget, budget);
        let told = |policy: &_| {
            let facts = Facts {
                now: Moment(NOW),
                up_ms: case.up_ms,
                main: Some(identity(1)),
                is_busy: false,
                is_stopped: false,
                ledger: &ledger,
            };
            admit(&case.order(9), policy, &case.app(), &facts).expect_err("it is spent")
        };
        let spent = Outcome::Refused(OrderRefusal::Budget);
        let (outcome, words) = told(&policy);
        assert_eq!((outcome, numbers(&words)), (spent, vec![used, short_ms / MINUTE, 1]));
        // The long window tells its own.
        let budget = Budget { short_limit: 9, long_limit: 1, ..budget };
        (policy.apps[0].budget, policy.reboot_budget) = (budget, budget);
        let (outcome, words) = told(&policy);
        assert_eq!((outcome, numbers(&words)), (spent, vec![used, long_ms / MINUTE, 1]));
    }
}
