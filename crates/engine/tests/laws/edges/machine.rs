//! The last judge of an order at the edges of the machine's facts: when two readings stand for looks, when a
//! reboot may come before any other rung, and what becomes of an order that it takes back.

use super::{APP, Bench, notes, orders};
use crate::invariants::{Case, case};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Event, Outcome};
use defib_engine::host::{AppFacts, AppHost, Run};
use defib_engine::id::IntentId;
use defib_engine::note::{Class, Note};
use defib_engine::policy::Permission;
use defib_engine::state::Stage;
use defib_engine::time::Moment;

const NOW: Moment = crate::invariants::NOW;

/// What the machine says of the app, with nothing wrong.
fn host() -> AppHost {
    let facts = AppFacts::default();
    let (memory, storm, silent) = (None, None, None);
    AppHost { at: NOW, facts, memory, storm, silent, sleep: None, busy: None }
}

/// Readings of this age whose first and last are this far apart.
const fn run(readings: u8, apart_ms: u64, age_ms: u64) -> Run {
    let until = Moment(NOW.0 - age_ms);
    Run { since: Moment(until.0 - apart_ms), until, readings }
}

/// Nobody has looked, and we doubt our eyes: the promise that breaks unless the kernel tells, or 0.
fn blind(class: Class, set: impl FnOnce(&mut AppHost)) -> u8 {
    case(Rung::Kill, Purse::Ladder, class).after(|c| {
        c.state.doubt.level = 1;
        let app = &mut c.state.apps[0];
        (app.probes[0].last, app.probes[0].fresh) = (None, 0);
        let host = app.host.insert(host());
        set(host);
    })
}

#[test]
fn two_readings_four_seconds_apart_and_not_older_than_fifteen_stand_for_looks() {
    for (readings, apart_ms, age_ms, breach) in [
        (2, 4_000, 0, 0),
        (1, 4_000, 0, 6),
        (2, 3_999, 0, 6),
        (9, 3_999, 0, 6),
        (2, 60_000, 15_000, 0),
        (2, 60_000, 15_001, 6),
    ] {
        let told = Some(run(readings, apart_ms, age_ms));
        let what = (readings, apart_ms, age_ms);
        assert_eq!(blind(Class::Memory, |host| host.memory = told), breach, "{what:?}");
        assert_eq!(blind(Class::Spinning, |host| host.storm = told), breach, "{what:?}");
        assert_eq!(blind(Class::Spinning, |host| host.silent = told), breach, "{what:?}");
    }
}

#[test]
fn each_fact_stands_for_its_own_class() {
    let told = Some(run(3, 9_000, 0));
    assert_eq!(blind(Class::Memory, |host| (host.storm, host.silent) = (told, told)), 6);
    assert_eq!(blind(Class::Spinning, |host| host.memory = told), 6);
    let all = |host: &mut AppHost| {
        (host.memory, host.storm, host.silent) = (told, told, told);
    };
    assert_eq!(blind(Class::Hung, all), 6);
    assert_eq!(blind(Class::Erroring, all), 6);
}

/// A reboot before any other rung: the promise that it breaks, or 0.
fn first(class: Class, change: impl FnOnce(&mut Case)) -> u8 {
    case(Rung::Reboot, Purse::Ladder, class).after(|c| {
        c.incident().acted = None;
        c.state.apps[0].host = Some(host());
        c.state.machine = Some((NOW, crate::support::world::WELL));
        change(c);
    })
}

fn grown(kb: u64) -> impl FnOnce(&mut Case) {
    move |c| {
        if let Some(host) = &mut c.state.apps[0].host {
            host.facts.grown_kb = kb;
        }
    }
}

#[test]
fn a_reboot_comes_first_where_no_lower_rung_frees_anything() {
    assert_eq!(first(Class::Memory, grown(59_999)), 0);
    assert_eq!(first(Class::Memory, grown(60_000)), 9, "a tenth of the machine's");
    assert_eq!(first(Class::Memory, grown(500_000)), 9);
    assert_eq!(first(Class::Hung, grown(0)), 9, "another class");
    assert_eq!(first(Class::KernelIo, grown(500_000)), 0, "no signal reaches it");
    assert_eq!(first(Class::Memory, |c| c.state.apps[0].host = None), 9);
    assert_eq!(first(Class::Memory, |c| c.state.machine = None), 9);
    // A tenth is rounded up.
    let odd = |c: &mut Case| {
        grown(60_000)(c);
        c.state.machine = c.state.machine.map(|(at, facts)| {
            (at, defib_engine::host::MachineFacts { memory_kb: 600_001, ..facts })
        });
    };
    assert_eq!(first(Class::Memory, odd), 0);
    let tried = case(Rung::Reboot, Purse::Ladder, Class::Memory).after(grown(500_000));
    assert_eq!(tried, 0);
}

/// Memory was gone while that process lived. Whether it still is, two readings after its end must show: of the app
/// itself and of every other.
#[test]
fn whoever_was_ended_may_have_had_the_memory_that_others_lacked() {
    for (rung, frees) in [(Rung::Kill, true), (Rung::Restart, true), (Rung::Start, false)] {
        let mut bench = Bench::hung();
        bench.acting(Class::Hung, rung, Purse::Ladder);
        let held = Some(run(3, 9_000, 0));
        for app in &mut bench.state.apps {
            app.host = Some(AppHost { memory: held, ..host() });
        }
        let (intent, outcome) = (IntentId(1), Outcome::Done);
        bench.at(NOW, &Event::Acted { app: APP, intent, outcome });
        let left = bench.state.apps.iter().filter_map(|app| app.host).map(|host| host.memory);
        let left: Vec<_> = left.collect();
        assert_eq!(left, [if frees { None } else { held }; 2], "{rung:?}");
    }
}

/// An order that breaks a promise is taken back in the same step: nobody waits for its answer, and what was decided
/// is judged anew.
#[test]
fn what_is_taken_back_is_not_waited_for() {
    let mut bench = Bench::hung();
    let (rung, purse, since) = (Rung::Restart, Purse::Gentle, Moment(NOW.0 - 1_000));
    bench.policy.reboot = Permission::Never;
    let incident = bench.open(Class::Hung, Stage::Bundling { rung, purse, since });
    // More acts than an incident may have: no guard of a gentle act counts them.
    (incident.disruptive, incident.used.steps[2]) = (6, 2);
    let effects = bench.wake();
    assert_eq!(orders(&effects).len(), 0);
    let alarms = |note: &&Note| matches!(note, Note::Alarm { app: APP, invariant: 7 });
    assert_eq!(notes(&effects).filter(alarms).count(), 1);
    assert_eq!((bench.stage(), bench.app().alarmed), (Some(Stage::Judging), Some(7)));
}
