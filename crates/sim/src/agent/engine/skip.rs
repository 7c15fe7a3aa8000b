//! Jumping over looks that are all good: what the engine would know afterwards is worked out, not
//! stepped. `tests/skip.rs` holds that both ways give the same records and the same state.

use super::{EngineAgent, Life};
use crate::world::World;
use defib_engine::seen::Seen;
use defib_engine::state::{AppState, Look, ProbeState};
use defib_engine::time::Moment;

impl EngineAgent {
    /// Skips as many whole looks as fit before `until_ms`. `false`: there is nothing to skip.
    pub(super) fn skip(&mut self, world: &mut World, until_ms: u64) -> bool {
        if !self.may_skip(world) {
            return false;
        }
        let ends = self.calm_until(world, until_ms);
        let mut latest = self.state.now;
        let mut skipped = 0;
        for app in 0..self.state.apps.len() {
            let took_ms = world.app(app).plan.answer_ms;
            for probe in 0..self.state.apps[app].probes.len() {
                let interval_ms = self.config.policy.apps[app].probes[probe].interval_ms;
                let state = &mut self.state.apps[app].probes[probe];
                let looks = looks_before(state, interval_ms, took_ms, ends);
                if looks > 0 {
                    latest = latest.max(pass(state, looks, interval_ms, took_ms));
                    world.skip_looks(app, probe, looks);
                    skipped += looks;
                }
            }
        }
        if skipped == 0 {
            return false;
        }
        self.state.now = latest;
        world.pass_to(self.true_ms(world, latest));
        true
    }

    fn may_skip(&self, world: &World) -> bool {
        self.life == Life::Runs
            && self.stopped_until_ms <= world.now_ms()
            && self.hand.deadline_ms().is_none()
            && self.state.is_quiet()
            && self.state.charges.is_empty()
            && (0..world.apps_len()).all(|app| world.is_calm(app))
            && self.state.apps.iter().all(is_still)
    }

    /// The first moment at which a look would not be good.
    fn calm_until(&self, world: &World, until_ms: u64) -> Moment {
        let mut ends = self.hand.ledger.now(world.machine().boot_ms(until_ms));
        for (app, state) in self.state.apps.iter().enumerate() {
            for (probe, look) in state.probes.iter().enumerate() {
                let interval_ms = self.config.policy.apps[app].probes[probe].interval_ms;
                let left = world.looks_until_lost(app, probe);
                ends = ends.min(look.next_at.plus(left.saturating_mul(interval_ms)));
            }
        }
        ends
    }
}

/// Whether time alone changes nothing but its counters.
fn is_still(app: &AppState) -> bool {
    let still = |probe: &ProbeState| {
        probe.asked_at.is_none()
            && probe.db == 0
            && probe.cusum == 0
            && probe.stretch.is_none()
            && probe.passes > 0
            && probe.last.is_some_and(|look| look.seen == Seen::Pass)
    };
    app.healthy_since.is_some()
        && app.recovery.is_none()
        && app.starts.count == 0
        && app.alarmed.is_none()
        && app.probes.iter().all(still)
}

/// How many looks begin and end before `ends`.
fn looks_before(probe: &ProbeState, interval_ms: u64, took_ms: u64, ends: Moment) -> u64 {
    let room_ms = ends.since(probe.next_at.plus(took_ms));
    if ends <= probe.next_at.plus(took_ms) { 0 } else { (room_ms - 1) / interval_ms + 1 }
}

/// So many good looks in a row. Gives the end of the last.
fn pass(probe: &mut ProbeState, looks: u64, interval_ms: u64, took_ms: u64) -> Moment {
    let started = probe.next_at.plus((looks - 1) * interval_ms);
    let ended = started.plus(took_ms);
    probe.attempt = probe.attempt.wrapping_add(looks as u32);
    probe.next_at = started.plus(interval_ms);
    probe.last = Some(Look { seen: Seen::Pass, started, ended });
    probe.passes = (u64::from(probe.passes) + looks).min(255) as u8;
    probe.fresh = (u64::from(probe.fresh) + looks).min(255) as u8;
    probe.cusum_at = ended;
    ended
}
