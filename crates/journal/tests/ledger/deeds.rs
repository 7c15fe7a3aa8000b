//! What can happen to a machine and be told to its ledger.

use crate::kept::DAY_MS;
use crate::memory::NAMES;
use defib_engine::effect::Rung;
use defib_engine::event::{Failure, OrderRefusal, Outcome};
use defib_journal::ledger::WatchdogMark;
use defib_journal::order::ActStep;
use proptest::prelude::*;

pub(crate) const MARKS: [WatchdogMark; 4] =
    [WatchdogMark::Armed, WatchdogMark::Disarmed, WatchdogMark::Starved, WatchdogMark::LeftArmed];
const STEPS: [ActStep; 3] = [ActStep::RebootAsked, ActStep::Written, ActStep::Frozen];
const OUTCOMES: [Outcome; 5] = [
    Outcome::Done,
    Outcome::Failed(Failure::Deadline),
    Outcome::Failed(Failure::NoManager),
    Outcome::Refused(OrderRefusal::Budget),
    Outcome::Interrupted,
];

#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// `is_told`: with the mark that says why.
    Order {
        app: usize,
        rung: Rung,
        is_told: bool,
    },
    Finish {
        ago: u64,
        outcome: Outcome,
    },
    Step(ActStep),
    Watchdog(WatchdogMark),
    Farewell {
        is_shutdown: bool,
    },
    Back,
    /// `is_stamped`: it was heard of to the end. `is_reset`: charged as one that nobody had asked for.
    Boot {
        is_stamped: bool,
        is_reset: bool,
        is_judged: bool,
    },
    Recovered(Option<usize>),
    Thaw,
    Prune,
    Pass {
        ms: u64,
    },
}

pub(crate) fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let app = 0..NAMES.len();
    let rung = prop_oneof![4 => Just(Rung::Reboot), 1 => Just(Rung::Kill), 1 => Just(Rung::Start)];
    let outcome = (0..OUTCOMES.len()).prop_map(|it| OUTCOMES[it]);
    let times = [1, 1_000, 3_600_000, DAY_MS - 3_600_000, DAY_MS - 1, DAY_MS];
    let deed = prop_oneof![
        5 => (app.clone(), rung, prop::bool::weighted(0.7))
            .prop_map(|(app, rung, is_told)| Deed::Order { app, rung, is_told }),
        3 => (0..3u64, outcome).prop_map(|(ago, outcome)| Deed::Finish { ago, outcome }),
        2 => (0..3usize).prop_map(|it| Deed::Step(STEPS[it])),
        2 => (0..4usize).prop_map(|it| Deed::Watchdog(MARKS[it])),
        1 => any::<bool>().prop_map(|is_shutdown| Deed::Farewell { is_shutdown }),
        1 => Just(Deed::Back),
        3 => any::<(bool, bool, bool)>().prop_map(|(is_stamped, is_reset, is_judged)| {
            Deed::Boot { is_stamped, is_reset, is_judged }
        }),
        4 => prop::option::weighted(0.7, app).prop_map(Deed::Recovered),
        1 => Just(Deed::Thaw),
        1 => Just(Deed::Prune),
        4 => (0..6usize).prop_map(move |it| Deed::Pass { ms: times[it] }),
    ];
    prop::collection::vec(deed, 1..60)
}
