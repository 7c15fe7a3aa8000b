//! Measures and the simple agents, in worlds so small that the right sums can be worked out by hand.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use defib_engine::effect::Rung;
use defib_engine::event::Exit;
use defib_sim::campaign::{Who, live};
use defib_sim::measure::{Cause, Sums};
use defib_sim::plan::{
    AppFault, AppPlan, Happening, MachinePlan, Noise, Person, Plan, Planned, Remedy,
};
use defib_sim::run::Pace;
use std::rc::Rc;

const HOUR_MS: u64 = 3_600_000;

/// When the one thing happens.
const AT_MS: u64 = 100_000;

/// One unit, 2 s of warm-up, 0.3 s from TERM to its end; at 100 s something happens, at an hour the world
/// ends unmended.
fn plan(what: Happening) -> Plan {
    Plan {
        seed: 1,
        config: "[app.shop]\nurl = \"http://127.0.0.1:8000/\"\nunit = \"shop.service\"\n".into(),
        machine: MachinePlan::SMALL,
        apps: vec![AppPlan::plain_unit("shop")],
        noise: Noise::default(),
        happenings: vec![Planned { at_ms: AT_MS, what }],
        healed_at_ms: u64::MAX,
        ends_at_ms: HOUR_MS,
    }
}

fn fault(fault: AppFault, remedy: Remedy) -> Plan {
    plan(Happening::App { app: 0, fault, remedy })
}

fn under(who: Who, plan: &Plan) -> Sums {
    live(&Rc::new(plan.clone()), who, Pace::Every, true).unwrap().sums
}

/// Lost milliseconds, acts that end, those that could not help.
fn costs(who: Who, plan: &Plan) -> (u64, u64, u64) {
    let sums = under(who, plan);
    (sums.lost_total_ms(), sums.disruptive(), sums.unneeded_total())
}

#[test]
fn a_hang_costs_each_agent_what_it_is_blind_to() {
    let plan = fault(AppFault::Hang, Remedy::NEW_PROCESS);
    // The oracle's kill takes 5 ms, the warm-up 2 s.
    assert_eq!(costs(Who::Oracle, &plan), (2_005, 1, 0));
    for blind in [Who::Nothing, Who::Supervisor, Who::Cron] {
        // The cron script is blind too: its curl has no deadline, so it hangs with the app.
        assert_eq!(costs(blind, &plan), (HOUR_MS - AT_MS, 0, 0), "{blind:?}");
    }
    // Three looks of 3 s that time out, 5 s apart, after up to 5 s; a stop of 0.3 s and the warm-up.
    let (lost_ms, acts, unneeded) = costs(Who::Strikes, &plan);
    assert!((15_000..=20_500).contains(&lost_ms), "{lost_ms}");
    assert_eq!((acts, unneeded), (1, 0));
    // 16 s of window after up to 5 s, and the warm-up.
    for defib in [Who::Engine, Who::Whole] {
        let (lost_ms, acts, unneeded) = costs(defib, &plan);
        assert!((18_000..=23_500).contains(&lost_ms), "{defib:?} {lost_ms}");
        assert_eq!((acts, unneeded), (1, 0), "{defib:?}");
    }
}

#[test]
fn the_cron_script_reboots_for_a_death_within_five_minutes() {
    let plan = fault(AppFault::Exit(Exit::Code(1)), Remedy::default());
    let sums = under(Who::Cron, &plan);
    assert_eq!(sums.acts.get(&Rung::Reboot), Some(&1));
    // To the next full five minutes, then 8 s down, 25 s of boot and 2 s of warm-up.
    assert_eq!(sums.lost_total_ms(), 200_000 + 1 + 8_000 + 25_000 + 2_000);
    // A reboot is not what an app needs that is only down; but nothing that ran well was ended.
    assert_eq!(sums.recover.count(), 1);
    assert_eq!(costs(Who::Supervisor, &plan), (2_100, 0, 0));
    assert_eq!(costs(Who::Oracle, &plan), (2_000, 0, 0));
}

#[test]
fn what_heals_by_itself_is_waited_for_by_those_who_know() {
    let plan = fault(AppFault::Status { code: 500 }, Remedy::time(60_000));
    assert_eq!(costs(Who::Oracle, &plan), (60_000, 0, 0));
    assert_eq!(costs(Who::Nothing, &plan), (60_000, 0, 0));
    let strikes = under(Who::Strikes, &plan);
    assert!(strikes.unneeded_total() >= 3, "{}", strikes.unneeded_total());
    assert_eq!(strikes.unneeded.get(&Cause::Fault), Some(&strikes.unneeded_total()));
    assert!(strikes.lost_total_ms() >= 60_000);
}

#[test]
fn a_deploy_is_no_loss_and_a_restart_in_it_is_unneeded() {
    let mut plan = plan(Happening::Person(Person::Restart { app: 0 }));
    for who in [Who::Nothing, Who::Oracle, Who::Engine, Who::Whole, Who::Strikes] {
        assert_eq!(costs(who, &plan), (0, 0, 0), "{who:?}");
    }
    plan.apps[0].warm_up_ms = 30_000;
    // It takes longer than three strikes: the restart begins it anew, again and again.
    let strikes = under(Who::Strikes, &plan);
    assert!(strikes.unneeded.get(&Cause::Deploy).is_some_and(|acts| *acts >= 1));
    assert_eq!(costs(Who::Engine, &plan), (0, 0, 0));
}

#[test]
fn only_what_the_rung_ends_counts_as_needed() {
    let plan = fault(AppFault::CertificateExpired, Remedy::NONE);
    let strikes = under(Who::Strikes, &plan);
    assert!(strikes.disruptive() > 10);
    assert_eq!(strikes.disruptive(), strikes.unneeded_total());
    assert_eq!(costs(Who::Engine, &plan).1, 0);
    assert_eq!(strikes.lost_ms.keys().collect::<Vec<_>>(), [&"certificate has expired"]);
}

#[test]
fn the_oracle_is_the_lower_bound_and_sums_do_not_depend_on_the_order() {
    use defib_sim::plan::{Profile, generate};
    let (mut forward, mut backward) = (Sums::default(), Sums::default());
    let mut parts = Vec::new();
    for seed in 0..12 {
        let plan = generate(seed, Profile::Calm);
        let (oracle, nothing) = (under(Who::Oracle, &plan), under(Who::Nothing, &plan));
        assert!(oracle.lost_total_ms() <= nothing.lost_total_ms(), "seed {seed}");
        assert_eq!(oracle.unneeded_total(), 0, "seed {seed}");
        parts.push(nothing);
    }
    for (part, other) in parts.iter().zip(parts.iter().rev()) {
        forward.merge(part);
        backward.merge(other);
    }
    assert_eq!(forward, backward);
}
