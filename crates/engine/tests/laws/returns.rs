//! What the guardian makes of its return, of doubt, holds and stops, of processes that come and go, and of a new config.

use crate::support::desk::{BORN, Desk, ERROR, HANG, ZERO, at, one, without_verdict};
use crate::support::policy::probe;
use crate::support::world::WELL;
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Charge, Doubt, Event, Exit, LedgerIntent, Outcome, StartCount, Started};
use defib_engine::id::{AppId, Identity, IntentId};
use defib_engine::note::{Ending, Note};
use defib_engine::policy::{Mode, RungSet, View};
use defib_engine::state::{AppPhase, Process, Recovery, Stage, Starts, Used};
use defib_engine::time::Moment;

const APP: AppId = AppId(0);

fn desk(target: &str) -> Desk {
    Desk::well(one(target, vec![probe("url", View::App)]))
}

fn hang(desk: &mut Desk) -> &mut Desk {
    desk.look(0, 0, 2_000, HANG).look(0, 12_000, 14_000, HANG).look(0, 15_000, 17_000, HANG)
}

fn stage(desk: &Desk) -> Option<Stage> {
    desk.app().incident().map(|incident| incident.stage)
}

#[test]
fn a_start_takes_over_what_the_ledger_says() {
    let mut desk = desk("child");
    let charge = |at| Charge { app: APP, rung: Rung::Kill, purse: Purse::Ladder, at };
    let recent = charge(Moment(1));
    desk.state.charges = vec![charge(at(0))];
    desk.state.shutting_down = Some(Moment(u64::MAX));
    desk.state.machine = Some((at(0), WELL));
    desk.state.apps[0].starts.undone = 2;
    let started = Started {
        booted_at: Moment(5),
        new_boot: false,
        away_ms: None,
        last_intent: 7,
        charges: vec![charge(Moment(0)), recent],
        intents: vec![],
        starts: vec![
            StartCount { app: APP, count: 2, last: Moment(3) },
            StartCount { app: AppId(9), count: 9, last: Moment(9) },
        ],
        ..Started::default()
    };
    desk.state.apps[0].healthy_since = None;
    desk.feed(0, Event::Started(started.clone()));
    let state = &desk.state;
    assert_eq!((state.booted_at, state.next_intent, state.shutting_down), (Moment(5), 8, None));
    // What is a day old is forgotten.
    assert_eq!((&state.charges[..], state.machine), (&[recent][..], None));
    let starts = Starts { count: 2, last: Moment(3), undone: 2, ..Starts::default() };
    assert_eq!((desk.app().starts, desk.app().process), (starts, Process::Unknown));
    assert_eq!((desk.app().grace_until, desk.app().host, desk.probe(0).fresh), (None, None, 0));
    desk.state.next_intent = 20;
    desk.feed(0, Event::Started(Started { new_boot: true, ..started }));
    assert_eq!(desk.state.next_intent, 20, "it never falls");
    assert_eq!(desk.app().grace_until, Some(at(60_000)));
}

#[test]
fn an_act_under_way_is_what_the_ledger_says_of_it() {
    let entry = |outcome| LedgerIntent { app: APP, intent: IntentId(1), rung: Rung::Kill, outcome };
    let other = LedgerIntent { intent: IntentId(9), ..entry(Some(Outcome::Done)) };
    for (intents, expected) in [
        (vec![other, entry(None)], "acting"),
        (vec![other, entry(Some(Outcome::Done))], "verifying"),
        (vec![other], "judging"),
    ] {
        let mut desk = desk("child");
        hang(&mut desk).wake(18_000);
        assert_eq!(desk.orders.len(), 1);
        let started = Started { intents, last_intent: 9, ..Started::default() };
        desk.feed(18_100, Event::Started(started));
        let name = match stage(&desk) {
            Some(Stage::Acting { .. }) => "acting",
            Some(Stage::Verifying { .. }) => "verifying",
            Some(Stage::Judging) => "judging",
            _ => "other",
        };
        assert_eq!(name, expected);
    }
    let mut desk = desk("child");
    desk.state.apps[0].phase = AppPhase::Launching { intent: IntentId(1) };
    desk.feed(0, Event::Started(Started::default()));
    assert_eq!(desk.app().phase, AppPhase::Watching);
}

