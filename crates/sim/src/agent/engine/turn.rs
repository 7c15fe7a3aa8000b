//! One waking: what is doubted before anything that was seen, and the reading of the machine.

use super::{EngineAgent, LATE_MAX_MS};
use crate::fact::Fact;
use crate::world::World;
use defib_engine::event::{Doubt, Event};
use defib_engine::host::READING_MS;
use defib_engine::id::{AppId, Identity};
use defib_engine::state::{AppState, Process};
use defib_guardian::mind::Watched;

impl EngineAgent {
    /// When the machine is read next, if it can be.
    pub(super) fn reading_ms(&self, world: &World) -> Option<u64> {
        world.plan().machine.host.map(|_| self.read_ms + READING_MS)
    }

    /// When it wakes by itself, in true time.
    pub(super) fn next_turn_ms(&self, world: &World) -> Option<u64> {
        let both = [self.engine_deadline_ms(world), self.reading_ms(world)];
        both.into_iter().flatten().min()
    }

    /// Whatever woke it: doubts first, and a reading that is due is made. One that stayed due would be a
    /// doubt in every turn, and each doubt begins all looks anew.
    pub(super) fn begin_turn(&mut self, world: &mut World, asked_ms: u64) {
        self.feel(world, asked_ms);
        if self.reading_ms(world).is_some_and(|at_ms| at_ms <= world.now_ms()) {
            self.read(world);
        }
    }

    /// One reading of the machine.
    pub(super) fn read(&mut self, world: &mut World) {
        self.read_ms = world.now_ms();
        let watched: Vec<Watched> = (0..).zip(&self.state.apps).filter_map(watched).collect();
        let mut events = Vec::new();
        self.reader.pass(world, &watched, &mut events);
        for event in events {
            self.feed(world, &event);
        }
    }

    /// Doubts come before anything that was seen.
    pub(super) fn feel(&mut self, world: &mut World, asked_ms: u64) {
        let machine = world.machine();
        let now_ms = world.now_ms();
        let slept_ms = machine.boot_ms(now_ms) - machine.monotonic_ms(now_ms);
        let wall_offset_ms = wall_offset_ms(world);
        let slept_now_ms = slept_ms.saturating_sub(self.slept_ms);
        let by_ms = wall_offset_ms - self.wall_offset_ms;
        let late_ms = now_ms.saturating_sub(asked_ms).saturating_sub(slept_now_ms);
        (self.slept_ms, self.wall_offset_ms) = (slept_ms, wall_offset_ms);
        let mut doubts = [None; 3];
        if slept_now_ms >= 1_000 {
            doubts[0] = Some(Doubt::Resumed { slept_ms: slept_now_ms });
        }
        if by_ms.abs() > 1_000 {
            doubts[1] = Some(Doubt::ClockStepped { by_ms });
        }
        if late_ms > LATE_MAX_MS {
            doubts[2] = Some(Doubt::LateTimer { late_ms });
        }
        for doubt in doubts.into_iter().flatten() {
            world.tell(Fact::Doubted(doubt));
            self.feed(world, &Event::Doubted(doubt));
        }
    }

    pub(super) fn remember_clocks(&mut self, world: &World) {
        let (machine, now_ms) = (world.machine(), world.now_ms());
        self.slept_ms = machine.boot_ms(now_ms) - machine.monotonic_ms(now_ms);
        self.wall_offset_ms = wall_offset_ms(world);
    }

    /// Whether the next wake-up will find that a clock was set, or that the machine slept.
    pub(super) fn has_moved_clocks(&self, world: &World) -> bool {
        let (machine, now_ms) = (world.machine(), world.now_ms());
        let slept_ms = machine.boot_ms(now_ms) - machine.monotonic_ms(now_ms);
        slept_ms != self.slept_ms || wall_offset_ms(world) != self.wall_offset_ms
    }

    /// The engine's own deadline, in true time.
    pub(super) fn engine_deadline_ms(&self, world: &World) -> Option<u64> {
        self.due.map(|at| self.true_ms(world, at))
    }
}

fn wall_offset_ms(world: &World) -> i64 {
    let (machine, now_ms) = (world.machine(), world.now_ms());
    machine.wall_ms(now_ms) as i64 - now_ms as i64
}

/// What is measured of an app, if its process is known: as the guardian's mind has it.
fn watched((app, state): (u16, &AppState)) -> Option<Watched> {
    let identity = alive(state)?;
    let is_well = state.healthy_since.is_some()
        && state.suspected_since.is_none()
        && state.incident().is_none();
    Some(Watched { app: AppId(app), identity, is_well, is_paced: true })
}

pub(super) fn alive(state: &AppState) -> Option<Identity> {
    match state.process {
        Process::Alive { identity, .. } => Some(identity),
        _ => None,
    }
}
