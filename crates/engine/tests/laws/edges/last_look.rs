//! Before what runs is ended: a fresh look, the evidence, and the plan made once more. Nothing else lets an
//! order leave.

use super::{Bench, ERROR, GONE, HELD, MINUTE, NOW, SECOND, Verdict, ago, fail, notes, orders};
use crate::support::world::{HANG, WELL};
use defib_engine::effect::{Effect, Purse, Rung};
use defib_engine::event::Event;
use defib_engine::host::MachineFacts;
use defib_engine::id::IncidentId;
use defib_engine::note::{Class, HandOver, Note, RungFault};
use defib_engine::policy::{RungSet, View};
use defib_engine::seen::{Seen, UnknownWhy};
use defib_engine::state::{Look, Recovery, Stage, Used};
use defib_engine::time::Moment;

const KILL: (Rung, Purse) = (Rung::Kill, Purse::Ladder);

fn looking(since: Moment) -> Stage {
    Stage::Looking { rung: Rung::Kill, purse: Purse::Ladder, since }
}

fn bundling(since: Moment) -> Stage {
    Stage::Bundling { rung: Rung::Kill, purse: Purse::Ladder, since }
}

/// The last look at this probe: what it saw, when it began and ended, and when its stretch of failures ended.
fn last(bench: &mut Bench, index: usize, seen: Seen, began: Moment, ended: Moment, until: Moment) {
    let probe = bench.probe(index);
    probe.last = Some(Look { seen, started: began, ended });
    let stretch = probe.stretch;
    probe.stretch = stretch.map(|it| defib_engine::state::Stretch { until, ..it });
}

/// Which probes of the first app were begun.
fn probed(effects: &[Effect]) -> Vec<u8> {
    let probe = |effect: &Effect| match effect {
        Effect::Probe { probe, .. } if probe.app == super::APP => Some(probe.index),
        _ => None,
    };
    effects.iter().filter_map(probe).collect()
}

#[test]
fn a_failure_is_fresh_for_two_seconds() {
    let decides = |ended, until| {
        let mut bench = Bench::hung();
        last(&mut bench, 0, HANG, ago(4 * SECOND), ended, until);
        let effects = bench.wake();
        assert_eq!(super::verdict(&effects), Verdict::Acts(KILL.0, KILL.1));
        let gathers = |effect: &&Effect| matches!(effect, Effect::Gather { .. });
        assert_eq!(effects.iter().filter(gathers).count(), 1);
        assert_eq!(orders(&effects).len(), 0, "the evidence comes first");
        (bench.stage(), probed(&effects))
    };
    assert_eq!(decides(ago(2_000), ago(2_000)).0, Some(bundling(NOW)));
    // A new look, at the app and not at what it depends on.
    let looks = (Some(looking(NOW)), vec![0]);
    assert_eq!(decides(ago(2_001), ago(2_001)), looks);
    assert_eq!(decides(ago(2_001), ago(1)), looks);
    assert_eq!(decides(ago(1), ago(2_001)), looks, "it failed while nobody believed it");
}

#[test]
fn a_look_that_could_not_see_is_no_fresh_failure() {
    let mut bench = Bench::hung();
    last(&mut bench, 0, HANG, ago(4_000), ago(3_000), ago(3_000));
    let other = bench.add(View::App);
    fail(bench.probe(other), HANG, 50);
    let blind = Seen::Unknown(UnknownWhy::OurLimit);
    last(&mut bench, other, blind, ago(100), ago(90), ago(500));
    bench.wake();
    assert_eq!(bench.stage(), Some(looking(NOW)));
    // Nor is what a dependency shows.
    let mut bench = Bench::hung();
    last(&mut bench, 0, HANG, ago(4_000), ago(3_000), ago(3_000));
    bench.host().memory = Some(HELD);
    bench.host().facts.grown_kb = 100_000;
    bench.state.machine = Some((NOW, short()));
    fail(bench.probe(1), HANG, 50);
    bench.open(Class::Hung, bundling(ago(SECOND)));
    let effects = bench.wake();
    assert_eq!(orders(&effects).len(), 1, "two readings of the kernel need no look");
}

