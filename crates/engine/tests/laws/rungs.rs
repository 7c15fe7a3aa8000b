//! Which rung comes next: by the kind of fault, by what the target can, by what is allowed, by what was used.
#![allow(clippy::type_complexity, reason = "a row of a table is read once, beside its heading")]

use crate::support::desk::{Desk, ERROR, HANG, at, one};
use crate::support::policy::{allow_reboot, probe};
use crate::support::world::WELL;
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Charge, Event, Outcome};
use defib_engine::host::{AppFacts, DiskFacts, MachineFacts, Pressure, Sleep};
use defib_engine::id::{AppId, IncidentId, IntentId};
use defib_engine::ladder::{Ladder, of};
use defib_engine::note::{Class, HandOver, Note, Refusal};
use defib_engine::policy::{Deadlines, View};
use defib_engine::seen::Seen;
use defib_engine::state::{Recovery, Stage, Starts, Used};

type Step = Result<(Rung, Purse), (Option<Rung>, Refusal)>;
const CONTRACT: Seen = Seen::Status { code: 404, retry_after_s: None };

fn used(steps: &[(Ladder, u8)]) -> Used {
    let mut used = Used::default();
    for (ladder, count) in steps {
        used.steps[*ladder as usize] = *count;
    }
    used
}

/// A relapse within ten minutes, of an incident that had climbed so far.
fn desk(target: &str, view: View, reboot: bool, steps: &[(Ladder, u8)]) -> Desk {
    let mut policy = one(target, vec![probe("url", view)]);
    if reboot {
        allow_reboot(&mut policy);
    }
    let mut desk = Desk::well(policy);
    let (at, rung) = (at(0), Rung::Kill);
    desk.state.apps[0].recovery = Some(Recovery { at, rung, used: used(steps), disruptive: 0 });
    desk
}

fn down(desk: &mut Desk, seen: Seen) -> &mut Desk {
    for (began, ended) in [(0, 2_000), (12_000, 14_000), (15_000, 17_000)] {
        desk.look(0, began, ended, seen);
    }
    desk
}

fn step(desk: &Desk) -> Option<Step> {
    desk.notes.iter().rev().find_map(|note| match note {
        Note::Decided { rung, purse, .. } => Some(Ok((*rung, *purse))),
        Note::Refused { rung, refusal, .. } => Some(Err((*rung, *refusal))),
        _ => None,
    })
}

fn handed_over(desk: &Desk) -> Option<HandOver> {
    desk.app().incident().and_then(|incident| incident.handed_over)
}

#[test]
fn each_class_has_its_ladder() {
    use Rung::{Kill, Reboot, Restart, Start};
    let table: [(&[Class], &[Rung]); 7] = [
        (&[Class::Dead, Class::CrashLoop], &[Start]),
        (&[Class::Hung, Class::Spinning, Class::Memory], &[Kill, Kill, Reboot]),
        (&[Class::Erroring], &[Restart, Kill, Reboot]),
        (&[Class::Unknown, Class::Exhausted], &[Restart]),
        (&[Class::KernelIo], &[Reboot]),
        (&[Class::Intended, Class::Certificate, Class::Outside, Class::Dependency], &[]),
        (&[Class::Contract, Class::Busy, Class::BadChange, Class::Proxy], &[]),
    ];
    for (classes, rungs) in table {
        for class in classes {
            assert_eq!(of(*class).map_or(&[][..], Ladder::rungs), rungs, "{class:?}");
        }
    }
    assert_eq!(Ladder::Unstartable.rungs(), [Kill, Reboot]);
    assert_eq!((Ladder::Once.rungs(), Ladder::Overload.rungs()), (&[Restart][..], &[Kill][..]));
    assert_eq!(used(&[(Ladder::Memory, 2)]).on(Ladder::Memory), 2);
    assert_eq!(used(&[(Ladder::Memory, 2)]).on(Ladder::Hung), 0);
}

