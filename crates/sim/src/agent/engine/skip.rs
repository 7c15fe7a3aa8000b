//! Jumping over looks that are all good: what the engine would know afterwards is worked out, not
//! stepped. `tests/skip.rs` holds that both ways give the same facts and the same state.

use super::{EngineAgent, Life};
use crate::world::World;
use defib_engine::host::READING_MS;
use defib_engine::id::AppId;
use defib_engine::policy::{AppPolicy, Policy};
use defib_engine::seen::Seen;
use defib_engine::state::{AppPhase, AppState, Look, ProbeState, Process, State};
use defib_engine::time::Moment;

/// One probe of a stretch that may be skipped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    app: usize,
    probe: usize,
    /// The start of its next look.
    from: Moment,
    interval_ms: u64,
    took_ms: u64,
    /// How many whole looks are skipped.
    looks: u64,
}

impl EngineAgent {
    /// Skips as many whole looks as fit before `until_ms`. `false`: there is nothing to skip.
    pub(super) fn skip(&mut self, world: &mut World, until_ms: u64) -> bool {
        if !self.may_skip(world) {
            return false;
        }
        let mut runs = std::mem::take(&mut self.runs);
        runs.clear();
        let ends = self.calm_until(world, until_ms, &mut runs);
        fit(&mut runs, ends);
        let latest = runs.iter().filter_map(Run::last_end).max();
        if let Some(latest) = latest {
            for run in runs.iter().filter(|run| run.looks > 0) {
                world.skip_looks(run.app, run.probe, run.looks);
                let (rules, weights) =
                    (&self.config.policy.apps[run.app], &self.config.policy.weights);
                let pace_ms = rules.cusum_pace_ms(run.interval_ms, false);
                let state = &mut self.state.apps[run.app].probes[run.probe];
                pass(state, run, pace_ms, weights.cusum_pass);
            }
            self.state.now = latest;
            self.reckon();
            let passes = self.true_ms(world, latest).saturating_sub(self.read_ms) / READING_MS;
            self.read_ms += passes * READING_MS;
            world.pass_to(self.true_ms(world, latest));
        }
        self.runs = runs;
        latest.is_some()
    }

    fn may_skip(&self, world: &World) -> bool {
        self.life == Life::Runs
            && self.stopped_until_ms <= world.now_ms()
            && is_calm(&self.state)
            && !self.has_moved_clocks(world)
            // Not one that is late: it would tell of a pause.
            && self.engine_deadline_ms(world).is_some_and(|at_ms| at_ms >= world.now_ms())
            && self.hand.deadline_ms().is_none()
            && self.reading_is_idle(world)
            && (0..world.apps_len()).all(|app| world.is_calm(app))
    }

    /// Whether readings that are skipped would have told and taught nothing.
    fn reading_is_idle(&self, world: &World) -> bool {
        let Some(at_ms) = self.reading_ms(world) else { return true };
        let known = (0..).zip(&self.state.apps);
        let known = known.filter_map(|(app, state)| Some((AppId(app), super::turn::alive(state)?)));
        at_ms >= world.now_ms() && self.reader.is_idle(known)
    }

    /// The first moment at which a look would not be good, or something else would change; and every
    /// probe's looks.
    fn calm_until(&self, world: &mut World, until_ms: u64, runs: &mut Vec<Run>) -> Moment {
        let Policy { apps: rules, .. } = &self.config.policy;
        let mut ends = self.hand.ledger.now(world.machine().boot_ms(until_ms));
        for (app, (state, rules)) in self.state.apps.iter().zip(rules).enumerate() {
            ends = ends.min(changes_at(state, rules));
            for (probe, (look, look_rules)) in state.probes.iter().zip(&rules.probes).enumerate() {
                let interval_ms = look_rules.interval_ms;
                let took_ms = world.calm_look_ms(app, probe).filter(|ms| *ms < interval_ms);
                let Some(took_ms) = took_ms else { return Moment(0) };
                let left = world.looks_until_lost(app, probe);
                ends = ends.min(look.next_at.plus(left.saturating_mul(interval_ms)));
                let from = look.next_at;
                runs.push(Run { app, probe, from, interval_ms, took_ms, looks: 0 });
            }
        }
        ends
    }
}

