//! The laws of admission: of every order and every state of the machine, whether it is carried out, said once more
//! by code that shares nothing with the one that decides.

#[path = "admission/limits.rs"]
mod limits;

use defib_config::spec::{App, ChildSpec, CommandSpec, ProcessSource, Target, UnitSpec};
use defib_engine::effect::{Order, Purse, Rung};
use defib_engine::event::{Failure, OrderRefusal, Outcome};
use defib_engine::id::{AppId, Identity, IncidentId, IntentId};
use defib_engine::note::Class;
use defib_engine::policy::{
    AppPolicy, Bars, Budget, ClassSet, Deadlines, Mode, Permission, Policy, RungSet, Weights,
};
use defib_engine::time::Moment;
use defib_executor::admit::{
    Facts, admit, check_fresh, check_number, has_reboot_room, target_knows,
};
use defib_journal::ledger::Ledger;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const RUNGS: [Rung; 6] =
    [Rung::Start, Rung::Reload, Rung::Restart, Rung::Kill, Rung::Reboot, Rung::Clean];
const NOW: u64 = 500_000_000;

/// One act that was paid for: which app, what, from which purse, and how long ago.
type Paid = (bool, usize, bool, u64);

#[derive(Clone, Debug)]
struct Case {
    rung: Rung,
    purse: Purse,
    judged: Option<u32>,
    main: Option<u32>,
    observes: bool,
    reboot_allowed: bool,
    /// As bits, in the order of the rungs.
    rungs: u8,
    target: u8,
    reloads_by_hup: bool,
    is_busy: bool,
    is_stopped: bool,
    up_ms: u64,
    paid: Vec<Paid>,
}

/// Times that stand at, just before and just after each limit are as likely as any.
fn ago() -> impl Strategy<Value = u64> {
    let near = |limit: u64| (limit - 1)..(limit + 2);
    prop_oneof![near(1_000), near(5_000), near(20_000), near(3_000), 0..30_000u64]
}

fn case() -> impl Strategy<Value = Case> {
    let purse = prop_oneof![Just(Purse::Free), Just(Purse::Ladder), Just(Purse::Gentle)];
    let order = (0..6usize, purse, prop::option::of(1..3u32), prop::option::of(1..3u32));
    // Mostly permitted, so that what is behind the permission is asked at all.
    let seldom = || prop::bool::weighted(0.1);
    let rules = (seldom(), seldom(), prop_oneof![3 => Just(63u8), 1 => 0..64u8], 0..4u8);
    let state = (any::<bool>(), seldom(), seldom(), (7_998u64..8_003));
    let paid = (prop::bool::weighted(0.8), 0..6usize, any::<bool>(), ago());
    (order, rules, state, prop::collection::vec(paid, 0..6)).prop_map(
        |(order, rules, state, paid)| Case {
            rung: RUNGS[order.0],
            purse: order.1,
            judged: order.2,
            main: order.3,
            observes: rules.0,
            reboot_allowed: !rules.1,
            rungs: rules.2,
            target: rules.3,
            reloads_by_hup: state.0,
            is_busy: state.1,
            is_stopped: state.2,
            up_ms: state.3,
            paid,
        },
    )
}

fn identity(pid: u32) -> Identity {
    Identity { pid, start_ticks: 5 }
}

impl Case {
    fn app(&self) -> App {
        let command = || CommandSpec { argv: vec!["/x".into()], user: None };
        let target = match self.target {
            0 => Target::Unit(UnitSpec { name: "shop.service".into(), grace_ms: 1 }),
            1 => Target::Child(ChildSpec {
                argv: vec!["/x".into()],
                user: None,
                directory: None,
                environment: Vec::new(),
                reload_by_hup: self.reloads_by_hup,
                grace_ms: 1,
            }),
            2 => Target::Recover(command()),
            _ => Target::Nothing,
        };
        let process = ProcessSource::Unknown;
        App { name: "shop".into(), probes: Vec::new(), target, process }
    }

