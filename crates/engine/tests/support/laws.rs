//! The laws that the engine keeps, each as a function that a right engine passes and a wrong one does not.

use super::check::broken;
use super::script::{Line, heal, play, two_apps};
use super::world::{HANG, Life, Mutant, Trace, World};
use defib_engine::effect::{Effect, Order, Rung};
use defib_engine::event::{Doubt, Event, Exit};
use defib_engine::id::{AppId, ProbeId};
use defib_engine::note::Note;
use defib_engine::policy::{Mode, Policy};
use defib_engine::seen::{BodyFault, Seen, UnknownWhy};
use defib_engine::state::AppPhase;
use defib_engine::time::Moment;

pub const UPTIME_MS: u64 = 3_600_000;

/// A way of being wrong.
#[derive(Clone, Copy)]
pub struct Wrong {
    /// Changes what the engine is told of the policy.
    pub policy: Option<fn(&mut Policy)>,
    /// Changes what it is told of the world.
    pub tamper: Option<Mutant>,
    /// Changes what it wants.
    pub effects: Option<fn(&mut Vec<Effect>)>,
    /// The executor forgets which intents it has seen.
    pub forgetful: bool,
}

/// The engine as it is.
pub const RIGHT: Wrong = Wrong { policy: None, tamper: None, effects: None, forgetful: false };

pub type Law = Result<(), String>;

fn world(wrong: &Wrong, truth: &Policy, uptime_ms: u64) -> World {
    let mut told = truth.clone();
    if let Some(change) = wrong.policy {
        change(&mut told);
    }
    let mut world = World::new(told, uptime_ms);
    world.tamper = wrong.tamper;
    world.tamper_effects = wrong.effects;
    world.forgetful = wrong.forgetful;
    world.start_guardian();
    world
}

fn law(kept: bool, why: impl FnOnce() -> String) -> Law {
    if kept { Ok(()) } else { Err(why()) }
}

pub fn safety(wrong: &Wrong, script: &[Line], reboot: bool, observe: bool, uptime_ms: u64) -> Law {
    let mut truth = two_apps(reboot);
    if observe {
        truth.mode = Mode::Observe;
    }
    let mut world = world(wrong, &truth, uptime_ms);
    play(&mut world, script);
    let found = broken(&world, &truth);
    law(found.is_empty(), || format!("{found:?}"))?;
    law(world.state.apps.iter().all(|app| app.alarmed.is_none()), || "an alarm".into())?;
    law(world.state.charges.len() < 250, || "charges are not bounded".into())
}

pub fn healed_world_closes(wrong: &Wrong, script: &[Line]) -> Law {
    let mut world = world(wrong, &two_apps(false), UPTIME_MS);
    play(&mut world, script);
    heal(&mut world);
    // The longest pause between two starts is 5 min, then its grace and the verify window.
    world.run(20 * 60_000);
    for app in &world.state.apps {
        let closed = matches!(app.phase, AppPhase::Watching);
        law(closed, || format!("L1, L5: still {:?}", app.phase))?;
    }
    let count = |which: fn(&Note) -> bool| world.notes().filter(|(_, note)| which(note)).count();
    let opened = count(|note| matches!(note, Note::Opened { .. }));
    let closed = count(|note| matches!(note, Note::Closed { .. }));
    law(opened == closed, || format!("L2: {opened} opened, {closed} closed"))
}

pub fn death_is_answered(wrong: &Wrong, calm_ms: u64) -> Law {
    let mut world = world(wrong, &two_apps(false), UPTIME_MS);
    world.run(calm_ms);
    world.die(0, Exit::Signal(9), None);
    world.run(2_000);
    let started = world.done().any(|(_, order)| order.rung == Rung::Start);
    law(started, || "L3: no start within 2 s".into())
}

pub fn hang_is_killed(wrong: &Wrong, calm_ms: u64) -> Law {
    let mut world = world(wrong, &two_apps(false), UPTIME_MS);
    world.run(calm_ms);
    world.set_all(0, HANG);
    // At the worst phase 5 s until a look meets it and 16 s of window; its evidence is closed 50 ms later.
    world.run(21_050);
    let kill = |order: &Order| order.rung == Rung::Kill && order.app == AppId(0);
    let killed = world.done().any(|(_, order)| kill(order));
    law(killed, || "L4: no kill within 21 s".into())
}

/// However long a look may take, as long as three of them fit into the window.
pub fn conviction_ends_with_the_window(wrong: &Wrong, calm_ms: u64, timeout_ms: u64) -> Law {
    let mut truth = two_apps(false);
    truth.apps.truncate(1);
    truth.apps[0].probes[0].timeout_ms = timeout_ms;
    let mut world = world(wrong, &truth, UPTIME_MS);
    world.run(calm_ms);
    world.set_answer(0, 0, HANG);
    world.run(30_000);
    let took = world.notes().find_map(|(at, note)| match note {
        Note::Opened { since, .. } => Some(at.since(*since)),
        _ => None,
    });
    law(took == Some(16_000), || format!("L4: judged after {took:?} ms of a window of 16 s"))
}

