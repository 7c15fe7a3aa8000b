//! The last judge of an order (`invariant::judge`) at its limits: an order that keeps every promise passes, and
//! each way of breaking one is named by its number. A right engine never breaks one, so no world shows whether
//! this judge would notice.

use crate::support::policy;
use crate::support::world::HANG;
use defib_engine::effect::{Effect, Order, Purse, Rung};
use defib_engine::event::Charge;
use defib_engine::freeze::{Vain, VainReboot};
use defib_engine::host::{AppFacts, AppHost, Run};
use defib_engine::id::{AppId, Identity, IncidentId, IntentId};
use defib_engine::invariant::judge;
use defib_engine::note::Class;
use defib_engine::policy::{Mode, Permission, Policy, View};
use defib_engine::seen::Seen;
use defib_engine::state::{
    AppPhase, AppState, Incident, LastAct, Look, ProbeState, Process, Stage, State, Used,
};
use defib_engine::time::Moment;

pub(crate) const NOW: Moment = Moment(200_000_000);
const HOUR: u64 = 3_600_000;
/// With the order's own charge the tenth act of a day; and one more, just inside of it.
const DAY: [u64; 9] = each_hour();
const MORE: [u64; 10] =
    [HOUR, DAY[1], DAY[2], DAY[3], DAY[4], DAY[5], DAY[6], DAY[7], DAY[8], 24 * HOUR - 1];

const fn each_hour() -> [u64; 9] {
    let mut hours = [HOUR; 9];
    let mut index = 1;
    while index < 9 {
        hours[index] = hours[index - 1] + HOUR;
        index += 1;
    }
    hours
}

/// An order, and all that it is judged by.
#[derive(Clone)]
pub(crate) struct Case {
    policy: Policy,
    pub(crate) state: State,
    effects: Vec<Effect>,
    order: Order,
}

impl Case {
    fn app(&mut self) -> &mut AppState {
        &mut self.state.apps[0]
    }

    fn probe(&mut self) -> &mut ProbeState {
        &mut self.app().probes[0]
    }

    pub(crate) fn incident(&mut self) -> &mut Incident {
        match &mut self.app().phase {
            AppPhase::Incident(incident) => incident,
            _ => unreachable!("a case has an open incident"),
        }
    }

    fn charge(&mut self, rung: Rung, purse: Purse, ago_ms: u64) {
        let at = Moment(NOW.0 - ago_ms);
        self.state.charges.push(Charge { app: AppId(0), rung, purse, at });
    }

    /// The broken promise's number, or 0.
    fn breach(&self) -> u8 {
        judge(&self.state, &self.policy, &self.effects, &self.order)
            .map_or_else(|breach| breach.invariant, |()| 0)
    }

    pub(crate) fn after(&self, change: impl FnOnce(&mut Case)) -> u8 {
        let mut other = self.clone();
        change(&mut other);
        other.breach()
    }
}

/// An order of this rung just after the step that made it, with nothing wrong.
pub(crate) fn case(rung: Rung, purse: Purse, class: Class) -> Case {
    let mut policy = policy::machine();
    let mut shop = policy::app("shop", "unit");
    shop.probes.push(policy::probe("db", View::Dependency));
    policy.apps = vec![shop, policy::app("blog", "unit")];
    policy::allow_reboot(&mut policy);
    let identity = Identity { pid: 7, start_ticks: 9 };
    let order = Order {
        intent: IntentId(4),
        app: AppId(0),
        incident: IncidentId(1),
        rung,
        purse,
        class,
        identity: Some(identity),
        deadline_ms: 1_000,
    };
    let mut state = State::new(&policy, NOW);
    (state.next_intent, state.booted_at) = (5, Moment(NOW.0 - 15 * 60_000));
    let app = &mut state.apps[0];
    app.process = Process::Alive { identity, since: NOW };
    app.probes[0].fresh = 3;
    app.probes[0].last = Some(Look { seen: HANG, started: NOW, ended: Moment(NOW.0 - 2_000) });
    let before = Used::default();
    let stage = Stage::Acting { intent: order.intent, rung, since: NOW, until: NOW, before };
    let lower = if rung == Rung::Reboot { Rung::Kill } else { rung };
    let act = LastAct { rung: lower, ordered_at: NOW, ended_at: NOW, done: true, spared: None };
    app.phase = AppPhase::Incident(Incident {
        id: order.incident,
        class,
        since: NOW,
        stage,
        used: before,
        disruptive: 5,
        acted: Some(act),
        back_at: None,
        away_ms: None,
        bundled: true,
        refused: None,
        handed_over: None,
    });
    if rung.is_disruptive() {
        state.charges.push(Charge { app: AppId(0), rung, purse, at: NOW });
    }
    Case { policy, state, effects: vec![Effect::Order(order)], order }
}

