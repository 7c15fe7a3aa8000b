//! Readings that memory pressure brings forward: closer to each other than the two that convict.

use crate::support::desk::{Desk, HANG, at, one};
use crate::support::policy::probe;
use crate::support::world::WELL;
use defib_engine::event::Event;
use defib_engine::host::{AppFacts, MachineFacts, Pressure, second_reading};
use defib_engine::id::AppId;
use defib_engine::note::Class;
use defib_engine::policy::{Mode, View};
use defib_engine::time::Moment;

const SHORT: MachineFacts = MachineFacts {
    available_kb: 9_000,
    pressure: Some(Pressure {
        memory_some: 500,
        memory_full: 500,
        cpu_some: 0,
        io_some: 0,
        io_full: 0,
    }),
    ..WELL
};

fn observed() -> Desk {
    let mut policy = one("child", vec![probe("url", View::App)]);
    policy.mode = Mode::Observe;
    Desk::well(policy)
}

#[test]
fn the_second_reading_is_of_use_4500_ms_after_the_first_and_no_more_once_two_convict() {
    let mut desk = observed();
    let mut due = |ms: u64, facts: MachineFacts| -> (Option<Moment>, bool) {
        desk.look(0, ms - 1_000, ms, HANG);
        desk.feed(ms, Event::Machine(facts));
        let class = desk.app().incident().map(|incident| incident.class);
        (second_reading(&desk.state), class == Some(Class::Memory))
    };
    assert_eq!(due(10_000, WELL), (None, false));
    assert_eq!(due(12_000, SHORT), (Some(at(16_500)), false));
    assert_eq!(due(14_000, SHORT), (Some(at(16_500)), false), "closer ones convict nobody");
    assert_eq!(due(15_000, WELL), (None, false), "and acquit all the same");
    assert_eq!(due(16_000, SHORT), (Some(at(20_500)), false));
    assert_eq!(due(20_500, SHORT), (None, true));
}

#[test]
fn a_fork_storm_has_a_second_reading_too() {
    let mut desk = observed();
    let facts = AppFacts { cpu_permille: 900, tasks: 500, tasks_settled: 5, ..AppFacts::default() };
    desk.feed(12_000, Event::Measured { app: AppId(0), facts });
    desk.feed(12_000, Event::Machine(WELL));
    assert_eq!(second_reading(&desk.state), Some(at(16_500)));
}

/// The guardian tells of an app only when something about it matters.
#[test]
fn what_the_reading_before_measured_is_not_of_now() {
    let own = AppFacts { memory_kb: 990, memory_max_kb: Some(1_000), ..AppFacts::default() };
    let mut desk = observed();
    desk.feed(10_000, Event::Measured { app: AppId(0), facts: own });
    desk.feed(10_001, Event::Machine(WELL));
    let host = |desk: &Desk| desk.app().host.expect("it was read");
    assert!(host(&desk).memory.is_some());
    for ms in [11_001, 12_001, 13_001] {
        desk.feed(ms, Event::Machine(WELL));
        assert_eq!((host(&desk).memory, host(&desk).facts), (None, AppFacts::default()), "{ms}");
    }
    desk.feed(14_001, Event::Measured { app: AppId(0), facts: own });
    desk.feed(14_001, Event::Machine(WELL));
    assert!(host(&desk).memory.is_some(), "measured in this one");
}