    fn policy(&self) -> Policy {
        let allowed = |index: usize| self.rungs & (1 << index) != 0;
        let rungs = (0..6).filter(|index| allowed(*index)).map(|index| RUNGS[index]);
        let ms = 1_000;
        let rules = AppPolicy {
            name: "shop".into(),
            probes: Vec::new(),
            rungs: rungs.fold(RungSet::NONE, RungSet::with),
            process_known: true,
            reboot_on: ClassSet::REBOOT_DEFAULT,
            window_ms: ms,
            rise: 1,
            verify_ms: ms,
            start_grace_ms: ms,
            relapse_ms: ms,
            healthy_reset_ms: ms,
            backoff_first_ms: ms,
            backoff_max_ms: ms,
            budget: Budget { short_ms: 1_000, short_limit: 1, long_ms: 20_000, long_limit: 2 },
            incident_limit: 1,
            gentle_every_ms: 5_000,
            unknown_wait_ms: ms,
            deadlines: Deadlines {
                start_ms: 1,
                reload_ms: 1,
                restart_ms: 1,
                kill_ms: 1,
                reboot_ms: 1,
            },
        };
        Policy {
            mode: if self.observes { Mode::Observe } else { Mode::Act },
            reboot: if self.reboot_allowed { Permission::Allowed } else { Permission::Never },
            min_uptime_ms: 8_000,
            reboot_budget: Budget {
                short_ms: 3_000,
                short_limit: 1,
                long_ms: 20_000,
                long_limit: 2,
            },
            apps: vec![rules],
            weights: Weights::FIELD,
            bars: Bars::FIELD,
        }
    }

    fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::fresh([1; 16]);
        let mut paid = self.paid.clone();
        paid.sort_by_key(|it| std::cmp::Reverse(it.3));
        for (number, (is_ours, rung, is_gentle, ago)) in paid.into_iter().enumerate() {
            let name = if is_ours { "shop" } else { "blog" };
            let purse = if is_gentle { Purse::Gentle } else { Purse::Ladder };
            let at = Moment(NOW - ago);
            let intent = IntentId(number as u64 + 1);
            ledger.charge_and_intend(name, intent, RUNGS[rung], purse, at).expect("there is room");
        }
        ledger
    }

    fn order(&self, intent: u64) -> Order {
        Order {
            intent: IntentId(intent),
            app: AppId(0),
            incident: IncidentId(1),
            rung: self.rung,
            purse: self.purse,
            class: Class::Hung,
            identity: self.judged.map(identity),
            deadline_ms: 1_000,
        }
    }

    fn answer(&self) -> Result<(), Outcome> {
        let ledger = self.ledger();
        let facts = Facts {
            now: Moment(NOW),
            up_ms: self.up_ms,
            main: self.main.map(identity),
            is_busy: self.is_busy,
            is_stopped: self.is_stopped,
            ledger: &ledger,
        };
        let answer = admit(&self.order(9), &self.policy(), &self.app(), &facts);
        answer.map_err(|(outcome, detail)| {
            assert!(detail.len() > 10, "a refusal says why: {detail:?}");
            outcome
        })
    }

    /// Whether the target could do it at all.
    fn is_possible(&self) -> bool {
        let by_target = match self.rung {
            Rung::Reboot | Rung::Clean => true,
            Rung::Reload => self.target == 0 || self.target == 1 && self.reloads_by_hup,
            _ => self.target != 3,
        };
        by_target && self.rungs & (1 << (self.rung as u8)) != 0
    }

    /// Acts that count: of which app, which rungs, which purse, within how long.
    fn paid(&self, of: impl Fn(&Paid) -> bool, within_ms: u64) -> usize {
        self.paid.iter().filter(|it| of(it) && it.3 < within_ms).count()
    }

    fn laddered(&self, within_ms: u64) -> usize {
        let ends = |it: &Paid| it.0 && !it.2 && matches!(it.1, 1..=3 | 5);
        self.paid(ends, within_ms)
    }

    /// A reboot counts for all, whoever asked for it.
    fn reboots(&self, within_ms: u64) -> usize {
        self.paid(|it| it.1 == 4, within_ms)
    }

    /// The only reasons to refuse, in the order in which they are told.
    fn expected(&self) -> Result<(), Outcome> {
        let refused = |why| Err(Outcome::Refused(why));
        let ends = matches!(self.rung, Rung::Restart | Rung::Kill);
        if self.is_busy {
            return refused(OrderRefusal::Busy);
        }
        if self.observes || self.rung == Rung::Reboot && !self.reboot_allowed {
            return refused(OrderRefusal::NotPermitted);
        }
        if !self.is_possible() {
            return Err(Outcome::Failed(Failure::NotPossible));
        }
        if self.is_stopped && self.rung != Rung::Reboot {
            return refused(OrderRefusal::NotPermitted);
        }
        if self.rung == Rung::Start && self.main.is_some() {
            return refused(OrderRefusal::Busy);
        }
        let is_another = self.main.zip(self.judged).is_some_and(|(main, judged)| main != judged);
        if ends && is_another {
            return refused(OrderRefusal::WrongIdentity);
        }
        if self.rung == Rung::Reboot && self.up_ms < 8_000 {
            return refused(OrderRefusal::MinUptime);
        }
        // Of gentle acts the last one is remembered; a reload may be it.
        let gentle = self.paid(|it| it.0 && it.2 && matches!(it.1, 1..=3 | 5), 5_000);
        // Nobody was seen well after any of them: the second was the last for a day.
        if self.rung == Rung::Reboot && self.reboots(24 * 3_600_000) >= 2 {
            return refused(OrderRefusal::Frozen);
        }
        let is_spent = match (self.rung, self.purse) {
            (Rung::Start | Rung::Reload, _) => false,
            (Rung::Reboot, _) => self.reboots(3_000) >= 1 || self.reboots(20_000) >= 2,
            (_, Purse::Free) | (Rung::Clean, Purse::Ladder) => true,
            (_, Purse::Ladder) => self.laddered(1_000) >= 1 || self.laddered(20_000) >= 2,
            (_, Purse::Gentle) => gentle > 0 || self.laddered(5_000) > 0,
        };
        if is_spent { refused(OrderRefusal::Budget) } else { Ok(()) }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(11),
        cases: 4_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn an_order_is_carried_out_if_there_is_no_reason_against_it(case in case()) {
        prop_assert_eq!(case.answer(), case.expected());
        prop_assert!(target_knows(&case.app(), case.rung) || !case.is_possible());
        let has_room = case.reboots(3_000) < 1 && case.reboots(20_000) < 2;
        prop_assert_eq!(has_reboot_room(&case.policy(), &case.ledger(), Moment(NOW)), has_room);
    }

    #[test]
    fn s30_a_number_that_is_not_above_the_last_is_never_accepted(
        case in case(),
        number in 0..9u64,
    ) {
        let ledger = case.ledger();
        let answer = check_number(&case.order(number), &ledger).map_err(|(outcome, _)| outcome);
        let repeated = Err(Outcome::Refused(OrderRefusal::Repeated));
        let is_new = number > case.paid.len() as u64;
        prop_assert_eq!(answer, if is_new { Ok(()) } else { repeated });
    }
}