fn kill() -> Case {
    case(Rung::Kill, Purse::Ladder, Class::Hung)
}

fn reboot() -> Case {
    case(Rung::Reboot, Purse::Ladder, Class::Hung)
}

#[test]
fn what_keeps_every_promise_passes() {
    assert_eq!(kill().breach(), 0);
    assert_eq!(reboot().breach(), 0);
    assert_eq!(case(Rung::Restart, Purse::Gentle, Class::Hung).breach(), 0);
    assert_eq!(case(Rung::Start, Purse::Free, Class::Dead).breach(), 0);
    assert_eq!(case(Rung::Start, Purse::Free, Class::CrashLoop).breach(), 0);
}

#[test]
fn s1_s2_s21_it_is_the_one_order_of_a_known_app() {
    assert_eq!(kill().after(|c| c.order.app = AppId(2)), 21);
    assert_eq!(kill().after(|c| c.policy.apps.clear()), 21);
    let twice = |c: &mut Case| c.effects.push(Effect::Order(c.order));
    assert_eq!(kill().after(twice), 1);
    let of_another =
        |c: &mut Case| c.effects.push(Effect::Order(Order { app: AppId(1), ..c.order }));
    assert_eq!(kill().after(of_another), 0);
    assert_eq!(kill().after(|c| c.effects.clear()), 1);
    assert_eq!(kill().after(|c| c.incident().stage = Stage::Judging), 1);
    assert_eq!(kill().after(|c| c.order.rung = Rung::Restart), 1);
    assert_eq!(kill().after(|c| c.state.next_intent = 6), 2);
    assert_eq!(kill().after(|c| c.state.next_intent = 4), 2);
    // An earlier order of the same step has an earlier number.
    let later = |c: &mut Case| {
        let other = Order { app: AppId(1), intent: IntentId(5), ..c.order };
        c.effects.push(Effect::Order(other));
        c.state.next_intent = 6;
    };
    assert_eq!(kill().after(later), 0);
}

#[test]
fn s3_what_ends_something_is_paid() {
    assert_eq!(kill().after(|c| c.state.charges.clear()), 3);
    assert_eq!(kill().after(|c| c.state.charges[0].at = Moment(NOW.0 - 1)), 3);
    assert_eq!(kill().after(|c| c.state.charges[0].app = AppId(1)), 3);
    assert_eq!(case(Rung::Start, Purse::Free, Class::Dead).after(|c| c.state.charges.clear()), 0);
}

#[test]
fn s4_budgets_at_their_edges() {
    let spent = |rung, purse, agos: &'static [u64]| {
        move |c: &mut Case| agos.iter().for_each(|ago_ms| c.charge(rung, purse, *ago_ms))
    };
    let kills = |agos| spent(Rung::Kill, Purse::Ladder, agos);
    assert_eq!(kill().after(kills(&[1, 2, 3])), 0);
    assert_eq!(kill().after(kills(&[1, 2, 3, HOUR - 1])), 4);
    assert_eq!(kill().after(kills(&[1, 2, 3, HOUR])), 0);
    assert_eq!(kill().after(kills(&DAY)), 0);
    assert_eq!(kill().after(kills(&MORE)), 4);
    assert_eq!(kill().after(spent(Rung::Restart, Purse::Ladder, &[1, 2, 3, 4])), 4);
    assert_eq!(kill().after(spent(Rung::Kill, Purse::Gentle, &[1, 2, 3, 4])), 0);
    assert_eq!(kill().after(spent(Rung::Reboot, Purse::Ladder, &[1, 2, 3, 4])), 0);
    let others = |c: &mut Case| {
        kills(&[1, 2, 3, 4])(c);
        c.state.charges.iter_mut().skip(1).for_each(|charge| charge.app = AppId(1));
    };
    assert_eq!(kill().after(others), 0);
    // A reboot counts for all, whoever asked for it.
    let by_other = |ago_ms| {
        move |c: &mut Case| {
            c.charge(Rung::Reboot, Purse::Ladder, ago_ms);
            c.state.charges[1].app = AppId(1);
        }
    };
    assert_eq!(reboot().after(by_other(6 * HOUR - 1)), 4);
    assert_eq!(reboot().after(by_other(6 * HOUR)), 0);
    assert_eq!(reboot().after(spent(Rung::Reboot, Purse::Ladder, &[7 * HOUR, 8 * HOUR])), 4);
    assert_eq!(reboot().after(kills(&[1, 2, 3, 4, 5])), 0);
    let gentle = || case(Rung::Restart, Purse::Gentle, Class::Hung);
    assert_eq!(gentle().after(kills(&[15 * 60_000 - 1])), 4);
    assert_eq!(gentle().after(kills(&[15 * 60_000])), 0);
    let others = |c: &mut Case| {
        kills(&[1])(c);
        c.state.charges[1].app = AppId(1);
    };
    assert_eq!(gentle().after(others), 0);
    assert_eq!(case(Rung::Kill, Purse::Gentle, Class::Hung).breach(), 4);
    assert_eq!(case(Rung::Reboot, Purse::Gentle, Class::Hung).breach(), 4);
    assert_eq!(case(Rung::Restart, Purse::Free, Class::Hung).breach(), 4);
}