#[test]
fn the_next_rung_is_above_those_that_were_used() {
    use Ladder::{Erroring, Hung, Memory, Once};
    use Rung::{Kill, Reboot, Restart};
    let ladder = |rung| Ok((rung, Purse::Ladder));
    let gently = Ok((Restart, Purse::Gentle));
    let ends = |class| Err((None, Refusal::ClassForbids { class }));
    let (app, path) = (View::App, View::UserPath);
    let forbidden = Err((Some(Reboot), Refusal::NotPermitted { rung: Reboot }));
    let impossible = Err((Some(Restart), Refusal::NotPossible { rung: Restart }));
    let table: [(&str, View, bool, Seen, &[(Ladder, u8)], Step); 26] = [
        ("child", app, false, HANG, &[], ladder(Kill)),
        ("child", app, false, HANG, &[(Hung, 1)], ladder(Kill)),
        ("child", app, false, HANG, &[(Hung, 2)], gently),
        ("child", app, true, HANG, &[(Hung, 2)], ladder(Reboot)),
        ("child", app, true, HANG, &[(Hung, 3)], gently),
        ("child", app, true, HANG, &[(Memory, 1)], ladder(Kill)),
        ("child", app, true, HANG, &[(Memory, 2)], ladder(Reboot)),
        ("child", app, true, HANG, &[(Memory, 1), (Hung, 2)], ladder(Reboot)),
        ("child", app, true, HANG, &[(Erroring, 2), (Once, 1)], ladder(Kill)),
        ("unit", app, true, HANG, &[], ladder(Kill)),
        ("recover", app, false, HANG, &[], ladder(Restart)),
        ("recover", app, false, HANG, &[(Hung, 1)], ladder(Restart)),
        ("known", app, false, HANG, &[], impossible),
        ("child", app, true, ERROR, &[], ladder(Restart)),
        ("child", app, true, ERROR, &[(Erroring, 1)], ladder(Kill)),
        ("child", app, true, ERROR, &[(Erroring, 2)], forbidden),
        ("child", app, true, ERROR, &[(Erroring, 3)], ends(Class::Erroring)),
        ("child", app, true, ERROR, &[(Hung, 3)], ladder(Restart)),
        ("known", app, true, ERROR, &[], forbidden),
        ("child", path, true, HANG, &[], ladder(Restart)),
        ("child", path, true, ERROR, &[], ladder(Restart)),
        ("child", path, true, HANG, &[(Once, 1)], ends(Class::Hung)),
        ("child", path, true, HANG, &[(Hung, 1)], ends(Class::Hung)),
        ("child", path, true, ERROR, &[(Erroring, 1)], ends(Class::Erroring)),
        ("child", path, true, HANG, &[(Memory, 1)], ladder(Restart)),
        ("child", app, true, CONTRACT, &[], ends(Class::Contract)),
    ];
    for (target, view, reboot, seen, steps, expected) in table {
        let mut desk = desk(target, view, reboot, steps);
        down(&mut desk, seen);
        assert_eq!(step(&desk), Some(expected), "{target} {view:?} {reboot} {seen:?} {steps:?}");
    }
    // The config may let a reboot follow what answers wrongly.
    let mut errs = desk("child", app, true, &[(Erroring, 2)]);
    errs.policy.apps[0].reboot_on = errs.policy.apps[0].reboot_on.with(Class::Erroring);
    assert_eq!(step(down(&mut errs, ERROR)), Some(ladder(Reboot)));
}

/// The app is down, and was measured three times meanwhile.
fn measured(desk: &mut Desk, machine: MachineFacts, facts: AppFacts, seen: Seen) -> Option<Step> {
    for (began, ended) in [(0, 2_000), (4_000, 7_000), (12_000, 14_000), (15_000, 17_000)] {
        desk.feed(ended - 1_000, Event::Measured { app: AppId(0), facts });
        desk.feed(ended - 1_000, Event::Machine(machine));
        desk.look(0, began, ended, seen);
    }
    step(desk)
}