#[test]
fn what_was_about_to_be_done_is_judged_again_after_doubt_a_hold_or_a_start() {
    let events = [
        Event::Started(Started::default()),
        Event::Doubted(Doubt::ClockStepped { by_ms: 9_000 }),
        Event::Held { app: APP, until: at(90_000) },
    ];
    for event in events {
        let mut desk = desk("child");
        hang(&mut desk);
        assert!(matches!(stage(&desk), Some(Stage::Bundling { .. })));
        desk.feed(17_100, event.clone());
        assert_eq!(stage(&desk), Some(Stage::Judging), "{event:?}");
        assert_eq!(desk.wake(19_000).orders, []);
    }
}

#[test]
fn doubt_grows_to_eight_and_falls_every_5_s() {
    let mut desk = desk("child");
    for level in [1, 2, 3, 4, 5, 6, 7, 8, 8] {
        desk.feed(1_000, Event::Doubted(Doubt::Resumed { slept_ms: 9 }));
        assert_eq!(desk.state.doubt.level, level);
        assert_eq!(desk.state.doubt.falls_at, at(6_000));
    }
    desk.wake(5_999);
    assert_eq!(desk.state.doubt.level, 8);
    desk.wake(6_000);
    assert_eq!((desk.state.doubt.level, desk.state.doubt.falls_at), (7, at(11_000)));
    for step in 1..=7 {
        assert_eq!(desk.count(|note| matches!(note, Note::Trusted)), 0);
        desk.wake(6_000 + step * 5_000);
    }
    assert_eq!((desk.state.doubt.level, desk.count(|note| matches!(note, Note::Trusted))), (0, 1));
}

#[test]
fn a_hold_lasts_to_its_millisecond_and_leaves_no_look_behind() {
    let mut desk = desk("child");
    desk.feed(1_000, Event::Held { app: APP, until: at(1_000) });
    assert_eq!((desk.app().held_until, desk.notes.len()), (None, 0));
    desk.feed(1_000, Event::Held { app: APP, until: at(9_000) });
    desk.look(0, 1_000, 2_000, HANG).wake(8_999);
    assert!(desk.app().held_until.is_some() && desk.probe(0).stretch.is_some());
    desk.wake(9_000);
    assert_eq!((desk.app().held_until, desk.probe(0).stretch), (None, None));
    assert_eq!(desk.count(|note| matches!(note, Note::Released { expired: true, .. })), 1);
    desk.look(0, 9_000, 9_100, HANG).feed(9_200, Event::Released { app: APP });
    assert!(desk.probe(0).stretch.is_some(), "nothing was held");
    desk.feed(9_300, Event::Held { app: APP, until: at(90_000) });
    desk.feed(9_400, Event::Released { app: APP });
    assert_eq!((desk.app().held_until, desk.probe(0).stretch), (None, None));
    assert_eq!(desk.count(|note| matches!(note, Note::Released { expired: false, .. })), 1);
}

#[test]
fn a_stop_is_told_once_and_a_start_after_it_has_its_grace() {
    let mut desk = desk("child");
    desk.feed(500, Event::Resumed { app: APP });
    assert_eq!((desk.notes.len(), desk.app().grace_until), (0, None));
    desk.look(0, 900, 1_000, HANG);
    desk.feed(1_100, Event::Stopped { app: APP }).feed(1_200, Event::Stopped { app: APP });
    assert_eq!(desk.count(|note| matches!(note, Note::Stopped { .. })), 1);
    assert_eq!(desk.app().suspected_since, None);
    desk.feed(2_000, Event::Resumed { app: APP });
    assert_eq!((desk.app().stopped, desk.app().grace_until), (false, Some(at(62_000))));
    assert_eq!(
        (desk.probe(0).stretch, desk.count(|note| matches!(note, Note::Resumed { .. }))),
        (None, 1)
    );
    desk.wake(61_999);
    assert!(desk.app().grace_until.is_some());
    assert_eq!(desk.wake(62_000).app().grace_until, None);
}