const fn short() -> MachineFacts {
    MachineFacts { available_kb: 9_000, pressure: None, ..WELL }
}

#[test]
fn the_look_that_is_waited_for_began_after_the_decision() {
    let after = |began, ended| {
        let mut bench = Bench::hung();
        bench.open(Class::Hung, looking(ago(500)));
        last(&mut bench, 0, HANG, began, ended, ended);
        let effects = bench.wake();
        assert_eq!(orders(&effects).len(), 0);
        bench.stage()
    };
    assert_eq!(after(ago(501), ago(1)), Some(looking(ago(500))));
    assert_eq!(after(ago(500), ago(1)), Some(bundling(ago(500))));
    assert_eq!(after(ago(3_500), ago(2_500)), Some(looking(ago(500))));
    // A good look at one thing does not make an old failure of another a new one.
    let mut bench = Bench::hung();
    bench.add(View::Listener);
    bench.open(Class::Hung, looking(ago(600)));
    last(&mut bench, 0, HANG, ago(601), ago(1), ago(1));
    bench.wake();
    assert_eq!(bench.stage(), Some(looking(ago(600))));
    // Nor does a new failure of its dependency.
    let mut bench = Bench::hung();
    bench.open(Class::Hung, looking(ago(600)));
    last(&mut bench, 0, HANG, ago(601), ago(1), ago(1));
    fail(bench.probe(1), HANG, 50);
    last(&mut bench, 1, HANG, ago(500), ago(1), ago(1));
    bench.wake();
    assert_eq!(bench.stage(), Some(looking(ago(600))));
}

#[test]
fn a_look_that_does_not_come_is_given_up_after_70_s() {
    let after = |since| {
        let mut bench = Bench::hung();
        last(&mut bench, 0, HANG, ago(4_000), ago(3_000), ago(3_000));
        bench.open(Class::Hung, looking(since));
        let effects = bench.wake();
        (super::verdict(&effects), bench.stage())
    };
    let since = ago(70 * SECOND - 1);
    assert_eq!(after(since), (Verdict::Nothing, Some(looking(since))));
    let anew = (Verdict::Acts(KILL.0, KILL.1), Some(looking(NOW)));
    assert_eq!(after(ago(70 * SECOND)), anew);
}

#[test]
fn evidence_holds_an_act_back_for_a_second_and_not_once_it_is_closed() {
    let after = |since, bundled| {
        let mut bench = Bench::hung();
        bench.open(Class::Hung, bundling(since)).bundled = bundled;
        let effects = bench.wake();
        orders(&effects).len()
    };
    assert_eq!(after(ago(999), false), 0);
    assert_eq!(after(ago(1_000), false), 1);
    assert_eq!(after(ago(50), true), 1);
    let closed = |incident, complete| {
        let mut bench = Bench::hung();
        bench.open(Class::Hung, bundling(NOW));
        let event = Event::EvidenceClosed { app: super::APP, incident, complete };
        orders(&bench.at(NOW, &event)).len()
    };
    assert_eq!(closed(IncidentId(1), true), 1);
    assert_eq!(closed(IncidentId(1), false), 1);
    assert_eq!(closed(IncidentId(2), true), 0, "another incident's");
}

#[test]
fn what_was_decided_is_what_is_ordered_or_it_is_decided_anew() {
    let bundled = |seen, rung, purse| {
        let mut bench = Bench::failing(seen);
        let class = if seen == ERROR { Class::Erroring } else { Class::Hung };
        bench.open(class, Stage::Bundling { rung, purse, since: ago(500) }).bundled = true;
        let effects = bench.wake();
        let orders: Vec<_> = orders(&effects).iter().map(|it| (it.rung, it.purse)).collect();
        (orders, super::verdict(&effects))
    };
    assert_eq!(bundled(HANG, KILL.0, KILL.1), (vec![KILL], Verdict::Nothing));
    let restart = Verdict::Acts(Rung::Restart, Purse::Ladder);
    assert_eq!(bundled(ERROR, KILL.0, KILL.1), (vec![], restart), "another rung");
    assert_eq!(bundled(ERROR, Rung::Restart, Purse::Gentle), (vec![], restart), "another purse");
}