#[test]
fn memory_and_limits_are_cured_by_ending_what_holds_them() {
    let starving = MachineFacts {
        available_kb: 9_000,
        pressure: Some(Pressure { memory_full: 500, ..Pressure::default() }),
        ..WELL
    };
    let grown = AppFacts { grown_kb: 90_000, ..AppFacts::default() };
    let own = AppFacts { memory_kb: 99, memory_max_kb: Some(100), ..AppFacts::default() };
    let files = AppFacts { files: Some(99), files_max: Some(100), ..AppFacts::default() };
    let tasks = AppFacts { tasks: 99, tasks_max: Some(100), ..AppFacts::default() };
    let full = DiskFacts {
        free_permille: 0,
        free_kb: None,
        inodes_permille: 9,
        free_inodes: None,
        turned_read_only: false,
    };
    let disk_full = MachineFacts { disks: [Some(full), None, None, None], ..WELL };
    let crowded = MachineFacts { tasks: 99, tasks_max: 100, ..WELL };
    let none = AppFacts::default();
    let ladder = |rung| Ok((rung, Purse::Ladder));
    let forbidden = Err((Some(Rung::Reboot), Refusal::NotPermitted { rung: Rung::Reboot }));
    let ends = Err((None, Refusal::ClassForbids { class: Class::Exhausted }));
    let table: [(MachineFacts, AppFacts, Seen, bool, &[(Ladder, u8)], Step); 12] = [
        (starving, none, HANG, true, &[], ladder(Rung::Reboot)),
        (starving, none, HANG, false, &[], forbidden),
        (starving, grown, HANG, true, &[], ladder(Rung::Kill)),
        (starving, grown, HANG, true, &[(Ladder::Memory, 1)], ladder(Rung::Kill)),
        (starving, grown, HANG, true, &[(Ladder::Hung, 2)], ladder(Rung::Reboot)),
        (WELL, own, HANG, true, &[], ladder(Rung::Kill)),
        (disk_full, none, ERROR, true, &[], ends),
        (crowded, none, ERROR, true, &[], ends),
        (WELL, files, ERROR, true, &[], ladder(Rung::Restart)),
        (WELL, tasks, ERROR, true, &[], ladder(Rung::Restart)),
        (disk_full, files, ERROR, true, &[], ladder(Rung::Restart)),
        (WELL, files, ERROR, true, &[(Ladder::Once, 1)], ends),
    ];
    for (machine, facts, seen, reboot, steps, expected) in table {
        let mut desk = desk("child", View::App, reboot, steps);
        let step = measured(&mut desk, machine, facts, seen);
        assert_eq!(step, Some(expected), "{machine:?} {facts:?} {reboot} {steps:?}");
    }
    let mut spent = desk("child", View::App, true, &[]);
    measured(&mut spent, disk_full, none, ERROR);
    assert_eq!(handed_over(&spent), Some(HandOver::LadderEnds));
}

#[test]
fn what_sleeps_in_the_kernel_has_20_s_to_wake() {
    let asleep = AppFacts { sleep: Sleep::Local, ..AppFacts::default() };
    let mut desk = desk("child", View::App, true, &[]);
    let waits = Err((Some(Rung::Reboot), Refusal::Unclear { until: at(21_000) }));
    assert_eq!(measured(&mut desk, WELL, asleep, HANG), Some(waits));
    desk.wake(20_999);
    assert_eq!(step(&desk), Some(waits));
    desk.wake(21_000);
    assert_eq!(step(&desk), Some(Ok((Rung::Reboot, Purse::Ladder))));
}

#[test]
fn what_is_spent_is_handed_over() {
    let kills = |count: u64| {
        (0..count).map(|_| Charge {
            app: AppId(0),
            rung: Rung::Kill,
            purse: Purse::Ladder,
            at: at(0),
        })
    };
    let mut errs = desk("child", View::App, false, &[]);
    errs.state.charges = kills(4).collect();
    let spent = Refusal::BudgetSpent { used: 4, limit: 4, until: at(3_600_000) };
    assert_eq!(step(down(&mut errs, ERROR)), Some(Err((Some(Rung::Restart), spent))));
    assert_eq!(handed_over(&errs), Some(HandOver::BudgetSpent));
    let mut hangs = desk("child", View::App, false, &[]);
    hangs.state.charges = kills(4).collect();
    let spent = Refusal::BudgetSpent { used: 1, limit: 1, until: at(900_000) };
    assert_eq!(step(down(&mut hangs, HANG)), Some(Err((Some(Rung::Restart), spent))));
    let mut errs = desk("child", View::App, false, &[]);
    errs.state.apps[0].recovery.as_mut().expect("a relapse").disruptive = 5;
    let spent = Refusal::IncidentSpent { used: 5, limit: 5 };
    assert_eq!(step(down(&mut errs, ERROR)), Some(Err((Some(Rung::Restart), spent))));
    assert_eq!(handed_over(&errs), Some(HandOver::IncidentSpent));
    for (seen, expected) in [(CONTRACT, Some(HandOver::NoCure)), (HANG, None)] {
        let mut desk = desk("child", View::App, false, &[]);
        assert_eq!(handed_over(down(&mut desk, seen)), expected);
    }
    let mut held = desk("child", View::App, false, &[]);
    held.state.apps[0].held_until = Some(at(900_000));
    assert_eq!(handed_over(down(&mut held, HANG)), None, "a person knows already");
}