#[test]
fn s30_a_number_that_would_be_the_last_ever_is_refused() {
    let mut ledger = Ledger::fresh([1; 16]);
    ledger.last_intent = 40;
    let case = case_of(Rung::Kill);
    let is_taken = |number: u64| check_number(&case.order(number), &ledger).is_ok();
    assert!(is_taken(41) && is_taken(40 + (1 << 32)));
    assert!(!is_taken(41 + (1 << 32)) && !is_taken(u64::MAX));
}

#[test]
fn what_ends_something_is_begun_while_its_look_is_fresh() {
    for rung in RUNGS {
        let order = case_of(rung).order(1);
        let is_begun = |until_ms, now_ms| check_fresh(&order, until_ms, now_ms).is_ok();
        let ends = matches!(rung, Rung::Restart | Rung::Kill | Rung::Reboot | Rung::Clean);
        assert!(is_begun(Some(5_000), 5_000) && is_begun(None, u64::MAX), "{rung:?}");
        assert_eq!(is_begun(Some(5_000), 5_001), !ends, "{rung:?}");
    }
}

fn case_of(rung: Rung) -> Case {
    Case {
        rung,
        purse: Purse::Ladder,
        judged: None,
        main: None,
        observes: false,
        reboot_allowed: true,
        rungs: 63,
        target: 0,
        reloads_by_hup: false,
        is_busy: false,
        is_stopped: false,
        up_ms: 8_000,
        paid: Vec::new(),
    }
}
