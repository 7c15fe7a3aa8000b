//! What each fact of the machine must amount to, on both sides of each limit of docs/decisions/095, and what it makes
//! of an app that does not answer.

use crate::support::desk::{Desk, ERROR, HANG, at, one};
use crate::support::policy::probe;
use crate::support::world::WELL;
use defib_engine::event::Event;
use defib_engine::host::{AppFacts, DiskFacts, HostFact, MachineFacts, Pressure, Sleep};
use defib_engine::id::AppId;
use defib_engine::note::{Class, Note};
use defib_engine::policy::{Mode, View};
use defib_engine::seen::Seen;
use defib_engine::state::Process;

const ROOMY: DiskFacts = DiskFacts {
    free_permille: 500,
    free_kb: None,
    inodes_permille: 500,
    free_inodes: None,
    turned_read_only: false,
};

fn short(available_kb: u64, full: Option<u16>) -> MachineFacts {
    let pressure = full.map(|memory_full| Pressure { memory_full, ..Pressure::default() });
    MachineFacts { memory_kb: 1_000_000, available_kb, pressure, ..WELL }
}

fn swap(swap_kb: u64, swap_free_kb: u64) -> MachineFacts {
    MachineFacts { swap_kb, swap_free_kb, ..short(49_999, None) }
}

fn crowd(tasks: u64, tasks_max: u64) -> MachineFacts {
    MachineFacts { tasks, tasks_max, ..WELL }
}

fn disk(place: usize, disk: DiskFacts) -> MachineFacts {
    let mut facts = WELL;
    facts.disks[place] = Some(disk);
    facts
}

fn full(place: usize) -> MachineFacts {
    disk(place, DiskFacts { free_permille: 0, ..ROOMY })
}

const USE: AppFacts = AppFacts {
    memory_kb: 0,
    grown_kb: 0,
    memory_max_kb: None,
    oom_kills: 0,
    cpu_permille: 0,
    sleep: Sleep::None,
    files: None,
    files_max: None,
    tasks: 0,
    tasks_settled: 0,
    tasks_max: None,
};

#[test]
fn the_machine_is_told_of_when_something_in_it_is_scarce() {
    let read_only = DiskFacts { turned_read_only: true, ..ROOMY };
    let table = [
        (WELL, false),
        (short(80_000, Some(0)), false),
        (short(79_999, Some(0)), true),
        (short(50_000, None), false),
        (short(49_999, None), true),
        (swap(1_000, 100), false),
        (swap(1_000, 99), true),
        (MachineFacts { memory_kb: 0, available_kb: 0, ..WELL }, false),
        (crowd(899, 1_000), false),
        (crowd(900, 1_000), true),
        (crowd(900, 0), false),
        (disk(0, ROOMY), false),
        (full(0), true),
        (full(3), true),
        (disk(1, DiskFacts { inodes_permille: 0, ..ROOMY }), true),
        (disk(2, read_only), true),
    ];
    for (facts, matters) in table {
        assert_eq!(facts.matters(), matters, "{facts:?}");
        assert_eq!(USE.matters(&facts), matters, "an app is measured as well: {facts:?}");
    }
}

#[test]
fn an_app_is_told_of_when_it_takes_much_or_has_little_left() {
    let own = |memory_kb, max| AppFacts { memory_kb, memory_max_kb: Some(max), ..USE };
    let files = |files, max| AppFacts { files: Some(files), files_max: Some(max), ..USE };
    let tasks = |tasks, max| AppFacts { tasks, tasks_max: Some(max), ..USE };
    let table = [
        (USE, false),
        (AppFacts { cpu_permille: 799, ..USE }, false),
        (AppFacts { cpu_permille: 800, ..USE }, true),
        (AppFacts { sleep: Sleep::Local, ..USE }, true),
        (AppFacts { sleep: Sleep::Remote, ..USE }, true),
        (own(949, 1_000), false),
        (own(950, 1_000), true),
        (own(950, 0), false),
        (files(949, 1_000), false),
        (files(950, 1_000), true),
        (tasks(949, 1_000), false),
        (tasks(950, 1_000), true),
        (AppFacts { tasks: 5_000, tasks_settled: 10, ..USE }, false),
    ];
    for (facts, matters) in table {
        assert_eq!(facts.matters(&WELL), matters, "{facts:?}");
    }
}

