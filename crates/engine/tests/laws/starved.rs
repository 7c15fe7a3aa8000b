//! Kernel facts that convict: when two readings do, when the looks cannot be believed, and what is busy rather than ill.

use crate::support::desk::{Desk, ERROR, HANG, at, one};
use crate::support::policy::{allow_reboot, probe};
use crate::support::world::WELL;
use defib_engine::effect::Rung;
use defib_engine::event::{Doubt, Event};
use defib_engine::host::{AppFacts, HostFact, MachineFacts, Pressure};
use defib_engine::id::AppId;
use defib_engine::note::{Class, Note};
use defib_engine::policy::{Mode, View};
use defib_engine::seen::Seen;
use defib_engine::state::{Process, Starts};

fn busy() -> AppFacts {
    AppFacts { cpu_permille: 900, ..AppFacts::default() }
}

fn starving() -> MachineFacts {
    let pressure = Some(Pressure { memory_full: 500, ..Pressure::default() });
    MachineFacts { available_kb: 9_000, pressure, ..WELL }
}

fn observed() -> Desk {
    let mut policy = one("child", vec![probe("url", View::App), probe("db", View::Dependency)]);
    policy.mode = Mode::Observe;
    Desk::well(policy)
}

fn rebooting() -> Desk {
    let mut policy = one("unit", vec![probe("url", View::App)]);
    allow_reboot(&mut policy);
    policy.min_uptime_ms = 0;
    Desk::well(policy)
}

fn read(desk: &mut Desk, ms: u64, facts: AppFacts, machine: MachineFacts) {
    desk.feed(ms, Event::Measured { app: AppId(0), facts });
    desk.feed(ms, Event::Machine(machine));
}

fn doubt(desk: &mut Desk, ms: u64, level: u8) {
    for _ in 0..level {
        desk.feed(ms, Event::Doubted(Doubt::LateTimer { late_ms: 3_000 }));
    }
}

fn class(desk: &Desk) -> Option<Class> {
    desk.app().incident().map(|incident| incident.class)
}

#[test]
fn memory_convicts_after_two_readings_if_a_look_has_failed_since() {
    for (ended, second, convicts) in [
        (10_000, 15_000, true),
        (9_999, 15_000, false),
        (10_000, 14_500, true),
        (10_000, 14_499, false),
    ] {
        let mut desk = observed();
        desk.look(0, 9_000, ended, HANG);
        read(&mut desk, 10_000, AppFacts::default(), starving());
        read(&mut desk, second, AppFacts::default(), starving());
        assert_eq!(class(&desk), convicts.then_some(Class::Memory), "{ended} {second}");
        let opened =
            |note: &Note| matches!(note, Note::Opened { since, .. } if *since == at(10_000));
        assert_eq!(desk.count(opened), usize::from(convicts));
        let fact =
            |note: &Note| matches!(note, Note::Host { fact: HostFact::MemoryGone { .. }, .. });
        assert_eq!(desk.count(fact), usize::from(convicts));
    }
    // A failing dependency is no look at the app, and one that answers is well.
    for (index, seen) in [(1, HANG), (0, Seen::Pass)] {
        let mut desk = observed();
        desk.look(index, 10_500, 11_000, seen);
        read(&mut desk, 10_000, AppFacts::default(), starving());
        read(&mut desk, 15_000, AppFacts::default(), starving());
        assert_eq!(class(&desk), None, "{index} {seen:?}");
    }
}

#[test]
fn a_good_look_begins_anew() {
    let mut desk = observed();
    read(&mut desk, 10_000, busy(), starving());
    let storms = AppFacts { tasks: 500, tasks_settled: 5, ..busy() };
    read(&mut desk, 15_000, storms, starving());
    let host = desk.app().host.expect("it was read");
    assert!(host.memory.is_some() && host.storm.is_some() && host.silent.is_some());
    desk.look(0, 15_990, 16_000, Seen::Pass);
    let host = desk.app().host.expect("it was read");
    assert!(host.memory.is_none() && host.storm.is_none() && host.silent.is_none());
    assert!(host.busy.is_some_and(|busy| busy.works && busy.passed == 1));
}

#[test]
fn nothing_convicts_what_is_held_or_just_started() {
    for held in [true, false] {
        let mut desk = observed();
        desk.look(0, 9_000, 10_000, HANG);
        if held {
            desk.feed(10_000, Event::Held { app: AppId(0), until: at(90_000) });
        } else {
            desk.state.apps[0].grace_until = Some(at(90_000));
        }
        read(&mut desk, 10_000, AppFacts::default(), starving());
        read(&mut desk, 15_000, AppFacts::default(), starving());
        assert_eq!(class(&desk), None, "{held}");
    }
}