#[test]
fn what_cannot_be_started_is_ended_and_tried_again_all_the_same() {
    let start = Ok((Rung::Start, Purse::Free));
    let table: [(&str, u8, bool, Step); 5] = [
        ("child", 2, false, start),
        ("child", 3, false, Ok((Rung::Kill, Purse::Ladder))),
        ("recover", 3, false, start),
        ("recover", 3, true, Ok((Rung::Reboot, Purse::Ladder))),
        ("recover", 2, true, start),
    ];
    for (target, failed, reboot, expected) in table {
        let mut desk = desk(target, View::App, reboot, &[]);
        desk.state.apps[0].starts = Starts { failed, ..Starts::default() };
        desk.state.apps[0].healthy_since = None;
        desk.die(1_000).look(0, 1_000, 1_100, Seen::Refused);
        assert_eq!(step(&desk), Some(expected), "{target} {failed} {reboot}");
    }
}

#[test]
fn an_order_carries_what_was_decided_and_is_waited_for_until_its_deadline() {
    use Ladder::{Erroring, Hung};
    let deadlines = Deadlines {
        start_ms: 11_000,
        reload_ms: 12_000,
        restart_ms: 13_000,
        kill_ms: 14_000,
        reboot_ms: 15_000,
    };
    let table: [(Seen, &[(Ladder, u8)], Rung, Purse, u32, Option<(Ladder, u8)>); 4] = [
        (HANG, &[(Hung, 1)], Rung::Kill, Purse::Ladder, 14_000, Some((Hung, 2))),
        (ERROR, &[], Rung::Restart, Purse::Ladder, 13_000, Some((Erroring, 1))),
        (HANG, &[(Hung, 2)], Rung::Reboot, Purse::Ladder, 15_000, Some((Hung, 3))),
        (HANG, &[(Hung, 3)], Rung::Restart, Purse::Gentle, 13_000, None),
    ];
    for (seen, steps, rung, purse, deadline_ms, climbed) in table {
        let mut desk = desk("child", View::App, true, steps);
        desk.policy.apps[0].deadlines = deadlines;
        desk.state.next_intent = 41;
        down(&mut desk, seen);
        desk.feed(
            17_500,
            Event::EvidenceClosed { app: AppId(0), incident: IncidentId(1), complete: true },
        );
        let order = desk.orders[0];
        assert_eq!((order.intent, order.rung, order.purse), (IntentId(41), rung, purse));
        assert_eq!(
            (order.deadline_ms, order.identity),
            (deadline_ms, Some(crate::support::desk::BORN))
        );
        assert_eq!((desk.state.next_intent, desk.state.charges.len()), (42, 1));
        let incident = desk.app().incident().expect("it is down");
        let until = at(17_500 + u64::from(deadline_ms) + 30_000);
        assert!(
            matches!(incident.stage, Stage::Acting { since, until: it, .. } if (since, it) == (at(17_500), until))
        );
        let (ladder, step) = climbed.unwrap_or((Hung, 3));
        assert_eq!(incident.used.on(ladder), step);
        assert_eq!(incident.disruptive, u8::from(purse == Purse::Ladder));
        let answered =
            |note: &Note| matches!(note, Note::Acted { outcome: Outcome::Interrupted, .. });
        let until_ms = until.since(at(0));
        desk.wake(until_ms - 1);
        assert_eq!(desk.count(answered), 0);
        desk.wake(until_ms);
        assert_eq!(desk.count(answered), 1);
    }
    let mut dead = desk("child", View::App, false, &[]);
    dead.policy.apps[0].deadlines = deadlines;
    dead.die(1_000);
    assert_eq!((dead.orders[0].deadline_ms, dead.orders[0].identity), (11_000, None));
    assert_eq!(
        (dead.state.charges.len(), dead.app().incident().map(|it| it.disruptive)),
        (0, Some(0))
    );
}