/// Two readings and more, and an app that answers nothing but this.
fn judged(machine: MachineFacts, facts: AppFacts, seen: Seen) -> (Class, Option<HostFact>) {
    let mut policy = one("child", vec![probe("url", View::App)]);
    policy.mode = Mode::Observe;
    let mut desk = Desk::well(policy);
    for ms in (10_000..=30_000).step_by(1_000) {
        if ms % 5_000 == 0 {
            desk.feed(ms, Event::Measured { app: AppId(0), facts });
            desk.feed(ms, Event::Machine(machine));
        } else if ms % 2_000 == 1_000 {
            desk.look(0, ms - 10, ms, seen);
        }
    }
    let told = |note: &Note| match note {
        Note::Host { fact, .. } => Some(*fact),
        _ => None,
    };
    let fact = desk.notes.iter().rev().find_map(told);
    (desk.app().incident().expect("it is down").class, fact)
}

#[test]
fn what_an_app_that_hangs_stands_on() {
    let cpu = |cpu_permille| AppFacts { cpu_permille, ..USE };
    let sleeps = |sleep| AppFacts { sleep, ..USE };
    let storm =
        |cpu_permille, tasks, tasks_settled| AppFacts { tasks, tasks_settled, ..cpu(cpu_permille) };
    let near = |tasks, max| AppFacts { tasks, tasks_max: Some(max), ..cpu(800) };
    let grown = |grown_kb| AppFacts { memory_kb: 123_456, grown_kb, ..USE };
    let own = |memory_kb| AppFacts { memory_kb, memory_max_kb: Some(1_000), ..USE };
    let gone = |full_permille, app_kb, is_the_app| {
        let (available_kb, memory_kb) = (9_000, 1_000_000);
        HostFact::MemoryGone { available_kb, memory_kb, full_permille, app_kb, is_the_app }
    };
    let asleep = |is_remote| HostFact::KernelSleep { for_ms: 5_000, is_remote };
    let taking = |permille| HostFact::Cpu { permille };
    let storming = |tasks, settled| HostFact::ForkStorm { tasks, settled };
    let read_only = disk(2, DiskFacts { turned_read_only: true, ..ROOMY });
    let tasks = HostFact::Tasks { used: 900, max: 1_000, is_own: false };
    let table = [
        (WELL, USE, Class::Hung, None),
        (WELL, cpu(799), Class::Hung, None),
        (WELL, cpu(800), Class::Spinning, Some(taking(800))),
        (WELL, sleeps(Sleep::Local), Class::KernelIo, Some(asleep(false))),
        (WELL, sleeps(Sleep::Remote), Class::Dependency, Some(asleep(true))),
        (read_only, USE, Class::KernelIo, Some(HostFact::ReadOnly { disk: 2 })),
        (short(9_000, Some(300)), USE, Class::Memory, Some(gone(Some(300), 0, false))),
        (short(9_000, Some(299)), USE, Class::Hung, None),
        (
            short(9_000, Some(299)),
            grown(100_000),
            Class::Memory,
            Some(gone(Some(299), 123_456, true)),
        ),
        (short(9_000, Some(299)), grown(99_999), Class::Hung, None),
        (short(9_000, None), USE, Class::Hung, None),
        (short(9_000, None), grown(100_000), Class::Memory, Some(gone(None, 123_456, true))),
        (short(80_000, Some(900)), grown(100_000), Class::Hung, None),
        (WELL, own(950), Class::Memory, Some(HostFact::OwnMemory { used_kb: 950, max_kb: 1_000 })),
        (WELL, own(949), Class::Hung, None),
        (WELL, storm(800, 100, 25), Class::Spinning, Some(storming(100, 25))),
        (WELL, storm(800, 100, 26), Class::Spinning, Some(taking(800))),
        (WELL, storm(800, 99, 20), Class::Spinning, Some(taking(800))),
        (WELL, storm(800, 100, 0), Class::Spinning, Some(storming(100, 0))),
        (WELL, storm(799, 400, 20), Class::Hung, None),
        (WELL, near(90, 100), Class::Spinning, Some(storming(90, 0))),
        (WELL, near(89, 100), Class::Spinning, Some(taking(800))),
        (WELL, AppFacts { cpu_permille: 700, ..near(90, 100) }, Class::Hung, None),
        (crowd(900, 1_000), storm(0, 450, 450), Class::Spinning, Some(storming(450, 450))),
        (crowd(900, 1_000), storm(0, 449, 1), Class::Exhausted, Some(tasks)),
        (crowd(899, 1_000), storm(0, 800, 1), Class::Hung, None),
    ];
    for (machine, facts, class, fact) in table {
        let (is_class, is_fact) = judged(machine, facts, HANG);
        assert_eq!(is_class, class, "{machine:?} {facts:?}");
        match (is_fact, fact) {
            (Some(HostFact::KernelSleep { is_remote, .. }), Some(HostFact::KernelSleep { .. })) => {
                assert_eq!(is_remote, class == Class::Dependency);
            }
            (is, should) => assert_eq!(is, should, "{machine:?} {facts:?}"),
        }
    }
}