#[test]
fn s5_s11_s13_what_a_class_permits() {
    assert_eq!(kill().after(|c| c.policy.mode = Mode::Observe), 5);
    assert_eq!(kill().after(|c| c.app().alarmed = Some(1)), 5);
    let breach = |rung, class| case(rung, Purse::Ladder, class).breach();
    let none =
        [Class::Contract, Class::Certificate, Class::Busy, Class::Dependency, Class::Outside];
    for class in none.into_iter().chain([Class::Intended, Class::Proxy, Class::BadChange]) {
        for rung in [Rung::Start, Rung::Restart, Rung::Kill, Rung::Reboot] {
            assert_eq!(breach(rung, class), 5, "{rung:?} {class:?}");
        }
    }
    let permitted = [
        (Class::Dead, [true, false, true, true]),
        (Class::CrashLoop, [true, false, true, false]),
        (Class::Hung, [false, true, true, true]),
        (Class::Erroring, [false, true, true, false]),
        (Class::Unknown, [false, true, false, false]),
        (Class::Exhausted, [false, true, false, false]),
        (Class::Spinning, [false, true, true, false]),
        (Class::Memory, [false, true, true, true]),
        (Class::KernelIo, [false, false, false, true]),
    ];
    for (class, rungs) in permitted {
        for (rung, kept) in
            [Rung::Start, Rung::Restart, Rung::Kill, Rung::Reboot].into_iter().zip(rungs)
        {
            assert_eq!(breach(rung, class) == 0, kept, "{rung:?} {class:?}");
        }
    }
    // Unless people said so, what answers wrongly is no reason for a reboot: that is S9's word.
    assert_eq!(breach(Rung::Reboot, Class::Erroring), 9);
}

#[test]
fn s6_s14_it_is_seen_just_now_and_often_enough() {
    assert_eq!(kill().after(|c| c.state.now = Moment(NOW.0 + 1)), 3);
    let old = |c: &mut Case| {
        c.probe().last = Some(Look { seen: HANG, started: NOW, ended: Moment(NOW.0 - 2_001) });
    };
    assert_eq!(kill().after(old), 6);
    let well = |c: &mut Case| {
        c.probe().last = Some(Look { seen: Seen::Pass, started: NOW, ended: NOW });
    };
    assert_eq!(kill().after(well), 6);
    assert_eq!(kill().after(|c| c.probe().last = None), 6);
    // A dependency's failure is none of the app's.
    let needs = |c: &mut Case| c.app().probes.swap(0, 1);
    assert_eq!(kill().after(needs), 6);
    assert_eq!(case(Rung::Start, Purse::Free, Class::Dead).after(|c| c.probe().last = None), 0);
    assert_eq!(kill().after(|c| c.state.doubt.level = 1), 14);
    assert_eq!(kill().after(|c| c.probe().fresh = 2), 14);
    let fresh_needs = |c: &mut Case| {
        c.probe().fresh = 0;
        c.app().probes[1].fresh = 3;
    };
    assert_eq!(kill().after(fresh_needs), 14);
    // Two readings of a kernel fact stand for the looks, for their class only and while they are fresh.
    let told = |readings, age_ms: u64| {
        move |c: &mut Case| {
            let until = Moment(NOW.0 - age_ms);
            let run = Run { since: Moment(until.0 - 5_000), until, readings };
            c.app().host = Some(AppHost {
                at: until,
                facts: AppFacts::default(),
                memory: Some(run),
                storm: None,
                silent: None,
                sleep: None,
                busy: None,
            });
            c.state.doubt.level = 1;
            c.probe().last = None;
            c.probe().fresh = 0;
        }
    };
    let memory = || case(Rung::Kill, Purse::Ladder, Class::Memory);
    assert_eq!(memory().after(told(2, 0)), 0);
    assert_eq!(memory().after(told(1, 0)), 6);
    assert_eq!(memory().after(told(2, 16_000)), 6);
    assert_eq!(kill().after(told(2, 0)), 6);
    let start = || case(Rung::Start, Purse::Free, Class::Dead);
    assert_eq!(start().after(|c| c.state.doubt.level = 1), 0);
    assert_eq!(start().after(|c| c.probe().fresh = 0), 0);
}

