//! Who comes first when memory is gone: the kill of an app that has grown, before the reboot of the machine for another.

use crate::support::desk::{Desk, HANG, at};
use crate::support::policy;
use crate::support::world::WELL;
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Charge, Event};
use defib_engine::host::{AppFacts, DiskFacts, MachineFacts, Pressure};
use defib_engine::id::{AppId, ProbeId};
use defib_engine::note::Note;
use defib_engine::policy::RungSet;
use defib_engine::seen::Seen;

const OTHER: AppId = AppId(1);

fn pair() -> Desk {
    let mut machine = policy::machine();
    machine.apps = vec![policy::app("shop", "unit"), policy::app("blog", "unit")];
    policy::allow_reboot(&mut machine);
    machine.min_uptime_ms = 0;
    Desk::well(machine)
}

fn starving() -> MachineFacts {
    let pressure = Some(Pressure { memory_full: 500, ..Pressure::default() });
    MachineFacts { available_kb: 9_000, pressure, ..WELL }
}

fn look_at_other(desk: &mut Desk, ms: u64, seen: Seen) {
    let attempt = {
        let probe = &mut desk.state.apps[1].probes[0];
        probe.asked_at = Some(at(ms - 20));
        probe.attempt
    };
    let probe = ProbeId { app: OTHER, index: 0 };
    let (started, ended) = (at(ms - 20), at(ms));
    desk.feed(ms, Event::Observed { probe, attempt, started, ended, seen });
}

/// One reading, then a lost look at the first app, each 5 s; what was first decided, for whom, and when.
fn first(desk: &mut Desk, grown_kb: u64, other: Option<Seen>) -> Option<(u16, Rung, u64)> {
    for ms in (10_000..=60_000).step_by(5_000) {
        let facts = AppFacts { grown_kb, ..AppFacts::default() };
        desk.feed(ms, Event::Measured { app: AppId(0), facts: AppFacts::default() });
        desk.feed(ms, Event::Measured { app: OTHER, facts });
        desk.feed(ms, Event::Machine(starving()));
        let decided = desk.notes.iter().find_map(|note| match note {
            Note::Decided { app, rung, .. } => Some((app.0, *rung, ms)),
            _ => None,
        });
        if decided.is_some() {
            return decided;
        }
        if let Some(seen) = other {
            look_at_other(desk, ms + 50, seen);
        }
        desk.look(0, ms + 60, ms + 100, HANG);
    }
    None
}

#[test]
fn what_has_grown_may_yet_be_convicted_for_30_s() {
    let reboot_at = |ms| Some((0, Rung::Reboot, ms));
    assert_eq!(first(&mut pair(), 0, None), reboot_at(15_000), "nobody has grown");
    assert_eq!(first(&mut pair(), 60_000, None), reboot_at(40_000), "a tenth of the machine's");
    assert_eq!(first(&mut pair(), 59_999, None), reboot_at(15_000));
    let mut untouchable = pair();
    untouchable.policy.apps[1].rungs = RungSet::NONE;
    assert_eq!(first(&mut untouchable, 90_000, None), reboot_at(15_000), "nobody may end it");
}

#[test]
fn what_has_grown_and_is_down_is_killed_and_no_machine_is_rebooted() {
    assert_eq!(first(&mut pair(), 90_000, Some(HANG)), Some((1, Rung::Kill, 15_000)));
    // Its budget is spent: nothing of it is given back.
    let mut spent = pair();
    let charge = |minute: u64| Charge {
        app: OTHER,
        rung: Rung::Kill,
        purse: Purse::Ladder,
        at: at(1_000 + minute),
    };
    spent.state.charges = (0..4).map(charge).collect();
    assert_eq!(first(&mut spent, 90_000, Some(HANG)), Some((0, Rung::Reboot, 15_000)));
}

#[test]
fn a_disk_is_full_below_its_last_32_mib_or_256_inodes() {
    let disk = DiskFacts {
        free_permille: 4,
        free_kb: Some(32_767),
        inodes_permille: 4,
        free_inodes: Some(255),
        turned_read_only: false,
    };
    assert!(disk.lacks_room() && disk.lacks_inodes() && disk.is_full());
    assert!(!DiskFacts { free_kb: Some(32_768), ..disk }.lacks_room());
    assert!(!DiskFacts { free_permille: 5, ..disk }.lacks_room());
    assert!(!DiskFacts { free_inodes: Some(256), ..disk }.lacks_inodes());
    assert!(!DiskFacts { inodes_permille: 5, ..disk }.lacks_inodes());
    assert!(DiskFacts { free_kb: Some(40_000), ..disk }.is_full(), "for want of inodes");
    assert!(DiskFacts { free_inodes: Some(400), ..disk }.is_full(), "for want of room");
}