#[test]
fn in_doubt_memory_convicts_after_8_s_and_the_cpu_after_20_s_without_an_answer() {
    let table = [
        (starving(), AppFacts::default(), 4, [14_000, 17_999], None),
        (starving(), AppFacts::default(), 4, [14_000, 18_000], Some(Class::Memory)),
        (starving(), AppFacts::default(), 0, [14_000, 18_000], None),
        (WELL, busy(), 8, [20_000, 29_999], None),
        (WELL, busy(), 8, [20_000, 30_000], Some(Class::Spinning)),
        (WELL, busy(), 0, [20_000, 30_000], None),
        (starving(), busy(), 8, [20_000, 30_000], Some(Class::Memory)),
    ];
    for (machine, facts, level, times, expected) in table {
        let mut desk = observed();
        doubt(&mut desk, 9_000, level);
        for ms in [10_000].into_iter().chain(times) {
            read(&mut desk, ms, facts, machine);
        }
        assert_eq!(class(&desk), expected, "{level} {times:?}");
    }
}

/// A doubt that begins now says nothing of the time before it: no look was void then, and the last was good.
#[test]
fn silence_in_doubt_counts_from_the_doubt() {
    let table = [
        (starving(), AppFacts::default(), 10_000, [14_000, 18_000], Some(Class::Memory)),
        (starving(), AppFacts::default(), 10_001, [14_000, 18_000], None),
        (starving(), AppFacts::default(), 17_999, [14_000, 18_000], None),
        (WELL, busy(), 10_000, [20_000, 30_000], Some(Class::Spinning)),
        (WELL, busy(), 10_001, [20_000, 30_000], None),
        (WELL, busy(), 29_999, [20_000, 30_000], None),
    ];
    for (machine, facts, doubted, times, expected) in table {
        let mut desk = observed();
        let mut level = 8;
        for ms in [10_000].into_iter().chain(times) {
            if doubted <= ms {
                doubt(&mut desk, doubted, std::mem::take(&mut level));
            }
            read(&mut desk, ms, facts, machine);
        }
        assert_eq!(class(&desk), expected, "{doubted} {times:?}");
    }
}

/// A doubt that is renewed before it is over is the same doubt; one that comes after it is another.
#[test]
fn a_doubt_lasts_from_its_first() {
    for (first, expected) in [(9_000, Some(Class::Memory)), (7_000, None)] {
        let mut desk = observed();
        doubt(&mut desk, first, 1);
        read(&mut desk, 10_000, AppFacts::default(), starving());
        // The first is over 5 s after it began.
        desk.wake(12_500);
        doubt(&mut desk, 13_000, 2);
        read(&mut desk, 14_000, AppFacts::default(), starving());
        read(&mut desk, 18_000, AppFacts::default(), starving());
        assert_eq!(class(&desk), expected, "{first}");
    }
}

/// Where nothing tells how long tasks wait for memory, our own lateness does.
#[test]
fn without_pressure_doubt_tells_that_the_machine_starves() {
    for (level, expected) in [(4, Some(Class::Memory)), (0, None)] {
        let mut desk = observed();
        doubt(&mut desk, 9_000, level);
        let blind = MachineFacts { pressure: None, ..starving() };
        for ms in [10_000, 15_000, 20_000] {
            read(&mut desk, ms, AppFacts::default(), blind);
        }
        assert_eq!(class(&desk), expected);
    }
}

#[test]
fn what_is_dead_has_no_memory_if_a_start_did_not_last() {
    let starts =
        |count, last, undone| Starts { count, last: at(last), undone, ..Starts::default() };
    let table = [
        (starts(0, 12_000, 0), Class::Dead),
        (starts(1, 9_999, 0), Class::Dead),
        (starts(1, 10_000, 0), Class::Memory),
        (starts(0, 0, 1), Class::Memory),
    ];
    for (starts, expected) in table {
        let mut desk = observed();
        desk.state.apps[0].process = Process::Gone { at: at(9_000), supervisor_until: None };
        (desk.state.apps[0].starts, desk.state.apps[0].healthy_since) = (starts, None);
        desk.feed(10_000, Event::Machine(starving()));
        desk.feed(15_000, Event::Machine(starving()));
        assert_eq!(class(&desk), Some(expected), "{starts:?}");
    }
}

#[test]
fn a_reading_says_nothing_after_12_s() {
    for (ms, expected) in [(27_000, Some(Class::Memory)), (27_001, None)] {
        let mut desk = observed();
        let grown = AppFacts { grown_kb: 90_000, ..AppFacts::default() };
        read(&mut desk, 10_000, grown, starving());
        desk.state.apps[0].held_until = Some(at(26_000));
        read(&mut desk, 15_000, grown, starving());
        desk.wake(26_000);
        desk.look(0, ms - 10, ms, HANG);
        assert_eq!(class(&desk), expected, "{ms}");
    }
}

