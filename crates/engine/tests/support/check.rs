//! Checkers that read a trace and the truth of the world; they share no code with the engine.

use super::world::{Trace, World};
use defib_engine::effect::{Effect, Order, Purse, Rung};
use defib_engine::event::{Event, Outcome};
use defib_engine::host::{AppFacts, MachineFacts};
use defib_engine::id::{AppId, IncidentId};
use defib_engine::note::{Class, Note};
use defib_engine::policy::{Mode, Permission, Policy, View};
use defib_engine::time::Moment;
use std::collections::BTreeMap;

/// A broken promise: its number and when.
pub type Broken = (&'static str, Moment);

/// Everything that is broken in this run, judged by the true policy.
pub fn broken(world: &World, truth: &Policy) -> Vec<Broken> {
    let checkers: [fn(&World, &Policy) -> Vec<Broken>; 16] = [
        s1_one_act_at_a_time,
        s2_intent_first,
        s4_budgets,
        s5_permitted,
        s6_last_look,
        s7_rungs_rise,
        s8_spacing,
        s9_reboot,
        s13_unknown,
        s14_self_doubt,
        s16_grace,
        s17_operator,
        s20_identity,
        s21_target,
        s30_once,
        s32_isolation,
    ];
    checkers.iter().flat_map(|check| check(world, truth)).collect()
}

fn orders(world: &World) -> impl Iterator<Item = (Moment, &Order)> {
    world.trace.iter().filter_map(|(at, trace)| match trace {
        Trace::Effect(Effect::Order(order)) => Some((*at, order)),
        _ => None,
    })
}

fn s1_one_act_at_a_time(world: &World, _: &Policy) -> Vec<Broken> {
    let mut running: BTreeMap<AppId, u64> = BTreeMap::new();
    let mut found = Vec::new();
    for (at, trace) in &world.trace {
        match trace {
            Trace::Effect(Effect::Order(order))
                if running.insert(order.app, order.intent.0).is_some() =>
            {
                found.push(("S1", *at));
            }
            Trace::Event(Event::Acted { app, .. }) => {
                running.remove(app);
            }
            Trace::Event(Event::Started(_)) => running.clear(),
            _ => {}
        }
    }
    found
}

fn s2_intent_first(world: &World, _: &Policy) -> Vec<Broken> {
    let mut written = 0;
    let mut found = Vec::new();
    for (at, trace) in &world.trace {
        match trace {
            Trace::Effect(Effect::Note(Note::Ordered { intent, .. })) => {
                if intent.0 <= written {
                    found.push(("S2", *at));
                }
                written = intent.0;
            }
            Trace::Effect(Effect::Order(order)) if order.intent.0 != written => {
                found.push(("S2", *at));
            }
            _ => {}
        }
    }
    found
}

fn s4_budgets(world: &World, truth: &Policy) -> Vec<Broken> {
    let mut found = Vec::new();
    for (at, order) in world.done() {
        let rules = &truth.apps[usize::from(order.app.0)];
        let since = |window: u64, which: &dyn Fn(&Order) -> bool| {
            world
                .done()
                .filter(|(then, other)| *then <= at && at.since(*then) < window && which(other))
                .count()
        };
        let ladder = |other: &Order| {
            other.app == order.app
                && other.purse == Purse::Ladder
                && matches!(other.rung, Rung::Restart | Rung::Kill)
        };
        let reboot = |other: &Order| other.rung == Rung::Reboot;
        let gentle = |other: &Order| other.app == order.app && other.rung.is_charged();
        let over = match (order.purse, order.rung) {
            (_, Rung::Start | Rung::Reload) => false,
            (Purse::Ladder, Rung::Reboot) => {
                since(21_600_000, &reboot) > 1 || since(86_400_000, &reboot) > 2
            }
            (Purse::Ladder, Rung::Restart | Rung::Kill) => {
                since(3_600_000, &ladder) > usize::from(rules.budget.short_limit)
                    || since(86_400_000, &ladder) > usize::from(rules.budget.long_limit)
            }
            (Purse::Gentle, Rung::Restart | Rung::Clean) => {
                since(rules.gentle_every_ms, &gentle) > 1
            }
            _ => true,
        };
        if over {
            found.push(("S4", at));
        }
    }
    found
}

fn s5_permitted(world: &World, truth: &Policy) -> Vec<Broken> {
    let permitted = |order: &Order| match order.class {
        Class::Dead => !matches!(order.rung, Rung::Reload | Rung::Restart),
        Class::CrashLoop => matches!(order.rung, Rung::Start | Rung::Kill),
        Class::Hung | Class::Erroring | Class::Spinning | Class::Memory => {
            order.rung.is_disruptive()
        }
        Class::KernelIo => order.rung == Rung::Reboot,
        Class::Unknown => order.rung == Rung::Restart,
        Class::Exhausted => matches!(order.rung, Rung::Restart | Rung::Clean),
        _ => false,
    };
    orders(world)
        .filter(|(_, order)| truth.mode != Mode::Act || !permitted(order))
        .map(|(at, _)| ("S5", at))
        .collect()
}

fn view(truth: &Policy, app: AppId, index: u8) -> View {
    truth.apps[usize::from(app.0)].probes[usize::from(index)].view
}

fn s6_last_look(world: &World, truth: &Policy) -> Vec<Broken> {
    let mut last: BTreeMap<AppId, Moment> = BTreeMap::new();
    let mut found = Vec::new();
    for (at, trace) in &world.trace {
        match trace {
            Trace::Event(Event::Observed { probe, ended, seen, .. })
                if view(truth, probe.app, probe.index) != View::Dependency =>
            {
                if seen.is_failure() {
                    last.insert(probe.app, *ended);
                } else if seen.is_good() && truth.apps[usize::from(probe.app.0)].probes.len() == 1 {
                    last.remove(&probe.app);
                }
            }
            Trace::Effect(Effect::Order(order)) if order.rung.is_disruptive() => {
                let fresh = last.get(&order.app).is_some_and(|then| at.since(*then) <= 2_000);
                if !fresh && !kernel_facts(world, truth, order, *at) {
                    found.push(("S6", *at));
                }
            }
            _ => {}
        }
    }
    found
}

/// What was measured of an app, and the machine at the same time, up to this moment; the latest first.
fn readings(world: &World, app: AppId, at: Moment) -> Vec<(Moment, AppFacts, MachineFacts)> {
    let mut own = None;
    let mut found = Vec::new();
    for (when, trace) in world.trace.iter().filter(|(when, _)| *when <= at) {
        match trace {
            Trace::Event(Event::Measured { app: other, facts }) if *other == app => {
                own = Some((*when, *facts));
            }
            Trace::Event(Event::Machine(machine)) => {
                let facts = own.filter(|(then, _)| then == when).map(|(_, facts)| facts);
                found.push((*when, facts.unwrap_or_default(), *machine));
            }
            _ => {}
        }
    }
    found.reverse();
    found
}

fn has_grown(world: &World, app: AppId, at: Moment) -> bool {
    let last = readings(world, app, at).into_iter().next();
    last.is_some_and(|(_, facts, machine)| facts.grown_kb * 10 >= machine.memory_kb)
}

/// Two readings, 4 s apart at least and the last of them fresh, say what the order's class says, and nobody
/// saw the app answer between them.
fn kernel_facts(world: &World, truth: &Policy, order: &Order, at: Moment) -> bool {
    let says = |facts: &AppFacts, machine: &MachineFacts| match order.class {
        Class::Memory => machine.available_kb * 10 < machine.memory_kb,
        Class::Spinning => facts.cpu_permille >= 800 || facts.tasks * 2 >= machine.tasks,
        _ => false,
    };
    let readings = readings(world, order.app, at);
    let run: Vec<Moment> = readings
        .iter()
        .take_while(|(_, facts, machine)| says(facts, machine))
        .map(|(when, ..)| *when)
        .collect();
    let (Some(last), Some(first)) = (run.first(), run.last()) else { return false };
    let answered = world.trace.iter().rev().find_map(|(when, trace)| match trace {
        Trace::Event(Event::Observed { probe, seen, .. })
            if *when <= at
                && probe.app == order.app
                && seen.is_good()
                && view(truth, probe.app, probe.index) == View::App =>
        {
            Some(*when)
        }
        _ => None,
    });
    let silent = run.iter().filter(|when| answered.is_none_or(|then| then < **when)).min();
    silent.is_some_and(|first| last.since(*first) >= 4_000)
        && last.since(*first) >= 4_000
        && at.since(*last) <= 15_000
}

fn s7_rungs_rise(world: &World, truth: &Policy) -> Vec<Broken> {
    let mut acts: BTreeMap<(AppId, IncidentId), Vec<(Class, Rung)>> = BTreeMap::new();
    let mut found = Vec::new();
    let counted = |order: &&Order| order.rung.is_disruptive() && order.purse == Purse::Ladder;
    for (at, order) in world.done().filter(|(_, order)| counted(order)) {
        let before = acts.entry((order.app, order.incident)).or_default();
        let lower = before.iter().any(|(class, rung)| *class == order.class && *rung > order.rung);
        before.push((order.class, order.rung));
        if lower || before.len() > usize::from(truth.apps[usize::from(order.app.0)].incident_limit)
        {
            found.push(("S7", at));
        }
    }
    found
}

fn s8_spacing(world: &World, truth: &Policy) -> Vec<Broken> {
    let mut last: BTreeMap<AppId, Moment> = BTreeMap::new();
    let mut found = Vec::new();
    // An act that was prevented before it ended anything needs no room.
    let undone =
        |order: &Order| world.trace.iter().any(|(_, trace)| *trace == Trace::Undone(order.intent));
    for (at, order) in world.done().filter(|(_, o)| o.rung.is_disruptive() && !undone(o)) {
        let rules = &truth.apps[usize::from(order.app.0)];
        let room_ms = rules.verify_ms.max(rules.start_grace_ms);
        if let Some(before) = last.insert(order.app, at)
            && at.since(before) < room_ms
        {
            found.push(("S8", at));
        }
    }
    found
}

fn s9_reboot(world: &World, truth: &Policy) -> Vec<Broken> {
    let mut booted = Moment(0);
    let mut tried: Vec<(AppId, IncidentId)> = Vec::new();
    let mut found = Vec::new();
    for (at, trace) in &world.trace {
        match trace {
            Trace::Event(Event::Started(started)) => booted = started.booted_at,
            Trace::Effect(Effect::Order(order)) if order.rung == Rung::Reboot => {
                let young = at.since(booted) < truth.min_uptime_ms;
                // No signal reaches what sleeps in the kernel, and to kill an app that has not grown frees
                // nothing.
                let first = !tried.contains(&(order.app, order.incident))
                    && order.class != Class::KernelIo
                    && (order.class != Class::Memory || has_grown(world, order.app, *at));
                if young || first || truth.reboot == Permission::Never {
                    found.push(("S9", *at));
                }
            }
            Trace::Effect(Effect::Order(order)) => tried.push((order.app, order.incident)),
            _ => {}
        }
    }
    found
}

fn s13_unknown(world: &World, _: &Policy) -> Vec<Broken> {
    orders(world)
        .filter(|(_, order)| order.class == Class::Unknown && order.rung == Rung::Reboot)
        .map(|(at, _)| ("S13", at))
        .collect()
}

fn s14_self_doubt(world: &World, truth: &Policy) -> Vec<Broken> {
    let mut doubted: Option<Moment> = None;
    let mut looks: BTreeMap<AppId, u32> = BTreeMap::new();
    let mut found = Vec::new();
    for (at, trace) in &world.trace {
        match trace {
            Trace::Event(Event::Doubted(_)) => {
                doubted = Some(*at);
                looks.clear();
            }
            Trace::Event(Event::Started(_)) => looks.clear(),
            Trace::Event(Event::Observed { probe, .. })
                if view(truth, probe.app, probe.index) != View::Dependency =>
            {
                *looks.entry(probe.app).or_default() += 1;
            }
            Trace::Effect(Effect::Order(order)) if order.rung.is_disruptive() => {
                let soon = doubted.is_some_and(|then| at.since(then) < 5_000);
                let blind = soon || looks.get(&order.app).copied().unwrap_or(0) < 3;
                if blind && !kernel_facts(world, truth, order, *at) {
                    found.push(("S14", *at));
                }
            }
            _ => {}
        }
    }
    found
}

fn s16_grace(world: &World, truth: &Policy) -> Vec<Broken> {
    let mut until: BTreeMap<AppId, Moment> = BTreeMap::new();
    let mut found = Vec::new();
    for (at, trace) in &world.trace {
        match trace {
            Trace::Event(Event::Acted { app, outcome: Outcome::Done, .. }) => {
                let grace_ms = truth.apps[usize::from(app.0)].start_grace_ms;
                until.insert(*app, at.plus(grace_ms));
            }
            Trace::Event(Event::Observed { probe, seen, .. }) if seen.is_good() => {
                until.remove(&probe.app);
            }
            Trace::Event(Event::Died { app, .. }) => {
                until.remove(app);
            }
            Trace::Effect(Effect::Order(order))
                if order.rung.is_disruptive()
                    && until.get(&order.app).is_some_and(|until| at < until) =>
            {
                found.push(("S16", *at));
            }
            _ => {}
        }
    }
    found
}

fn s17_operator(world: &World, _: &Policy) -> Vec<Broken> {
    let mut held: BTreeMap<AppId, Moment> = BTreeMap::new();
    let mut stopped: BTreeMap<AppId, bool> = BTreeMap::new();
    let mut found = Vec::new();
    for (at, trace) in &world.trace {
        match trace {
            Trace::Event(Event::Held { app, until }) => {
                held.insert(*app, *until);
            }
            Trace::Event(Event::Released { app }) => {
                held.remove(app);
            }
            Trace::Event(Event::Stopped { app }) => {
                stopped.insert(*app, true);
            }
            Trace::Event(Event::Found { app, .. } | Event::Resumed { app }) => {
                stopped.insert(*app, false);
            }
            Trace::Effect(Effect::Order(order)) => {
                let on_hold = held.get(&order.app).is_some_and(|until| at < until);
                if on_hold || stopped.get(&order.app) == Some(&true) {
                    found.push(("S17", *at));
                }
            }
            _ => {}
        }
    }
    found
}

fn s20_identity(world: &World, truth: &Policy) -> Vec<Broken> {
    let mut alive = BTreeMap::new();
    let mut found = Vec::new();
    for (at, trace) in &world.trace {
        match trace {
            Trace::Event(Event::Found { app, identity }) => {
                alive.insert(*app, *identity);
            }
            Trace::Event(Event::Died { app, .. }) => {
                alive.remove(app);
            }
            Trace::Event(Event::Started(_)) => alive.clear(),
            Trace::Effect(Effect::Order(order)) if order.rung.is_disruptive() => {
                let known = truth.apps[usize::from(order.app.0)].process_known;
                if known && order.identity != alive.get(&order.app).copied() {
                    found.push(("S20", *at));
                }
            }
            _ => {}
        }
    }
    found
}

fn s21_target(world: &World, truth: &Policy) -> Vec<Broken> {
    orders(world)
        .filter(|(_, order)| usize::from(order.app.0) >= truth.apps.len())
        .map(|(at, _)| ("S21", at))
        .collect()
}

fn s30_once(world: &World, _: &Policy) -> Vec<Broken> {
    let mut seen = Vec::new();
    let mut found = Vec::new();
    for (at, order) in world.done() {
        if seen.contains(&order.intent) {
            found.push(("S30", at));
        }
        seen.push(order.intent);
    }
    found
}

fn s32_isolation(world: &World, _: &Policy) -> Vec<Broken> {
    let mut reason: BTreeMap<AppId, bool> = BTreeMap::new();
    let mut found = Vec::new();
    for (at, trace) in &world.trace {
        match trace {
            Trace::Event(Event::Observed { probe, seen, .. }) if seen.is_failure() => {
                reason.insert(probe.app, true);
            }
            Trace::Event(Event::Died { app, .. } | Event::Measured { app, .. }) => {
                reason.insert(*app, true);
            }
            Trace::Effect(Effect::Order(order)) if !reason.contains_key(&order.app) => {
                found.push(("S32", *at));
            }
            _ => {}
        }
    }
    found
}