#[test]
fn evidence_that_took_too_long_wants_one_more_look() {
    let mut bench = Bench::hung();
    last(&mut bench, 0, HANG, ago(4_000), ago(2_001), ago(2_001));
    bench.open(Class::Hung, bundling(ago(SECOND)));
    let effects = bench.wake();
    assert_eq!((orders(&effects).len(), bench.stage()), (0, Some(looking(NOW))));
    assert_eq!(probed(&effects), [0], "not at its dependency");
}

/// A recovery command of the user's would fail while orphans of the dead process still hold the port.
#[test]
fn a_command_starts_nothing_while_somebody_answers() {
    let mut bench = Bench::dead();
    bench.rules().rungs = RungSet::NONE.with(Rung::Start).with(Rung::Restart);
    assert_eq!(bench.verdict(|_| ()), Verdict::Nothing);
    let refused = |began| {
        move |b: &mut Bench| {
            b.probe(0).last = Some(Look { seen: Seen::Refused, started: began, ended: NOW });
        }
    };
    let starts = Verdict::Acts(Rung::Start, Purse::Free);
    assert_eq!(bench.verdict(refused(ago(SECOND))), starts);
    assert_eq!(bench.verdict(refused(ago(SECOND + 1))), Verdict::Nothing);
    // What cannot be started at all is another matter: the machine's rung waits for nobody's port.
    let unstartable = |b: &mut Bench| {
        b.rules().rungs = b.rules().rungs.with(Rung::Reboot);
        b.app().capable = b.app().capable.with(Rung::Reboot);
        b.app().starts.failed = 3;
    };
    assert_eq!(bench.verdict(unstartable), Verdict::Acts(Rung::Reboot, Purse::Ladder));
}

#[test]
fn a_relapse_goes_on_from_where_the_last_incident_stood() {
    let mut used = Used::default();
    used.steps[2] = 1;
    let opens = |rung, ago_ms: u64| {
        let mut bench = Bench::hung();
        bench.app().recovery = Some(Recovery { at: ago(ago_ms), rung, used, disruptive: 3 });
        let effects = bench.wake();
        let after = notes(&effects).find_map(|note| match note {
            Note::RungFailed { fault: RungFault::Relapsed { after_ms }, .. } => Some(*after_ms),
            _ => None,
        });
        assert_eq!(bench.app().recovery, None, "it is told once");
        (after, bench.incident().used, bench.incident().disruptive)
    };
    let anew = (None, Used::default(), 0);
    let (edge, over) = (10 * MINUTE - 1, 10 * MINUTE);
    assert_eq!(opens(Rung::Kill, edge), (Some(edge), used, 3));
    assert_eq!(opens(Rung::Kill, over), anew);
    assert_eq!(opens(Rung::Start, edge), anew, "a start ends nothing, and is no rung that failed");
}

#[test]
fn another_class_is_told_and_judged_anew_and_the_same_is_not() {
    let judged = |class| {
        let mut bench = Bench::hung();
        bench.app().again_at = NOW.plus(1);
        bench.open(class, Stage::Judging).handed_over = Some(HandOver::NoCure);
        let effects = bench.wake();
        let told = notes(&effects).find_map(|note| match note {
            Note::Reclassed { from, to, .. } => Some((*from, *to)),
            _ => None,
        });
        (told, bench.incident().handed_over)
    };
    assert_eq!(judged(Class::Contract), (Some((Class::Contract, Class::Hung)), None));
    assert_eq!(judged(Class::Hung), (None, Some(HandOver::NoCure)));
    // What has ended meanwhile is no reclassing.
    let mut dead = Bench::hung();
    dead.open(Class::Hung, Stage::Judging);
    dead.app().process = GONE;
    assert_eq!(dead.verdict(|_| ()), Verdict::Acts(Rung::Start, Purse::Free));
}
