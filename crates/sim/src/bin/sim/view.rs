//! A world and its guard at one moment, in words.

use defib_engine::state::{AppPhase, State};
use defib_sim::agent::engine::EngineAgent;
use defib_sim::fact::{Fact, Witness};
use defib_sim::plan::{Plan, in_clock};
use defib_sim::run::{Pace, run};
use defib_sim::trial::Accused;
use defib_sim::world::World;
use std::fmt::Write;
use std::rc::Rc;

struct Nobody;

impl Witness for Nobody {
    fn take(&mut self, _at_ms: u64, _fact: &Fact) {}
}

/// The state at `at_ms`: the world is run again from its beginning, which gives the same one each time.
pub(crate) fn at(plan: &Plan, accused: Accused, at_ms: u64) -> Result<String, String> {
    let mut world = World::new(Rc::new(plan.clone()))?;
    let mut text = String::new();
    if accused == Accused::Engine {
        let mut agent = EngineAgent::new(&world);
        run(&mut world, &mut agent, Pace::Every, at_ms, &mut Nobody);
        of_engine(plan, agent.state(), &mut text);
    } else {
        let mut agent = accused.bring(&world);
        run(&mut world, agent.as_mut(), Pace::Every, at_ms, &mut Nobody);
    }
    Ok(of_world(plan, &world) + &text)
}

fn of_world(plan: &Plan, world: &World) -> String {
    let (machine, now_ms) = (world.machine(), world.now_ms());
    let mut text = format!(
        "-- {} boot {} up {} {}{}\n",
        in_clock(now_ms),
        machine.boot(),
        in_clock(machine.boot_ms(now_ms)),
        if machine.has_power() { "running" } else { "down" },
        machine
            .frozen_until(now_ms)
            .map_or(String::new(), |it| format!(", frozen to {}", in_clock(it))),
    );
    for (index, app) in plan.apps.iter().enumerate() {
        let it = world.app(index);
        let process = it.process.map_or("no process".to_owned(), |process| {
            let ending = if process.is_ending { ", ending" } else { "" };
            let warm = if it.is_warm(now_ms) { "warm" } else { "warming up" };
            format!(
                "pid {} since {}, {warm}{ending}",
                process.identity.pid,
                in_clock(process.born_ms)
            )
        });
        let faults: Vec<String> = it.faults.iter().map(|it| format!("{:?}", it.fault)).collect();
        let wanted = if it.is_wanted { "" } else { ", stopped by a person" };
        let (name, permille, faults) = (&app.name, it.permille, faults.join(", "));
        let _ = writeln!(text, "   {name}: {process}; serves {permille}; [{faults}]{wanted}");
    }
    text
}

fn of_engine(plan: &Plan, state: &State, text: &mut String) {
    let doubt = state.doubt.level;
    let _ = writeln!(text, "   engine: doubt {doubt}, {} charges", state.charges.len());
    for (app, it) in plan.apps.iter().zip(&state.apps) {
        let phase = match &it.phase {
            AppPhase::Watching => "watching".to_owned(),
            AppPhase::Launching { intent } => format!("launching, intent {}", intent.0),
            AppPhase::Incident(incident) => format!(
                "incident {} {:?} {:?}, {} acts{}",
                incident.id.0,
                incident.class,
                incident.stage,
                incident.disruptive,
                incident.refused.map_or(String::new(), |why| format!(", refused: {why:?}")),
            ),
        };
        let _ = writeln!(text, "   {}: {phase}; process {:?}", app.name, it.process);
        for (index, probe) in it.probes.iter().enumerate() {
            let last = probe.last.map_or("nothing".to_owned(), |look| format!("{:?}", look.seen));
            let _ = writeln!(
                text,
                "      probe {index}: {last}, {} db, cusum {}",
                probe.db, probe.cusum
            );
        }
    }
}