/// At any pace: a burst shorter than the window (by the 10 ms that a look takes), after calm.
pub fn burst_is_no_fault(wrong: &Wrong, pace_ms: (u64, u64), window_ms: u64, phase_ms: u64) -> Law {
    let mut truth = two_apps(false);
    truth.apps.truncate(1);
    truth.apps[0].window_ms = window_ms;
    for probe in &mut truth.apps[0].probes {
        (probe.interval_ms, probe.fast_ms) = (pace_ms.0, pace_ms.1.min(pace_ms.0));
    }
    let mut world = world(wrong, &truth, UPTIME_MS);
    world.run(12_000 + phase_ms);
    world.set_all(0, Seen::Status { code: 500, retry_after_s: None });
    world.run(window_ms - 11);
    world.set_all(0, Seen::Pass);
    world.run(60_000);
    let opened = world.notes().any(|(_, note)| matches!(note, Note::Opened { .. }));
    law(!opened, || "a burst was taken for a fault".into())
}

pub fn deterministic(wrong: &Wrong, script: &[Line]) -> Law {
    let run = || {
        let mut world = world(wrong, &two_apps(true), UPTIME_MS);
        play(&mut world, script);
        world.trace
    };
    law(run() == run(), || "S25: two runs differ".into())
}

pub fn wall_clock_is_irrelevant(wrong: &Wrong, script: &[Line], by_ms: i64) -> Law {
    let run = |shift: bool| {
        let changed = |line: &Line| match line {
            Line::Doubt(Doubt::ClockStepped { .. }) if shift => {
                Line::Doubt(Doubt::ClockStepped { by_ms })
            }
            other => other.clone(),
        };
        let script: Vec<Line> = script.iter().map(changed).collect();
        let mut world = world(wrong, &two_apps(true), UPTIME_MS);
        play(&mut world, &script);
        world.done().map(|(at, order)| (at, *order)).collect::<Vec<_>>()
    };
    law(run(false) == run(true), || "S29: the wall clock changed a decision".into())
}

pub fn late_is_unknown(wrong: &Wrong, late_ms: u64, looks: usize) -> Law {
    let mut world = world(wrong, &two_apps(false), UPTIME_MS);
    world.run(12_000);
    for _ in 0..looks {
        let late = late_look(&mut world, late_ms);
        world.feed(late);
        world.run(5_000);
    }
    let suspected = world.notes().any(|(_, note)| matches!(note, Note::Suspected { .. }));
    law(!suspected && world.done().count() == 0, || "S15: a late look counted".into())
}

/// A failing look of the running attempt that took far longer than it may.
fn late_look(world: &mut World, late_ms: u64) -> Event {
    let limit = world.now.plus(60_000);
    while world.state.apps[0].probes[0].asked_at.is_none() {
        assert!(world.now < limit, "nobody looks any more");
        world.run(1);
    }
    let probe = &world.state.apps[0].probes[0];
    let (attempt, started) = (probe.attempt, probe.asked_at.unwrap_or(world.now));
    let ended = started.plus(3_000 + late_ms);
    world.now = world.now.max(ended);
    let probe = ProbeId { app: AppId(0), index: 0 };
    Event::Observed { probe, attempt, started, ended, seen: HANG }
}

pub fn monotone(wrong: &Wrong, looks: &[u8], drop: usize) -> Law {
    let mut less = looks.to_vec();
    less[drop] = 0;
    match (first_act(wrong, looks), first_act(wrong, &less)) {
        (_, None) => Ok(()),
        (None, Some(act)) => Err(format!("S31: less evidence gave {act:?}")),
        (Some(full), Some(soft)) => {
            law(soft.0 >= full.0 && soft.1 <= full.1, || format!("S31: {full:?} became {soft:?}"))
        }
    }
}

/// The first disruptive act of a fixed row of looks, one every 2 s: 0 could not look, 1 reset, 2 status
/// 500, 3 a wrong body.
fn first_act(wrong: &Wrong, looks: &[u8]) -> Option<(u64, Rung)> {
    let mut truth = two_apps(false);
    truth.apps.truncate(1);
    truth.apps[0].probes.truncate(1);
    // One pace, sick or well: otherwise the two runs would look at different moments.
    truth.apps[0].probes[0].interval_ms = truth.apps[0].probes[0].fast_ms;
    let mut world = world(wrong, &truth, UPTIME_MS);
    world.apps[0].next = Life::Same;
    world.run(6_000);
    for look in looks {
        world.set_all(
            0,
            match look {
                0 => Seen::Unknown(UnknownWhy::OurLimit),
                1 => Seen::Reset,
                2 => Seen::Status { code: 500, retry_after_s: None },
                _ => Seen::Body(BodyFault::Missing),
            },
        );
        world.run(2_000);
    }
    world.trace.iter().find_map(|(at, trace)| match trace {
        Trace::Effect(Effect::Order(order)) if order.rung.is_disruptive() => {
            Some((at.since(Moment(UPTIME_MS)), order.rung))
        }
        _ => None,
    })
}