#[test]
fn ten_minutes_of_health_forget_starts_and_a_recovery() {
    let mut desk = desk("child");
    let state = &mut desk.state.apps[0];
    state.healthy_since = Some(at(0));
    state.starts = Starts { count: 1, last: at(0), ..Starts::default() };
    let (at_, rung, used) = (at(0), Rung::Kill, Used::default());
    state.recovery = Some(Recovery { at: at_, rung, used, disruptive: 1 });
    desk.wake(599_999);
    assert!(desk.app().recovery.is_some() && desk.app().starts.count == 1);
    desk.wake(600_000);
    assert!(desk.app().recovery.is_none() && desk.app().starts == Starts::default());
    // Orders that were not carried out are no starts.
    desk.state.apps[0].starts.undone = 1;
    assert_eq!(desk.wake(600_001).app().starts.undone, 1);
}

#[test]
fn who_may_start_a_dead_app_and_by_when() {
    let table = [
        ("child", None, None),
        ("child", Some(5_000), Some(at(6_000))),
        ("known", None, Some(at(61_000))),
        ("known", Some(5_000), Some(at(61_000))),
        ("known", Some(90_000), Some(at(91_000))),
    ];
    for (target, restart_in_ms, until) in table {
        let mut desk = desk(target);
        desk.feed(
            1_000,
            Event::Died { app: APP, identity: Some(BORN), exit: Exit::Code(1), restart_in_ms },
        );
        let gone = Process::Gone { at: at(1_000), supervisor_until: until };
        assert_eq!(desk.app().process, gone, "{target} {restart_in_ms:?}");
        assert_eq!(desk.orders.len(), usize::from(until.is_none()));
        // It dies once.
        desk.die(2_000);
        assert_eq!(desk.app().process, gone);
        assert_eq!(desk.count(|note| matches!(note, Note::Died { .. })), 1);
    }
}

#[test]
fn a_death_is_believed_of_the_process_that_is_known() {
    let other = Identity { pid: 8, start_ticks: 1 };
    let exit = Exit::Code(1);
    let died = |identity| Event::Died { app: APP, identity, exit, restart_in_ms: Some(50_000) };
    for (process, identity, is) in [
        (Process::Alive { identity: BORN, since: at(0) }, Some(other), "alive"),
        (Process::Alive { identity: BORN, since: at(0) }, Some(BORN), "gone"),
        (Process::Alive { identity: BORN, since: at(0) }, None, "gone"),
        (Process::Unknown, None, "not started"),
        (Process::NotStarted, None, "not started"),
        (Process::Unknown, Some(other), "gone"),
    ] {
        let mut desk = desk("child");
        desk.policy.mode = Mode::Observe;
        desk.state.apps[0].process = process;
        desk.state.apps[0].grace_until = Some(at(90_000));
        desk.feed(1_000, died(identity));
        let name = match desk.app().process {
            Process::Gone { .. } => "gone",
            Process::NotStarted => "not started",
            Process::Alive { .. } => "alive",
            Process::Unknown => "unknown",
        };
        assert_eq!(name, is, "{process:?} {identity:?}");
        assert_eq!(desk.app().suspected_since.is_some() || desk.has_opened(), is == "gone");
        assert_eq!(desk.app().grace_until.is_none(), is == "gone");
        assert_eq!(desk.app().healthy_since.is_none(), is != "alive");
    }
    // In an incident it is not the first start; and a stopped app dies in silence.
    let mut desk = desk("child");
    desk.policy.mode = Mode::Observe;
    hang(&mut desk).state.apps[0].process = Process::Unknown;
    assert!(matches!(desk.die(18_000).app().process, Process::Gone { .. }));
    let mut desk = self::desk("child");
    desk.feed(500, Event::Stopped { app: APP }).die(1_000);
    assert_eq!((desk.app().suspected_since, desk.has_opened()), (None, false));
}