#[test]
fn s7_s16_s17_s20_room_people_and_the_process() {
    assert_eq!(kill().after(|c| c.incident().disruptive = 6), 7);
    let at = |ms: i64| Some(Moment(NOW.0.saturating_add_signed(ms)));
    assert_eq!(kill().after(|c| c.app().grace_until = at(1)), 16);
    assert_eq!(kill().after(|c| c.app().grace_until = at(0)), 0);
    assert_eq!(kill().after(|c| c.app().held_until = at(1)), 17);
    assert_eq!(kill().after(|c| c.app().held_until = at(0)), 0);
    assert_eq!(kill().after(|c| c.app().stopped = true), 17);
    assert_eq!(kill().after(|c| c.app().process = Process::Unknown), 20);
    assert_eq!(kill().after(|c| c.order.identity = None), 20);
    let start = || case(Rung::Start, Purse::Free, Class::Dead);
    assert_eq!(start().after(|c| c.app().grace_until = at(1)), 0);
    assert_eq!(start().after(|c| c.app().held_until = at(1)), 17);
    assert_eq!(start().after(|c| c.order.identity = None), 0);
}

#[test]
fn s9_a_reboot_has_more_to_keep() {
    assert_eq!(reboot().after(|c| c.policy.reboot = Permission::Never), 9);
    assert_eq!(reboot().after(|c| c.policy.apps[0].reboot_on.0 = 0), 9);
    assert_eq!(reboot().after(|c| c.state.booted_at = Moment(NOW.0 - 15 * 60_000 + 1)), 9);
    assert_eq!(reboot().after(|c| c.incident().acted = None), 9);
    let from_before = |c: &mut Case| {
        c.incident().acted = None;
        c.incident().used.steps[2] = 1;
    };
    assert_eq!(reboot().after(from_before), 0);
    let no_lower = |c: &mut Case| {
        c.incident().acted = None;
        c.policy.apps[0].rungs = defib_engine::policy::RungSet::NONE.with(Rung::Reboot);
    };
    assert_eq!(reboot().after(no_lower), 0);
    for rung in [Rung::Restart, Rung::Kill] {
        let one_lower = |c: &mut Case| {
            no_lower(c);
            c.policy.apps[0].rungs = c.policy.apps[0].rungs.with(rung);
        };
        assert_eq!(reboot().after(one_lower), 9);
    }
    let busy = |c: &mut Case| c.state.apps[1].phase = AppPhase::Launching { intent: IntentId(3) };
    assert_eq!(reboot().after(busy), 9);
    assert_eq!(kill().after(busy), 0);
}

#[test]
fn s23_after_two_reboots_in_vain_there_is_no_third() {
    let vain = |of: &[(u16, u64)]| {
        let one = |(app, ago_ms): &(u16, u64)| VainReboot {
            app: AppId(*app),
            at: Moment(NOW.0 - ago_ms),
        };
        reboot().after(|it| it.state.vain = Vain(of.iter().map(one).collect()))
    };
    let day = 24 * HOUR;
    for kept in [&[][..], &[(0, HOUR)], &[(0, 0), (1, HOUR)], &[(0, day), (1, day + HOUR)]] {
        assert_eq!(vain(kept), 0, "{kept:?}");
    }
    for broken in [
        &[(0, HOUR), (0, 2 * HOUR)][..],
        &[(1, HOUR), (1, 2 * HOUR)],
        &[(1, 0), (0, HOUR)],
        &[(0, 0), (0, HOUR), (1, HOUR)],
        &[(0, day - 1), (0, day + HOUR)],
    ] {
        assert_eq!(vain(broken), 23, "{broken:?}");
    }
}