impl Run {
    /// The end of the last skipped look.
    fn last_end(&self) -> Option<Moment> {
        let before = self.looks.checked_sub(1)?;
        Some(self.from.plus(before * self.interval_ms + self.took_ms))
    }

    /// The start of the first look that is not skipped.
    fn next_start(&self) -> Moment {
        self.from.plus(self.looks * self.interval_ms)
    }

    /// How many looks begin and end before `ends`.
    fn before(&self, ends: Moment) -> u64 {
        let room_ms = ends.since(self.from.plus(self.took_ms));
        if room_ms == 0 { 0 } else { (room_ms - 1) / self.interval_ms + 1 }
    }
}

/// Gives each probe the looks that fit. All of them must be over when the first that is not skipped
/// begins: then no look is under way where stepping goes on.
fn fit(runs: &mut [Run], ends: Moment) {
    for run in &mut *runs {
        run.looks = run.before(ends);
    }
    loop {
        let Some(cut) = runs.iter().map(Run::next_start).min() else { return };
        // "Before" is exclusive, and a look may end when the next one begins.
        let mut settled = true;
        for run in &mut *runs {
            let looks = run.looks.min(run.before(cut.plus(1)));
            settled &= looks == run.looks;
            run.looks = looks;
        }
        if settled {
            return;
        }
    }
}

/// Whether nothing is suspected, open, held, frozen or doubted. Unlike [`State::is_quiet`] it lets a CUSUM
/// decay: with the last look good it convicts nobody.
fn is_calm(state: &State) -> bool {
    state.doubt.level == 0
        && state.shutting_down.is_none()
        && state.vain.0.is_empty()
        && state.frozen_until.is_none()
        && state.apps.iter().all(is_still)
}

/// Whether time alone changes nothing but its counters.
fn is_still(app: &AppState) -> bool {
    let still = |probe: &ProbeState| {
        probe.asked_at.is_none()
            && probe.db == 0
            && probe.stretch.is_none()
            && probe.passes > 0
            && probe.last.is_some_and(|look| look.seen == Seen::Pass)
    };
    matches!(app.phase, AppPhase::Watching)
        && matches!(app.process, Process::Unknown | Process::Alive { .. })
        && app.healthy_since.is_some()
        && app.suspected_since.is_none()
        && app.held_until.is_none()
        && app.announced.is_none()
        && app.grace_until.is_none()
        && (app.starts.undone, app.starts.failed) == (0, 0)
        && app.probes.iter().all(still)
}

/// When time alone makes the engine forget something of this app.
fn changes_at(app: &AppState, rules: &AppPolicy) -> Moment {
    let relapse = app.recovery.map(|recovery| recovery.at.plus(rules.relapse_ms));
    let reset = app.healthy_since.filter(|_| app.starts.count > 0);
    let reset = reset.map(|since| since.plus(rules.healthy_reset_ms));
    [relapse, reset].into_iter().flatten().min().unwrap_or(Moment(u64::MAX))
}

/// So many good looks in a row.
fn pass(probe: &mut ProbeState, run: &Run, cusum_pace_ms: u64, cusum_pass: i16) {
    let started = |look: u64| run.from.plus(look * run.interval_ms);
    // A CUSUM falls at some of the looks, by the engine's rule; at rest it only keeps the time.
    let mut look = 0;
    while probe.cusum > 0 && look < run.looks {
        let ended = started(look).plus(run.took_ms);
        if ended.since(probe.cusum_at) >= cusum_pace_ms {
            probe.cusum = (probe.cusum - cusum_pass).max(0);
            probe.cusum_at = ended;
        }
        look += 1;
    }
    let last = started(run.looks - 1);
    let ended = last.plus(run.took_ms);
    if look < run.looks {
        probe.cusum_at = ended;
    }
    probe.attempt = probe.attempt.wrapping_add(run.looks as u32);
    probe.next_at = last.plus(run.interval_ms);
    probe.last = Some(Look { seen: Seen::Pass, started: last, ended });
    probe.passes = (u64::from(probe.passes) + run.looks).min(255) as u8;
    probe.fresh = (u64::from(probe.fresh) + run.looks).min(255) as u8;
}