/// What was missing may have been given back since the last reading, and a machine is rebooted for it only once.
#[test]
fn a_machine_is_rebooted_for_memory_on_a_reading_of_now() {
    let reboots = |note: &Note| matches!(note, Note::Decided { rung: Rung::Reboot, .. });
    for (fails_at, at_once) in [(16_000, true), (17_000, true), (17_001, false)] {
        for (machine, at_last) in [(starving(), true), (WELL, at_once)] {
            let mut desk = rebooting();
            read(&mut desk, 10_000, AppFacts::default(), starving());
            read(&mut desk, 15_000, AppFacts::default(), starving());
            desk.look(0, fails_at - 100, fails_at, HANG);
            assert_eq!(desk.count(reboots) > 0, at_once, "{fails_at}");
            read(&mut desk, 20_000, AppFacts::default(), machine);
            desk.wake(28_000);
            assert_eq!(desk.count(reboots) > 0, at_last, "{fails_at}");
        }
    }
}

/// To kill the app that has grown costs that app alone, and it answers nobody.
#[test]
fn what_has_grown_is_killed_on_the_last_reading() {
    let grown = AppFacts { grown_kb: 90_000, ..AppFacts::default() };
    let mut desk = rebooting();
    read(&mut desk, 10_000, grown, starving());
    read(&mut desk, 15_000, grown, starving());
    desk.look(0, 19_900, 19_999, HANG);
    assert!(desk.count(|note| matches!(note, Note::Decided { rung: Rung::Kill, .. })) > 0);
}

/// Looks every second; the CPU is taken all the time.
fn taxed(seconds: u64, answer: impl Fn(u64) -> Seen) -> Desk {
    let mut desk = observed();
    desk.policy.bars.cusum_alarm = 30_000;
    for second in 10..=10 + seconds {
        let ms = second * 1_000;
        if second % 5 == 0 {
            read(&mut desk, ms, busy(), WELL);
        }
        if second < 10 + seconds {
            desk.look(0, ms + 490, ms + 500, answer(second - 10));
        }
    }
    desk
}

#[test]
fn a_block_of_a_minute_tells_whether_half_of_it_fails() {
    let host = |desk: &Desk| desk.app().host.and_then(|host| host.busy).expect("it is busy");
    // Of each 60 looks so many fail.
    for (failing, overloaded, works) in
        [(5, false, true), (29, false, true), (30, true, true), (60, true, false)]
    {
        let answer = |second| if second % 60 < failing { ERROR } else { Seen::Pass };
        let mut desk = taxed(55, answer);
        let now = host(&desk);
        assert_eq!((now.overloaded, now.block_from), (false, at(10_000)), "not over yet");
        assert_eq!(u64::from(now.failed + now.passed), 55);
        desk = taxed(60, answer);
        let now = host(&desk);
        assert_eq!((now.overloaded, now.works), (overloaded, works), "{failing}");
        assert_eq!((now.failed, now.passed, now.block_from), (0, 0, at(70_000)));
    }
    // Fewer than six failures say nothing.
    for (failing, overloaded) in [(5, false), (6, true)] {
        let mut desk = observed();
        for ms in (10_000..70_000).step_by(5_000) {
            read(&mut desk, ms, busy(), WELL);
            if (ms - 10_000) / 5_000 < failing {
                desk.look(0, ms + 90, ms + 100, ERROR);
            }
        }
        read(&mut desk, 69_999, busy(), WELL);
        assert!(!host(&desk).overloaded);
        read(&mut desk, 70_000, busy(), WELL);
        assert_eq!(host(&desk).overloaded, overloaded, "{failing}");
    }
}

#[test]
fn a_calm_reading_begins_the_count_anew() {
    let mut desk = taxed(30, |_| Seen::Pass);
    read(&mut desk, 45_000, AppFacts::default(), WELL);
    assert_eq!(desk.app().host.and_then(|host| host.busy), None);
    read(&mut desk, 50_000, busy(), WELL);
    let now = desk.app().host.and_then(|host| host.busy).expect("it is busy again");
    assert_eq!((now.passed, now.works, now.block_from), (0, false, at(50_000)));
}

#[test]
fn what_takes_the_cpu_and_answers_half_is_overloaded_and_what_answers_more_is_busy() {
    let half = taxed(60, |second| if second % 2 == 1 { ERROR } else { Seen::Pass });
    assert_eq!(class(&half), Some(Class::Spinning));
    assert_eq!(half.app().incident().map(|incident| incident.since), Some(at(10_000)));
    let mut works = taxed(40, |second| if second < 20 { Seen::Pass } else { ERROR });
    assert_eq!(class(&works), Some(Class::Busy));
    // Without readings nothing tells that it is.
    works.look(0, 61_900, 62_000, ERROR);
    assert_eq!(class(&works), Some(Class::Busy));
    works.look(0, 62_000, 62_001, ERROR);
    assert_eq!(class(&works), Some(Class::Erroring));
}