#[test]
fn what_an_app_that_answers_wrongly_stands_on() {
    let files = |files| AppFacts { files: Some(files), files_max: Some(1_000), ..USE };
    let tasks = |tasks| AppFacts { tasks, tasks_max: Some(1_000), ..USE };
    let inodes = disk(1, DiskFacts { inodes_permille: 0, ..ROOMY });
    let disk_full = |disk, free_permille, inodes_permille| HostFact::DiskFull {
        disk,
        free_permille,
        free_kb: None,
        inodes_permille,
        free_inodes: None,
    };
    let descriptors = HostFact::Descriptors { used: 950, max: 1_000 };
    let own = HostFact::Tasks { used: 950, max: 1_000, is_own: true };
    let table = [
        (WELL, USE, ERROR, Class::Erroring, None),
        (WELL, AppFacts { cpu_permille: 900, ..USE }, ERROR, Class::Erroring, None),
        (full(3), USE, ERROR, Class::Exhausted, Some(disk_full(3, 0, 500))),
        (inodes, USE, ERROR, Class::Exhausted, Some(disk_full(1, 500, 0))),
        (WELL, files(950), ERROR, Class::Exhausted, Some(descriptors)),
        (full(0), files(950), ERROR, Class::Exhausted, Some(descriptors)),
        (WELL, files(949), ERROR, Class::Erroring, None),
        (WELL, tasks(950), ERROR, Class::Exhausted, Some(own)),
        (WELL, tasks(949), ERROR, Class::Erroring, None),
        (WELL, files(950), Seen::Status { code: 404, retry_after_s: None }, Class::Contract, None),
    ];
    for (machine, facts, seen, class, fact) in table {
        assert_eq!(judged(machine, facts, seen), (class, fact), "{machine:?} {facts:?}");
    }
}

#[test]
fn readings_are_in_a_row_for_12_s_and_two_make_a_fact() {
    let busy = AppFacts { cpu_permille: 900, ..USE };
    let run = |times: &[u64]| {
        let mut desk = Desk::well(one("child", vec![probe("url", View::App)]));
        for ms in times {
            desk.feed(*ms, Event::Measured { app: AppId(0), facts: busy });
            desk.feed(*ms, Event::Machine(WELL));
        }
        desk.app().host.and_then(|host| host.silent).expect("it is busy")
    };
    assert_eq!((run(&[0, 12_000]).since, run(&[0, 12_000]).readings), (at(0), 2));
    assert_eq!((run(&[0, 12_001]).since, run(&[0, 12_001]).readings), (at(12_001), 1));
    assert_eq!(run(&[0, 5_000, 10_000]).until, at(10_000));
    // One that is a little early is no second one; and what is true for long stays countable.
    let many: Vec<u64> = (0..400).map(|count| count * 5_000).collect();
    assert_eq!(run(&many).readings, 255);
}

#[test]
fn a_measurement_counts_with_the_reading_that_follows_it_soon() {
    let busy = AppFacts { cpu_permille: 900, ..USE };
    for (wait, gone, counts) in [(4_499, false, true), (4_500, false, false), (0, true, false)] {
        let mut desk = Desk::well(one("child", vec![probe("url", View::App)]));
        if gone {
            desk.state.apps[0].process = Process::NotStarted;
        }
        desk.feed(1_000, Event::Measured { app: AppId(0), facts: busy });
        desk.feed(1_000 + wait, Event::Machine(WELL));
        let host = desk.app().host.expect("it was read");
        assert_eq!(host.silent.is_some(), counts, "{wait} {gone}");
        assert_eq!(host.at, at(1_000 + wait));
    }
}