#[test]
fn a_process_that_is_found_has_what_is_left_of_its_grace() {
    // Born so long before; booted with the up-time line.
    let born = |age_ms: u64| Identity { pid: 8, start_ticks: (ZERO + 100_000 - age_ms) / 10 };
    let unknown = Process::Unknown;
    let gone = Process::Gone { at: at(99_000), supervisor_until: Some(at(500_000)) };
    let table = [
        (unknown, 20_000, true, None, Some(140_000)),
        (unknown, 59_990, true, None, Some(100_010)),
        (unknown, 60_000, true, None, None),
        (unknown, 0, true, None, Some(160_000)),
        (unknown, 20_000, false, None, None),
        (unknown, 20_000, true, Some(90_000), None),
        (unknown, 20_000, true, Some(79_999), Some(140_000)),
        (unknown, 20_000, true, Some(80_000), None),
        (gone, 20_000, false, None, Some(160_000)),
    ];
    for (process, age, passed, healthy, until) in table {
        let mut desk = Desk::well(without_verdict(one("child", vec![probe("url", View::App)])));
        let state = &mut desk.state.apps[0];
        (state.process, state.healthy_since) = (process, healthy.map(at));
        state.probes[0].ever_passed = passed;
        state.probes[0].next_at = at(500_000);
        desk.feed(100_000, Event::Found { app: APP, identity: born(age) });
        assert_eq!(desk.app().grace_until, until.map(at), "{process:?} {age} {passed} {healthy:?}");
        assert!(matches!(desk.app().process, Process::Alive { since, .. } if since == at(100_000)));
        desk.feed(100_001, Event::Found { app: APP, identity: born(age) });
        assert_eq!(desk.count(|note| matches!(note, Note::Found { .. })), 1);
    }
    // What is new is not what failed.
    let mut desk = Desk::well(without_verdict(one("child", vec![probe("url", View::App)])));
    desk.look(0, 900, 1_000, ERROR);
    desk.feed(3_000, Event::Found { app: APP, identity: born(0) });
    let probe = desk.probe(0);
    assert_eq!((probe.db, probe.stretch, probe.cusum), (0, None, 0));
    assert_eq!(desk.count(|note| matches!(note, Note::Cleared { after_ms: 2_100, .. })), 1);
    assert_eq!(desk.app().suspected_since, None);
}

#[test]
fn a_start_of_ours_is_not_the_persons_word() {
    for ours in [true, false] {
        let mut desk = desk("child");
        desk.state.apps[0].stopped = true;
        if ours {
            desk.state.apps[0].phase = AppPhase::Launching { intent: IntentId(1) };
        }
        let identity = Identity { pid: 8, start_ticks: 9 };
        desk.feed(1_000, Event::Found { app: APP, identity });
        assert_eq!(desk.app().stopped, ours);
        assert_eq!(desk.count(|note| matches!(note, Note::Resumed { .. })), usize::from(!ours));
    }
}

#[test]
fn a_new_config_ends_what_it_does_not_name_and_keeps_the_rest() {
    let mut old = one("child", vec![probe("url", View::App)]);
    let mut blog = old.apps[0].clone();
    blog.name = "blog".into();
    old.apps.push(blog);
    old.mode = Mode::Observe;
    let mut desk = Desk::well(old.clone());
    hang(&mut desk);
    let closed = |effects: &[defib_engine::effect::Effect]| {
        let superseded =
            |note: &Note| matches!(note, Note::Closed { ending: Ending::Superseded, .. });
        effects
            .iter()
            .filter(|it| matches!(it, defib_engine::effect::Effect::Note(note) if superseded(note)))
            .count()
    };
    for (name, ends) in [("shop", 0), ("blog", 1)] {
        let mut new = old.clone();
        new.apps.retain(|app| app.name == name);
        new.apps[0].rungs = RungSet::NONE.with(Rung::Restart);
        let mut effects = Vec::new();
        let state = desk.state.clone().reload(&old, &new, at(18_000), &mut effects);
        assert_eq!(closed(&effects), ends, "{name}");
        assert_eq!(state.apps[0].incident().is_some(), ends == 0);
        assert_eq!(state.apps[0].capable, new.apps[0].rungs);
        assert_eq!((state.apps[0].probes[0].fresh, state.apps[0].probes[0].ever_passed), (0, true));
    }
    // A view is known by its name; a new one, or one that is aimed elsewhere, has seen nothing.
    let mut new = old.clone();
    new.apps.truncate(1);
    new.apps[0].probes = vec![probe("new", View::App), probe("url", View::App)];
    let state = desk.state.clone().reload(&old, &new, at(18_000), &mut Vec::new());
    let passed: Vec<bool> = state.apps[0].probes.iter().map(|probe| probe.ever_passed).collect();
    assert_eq!(passed, [false, true]);
    new.apps[0].name = "other".into();
    let state = desk.state.clone().reload(&old, &new, at(18_000), &mut Vec::new());
    assert!(state.apps[0].incident().is_none() && state.apps[0].process == Process::Unknown);
}
