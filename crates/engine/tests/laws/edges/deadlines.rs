//! When the engine wants to be woken, and what the journal may leave out.

use super::{APP, Bench, HOUR, LIVES, NOW, SECOND, ago, well};
use crate::support::world::{HANG, WELL};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Doubt, Event, Exit};
use defib_engine::host::AppFacts;
use defib_engine::id::{IntentId, ProbeId};
use defib_engine::next_deadline;
use defib_engine::note::{Class, Refusal};
use defib_engine::seen::{Seen, UnknownWhy};
use defib_engine::state::{Announcement, Process, Stage, Starts, Used};
use defib_engine::time::Moment;

/// Nothing is due for an hour, and it is now.
fn calm() -> Bench {
    let mut bench = Bench::hung();
    well(bench.probe(0));
    bench.state.now = NOW;
    bench
}

fn due(change: impl FnOnce(&mut Bench)) -> Option<Moment> {
    let mut bench = calm();
    change(&mut bench);
    next_deadline(&bench.state)
}

fn in_stage(stage: Stage) -> Option<Moment> {
    due(|b| {
        b.open(Class::Hung, stage);
    })
}

#[test]
fn whatever_time_alone_brings_wakes_it_if_it_lies_ahead() {
    let later = NOW.plus(1);
    let next_look = Some(NOW.plus(HOUR));
    assert_eq!(due(|_| ()), next_look);
    let set: [fn(&mut Bench, Moment); 5] = [
        |b, at| b.app().held_until = Some(at),
        |b, at| b.app().grace_until = Some(at),
        |b, at| b.app().announced = Some(Announcement { since: NOW, until: at }),
        |b, at| (b.state.doubt.level, b.state.doubt.falls_at) = (1, at),
        |b, at| {
            let refusal = Refusal::Spacing { until: at };
            b.open(Class::Hung, Stage::Judging).refused = Some((None, refusal));
        },
    ];
    for (index, set) in set.into_iter().enumerate() {
        assert_eq!(due(|b| set(b, later)), Some(later), "{index}");
        assert_eq!(due(|b| set(b, NOW.plus(2 * HOUR))), next_look, "{index}");
        assert_eq!(due(|b| set(b, NOW)), next_look, "{index}: it has been dealt with");
        assert_eq!(due(|b| set(b, ago(1))), next_look, "{index}");
    }
    let trusted = |b: &mut Bench| b.state.doubt.falls_at = later;
    assert_eq!(due(trusted), next_look, "there is no doubt");
}

#[test]
fn each_stage_is_given_up_at_its_own_time() {
    let (rung, purse, since) = (Rung::Kill, Purse::Ladder, ago(500));
    let after = |ms| Some(since.plus(ms));
    assert_eq!(in_stage(Stage::Bundling { rung, purse, since }), after(SECOND));
    assert_eq!(in_stage(Stage::Looking { rung, purse, since }), after(70 * SECOND));
    let (intent, until, before) = (IntentId(1), NOW.plus(77), Used::default());
    assert_eq!(in_stage(Stage::Acting { intent, rung, since, until, before }), Some(until));
    let next_look = Some(NOW.plus(HOUR));
    assert_eq!(in_stage(Stage::Judging), next_look);
    assert_eq!(in_stage(Stage::Verifying { rung, since }), next_look);
}

#[test]
fn a_first_start_is_tried_again_after_its_pause() {
    let tried = |process| {
        due(|b| {
            b.app().process = process;
            b.app().starts = Starts { undone: 2, last: ago(500), ..Starts::default() };
        })
    };
    assert_eq!(tried(Process::NotStarted), Some(ago(500).plus(20 * SECOND)));
    let alive = Process::Alive { identity: LIVES, since: NOW };
    assert_eq!(tried(alive), Some(NOW.plus(HOUR)));
}

#[test]
fn every_reason_that_time_ends_says_when() {
    let until = NOW;
    let ends = [
        Refusal::Held { until },
        Refusal::Announced { until },
        Refusal::SupervisorFirst { until },
        Refusal::StartGrace { until },
        Refusal::BackOff { until },
        Refusal::Spacing { until },
        Refusal::Unclear { until },
        Refusal::BudgetSpent { used: 1, limit: 1, until },
    ];
    assert!(ends.iter().all(|refusal| refusal.until() == Some(NOW)));
    let probe = ProbeId { app: APP, index: 0 };
    let stay = [
        Refusal::Observing,
        Refusal::Stopped,
        Refusal::ClassForbids { class: Class::Hung },
        Refusal::DependencyDown { probe },
        Refusal::SelfDoubt { level: 1 },
        Refusal::NotPossible { rung: Rung::Kill },
        Refusal::MinUptime { have_ms: 1, need_ms: 2 },
    ];
    assert!(stay.iter().all(|refusal| refusal.until().is_none()));
}

#[test]
fn only_what_counts_and_nothing_else_may_be_left_out() {
    let look = |seen| {
        let probe = ProbeId { app: APP, index: 0 };
        Event::Observed { probe, attempt: 1, started: NOW, ended: NOW, seen }
    };
    let facts = AppFacts::default();
    let counts = [Event::Woke, Event::Measured { app: APP, facts }, Event::Machine(WELL)];
    assert!(counts.iter().all(|event| !event.is_notable()));
    for (seen, notable) in [
        (Seen::Pass, false),
        (Seen::Slow, false),
        (Seen::Command(1), false),
        (Seen::Command(2), true),
        (HANG, true),
        (Seen::Unknown(UnknownWhy::Late), true),
    ] {
        assert_eq!(look(seen).is_notable(), notable, "{seen:?}");
    }
    let exit = Exit::Code(0);
    for event in [
        Event::ShuttingDown,
        Event::Stopped { app: APP },
        Event::Died { app: APP, identity: None, exit, restart_in_ms: None },
        Event::Doubted(Doubt::LateTimer { late_ms: 1 }),
    ] {
        assert!(event.is_notable(), "{event:?}");
    }
}

#[test]
fn only_what_ends_something_is_disruptive() {
    let all = [Rung::Start, Rung::Reload, Rung::Restart, Rung::Kill, Rung::Reboot];
    assert_eq!(all.map(Rung::is_disruptive), [false, false, true, true, true]);
}
