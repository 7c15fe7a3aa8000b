//! Looks: when each probe starts, and when what it saw is void.

use crate::effect::Effect;
use crate::evidence::weight;
use crate::id::ProbeId;
use crate::policy::View;
use crate::state::{AppPhase, ProbeState, Process, Stage, State};
use crate::time::Moment;
use crate::turn::{Turn, id};

/// A look that the driver has not answered this long after its deadline is given up: the driver
/// answers within a turn, so a lost answer means a fault of our own.
const LOST_AFTER_MS: u64 = 5_000;

/// While a user's recovery command waits for the orphans of a dead process to go, the port is looked
/// at this often. (Pre-fork workers notice within a second that their master is gone.)
const CONFIRM_MS: u64 = 250;

/// Until the first good look after a start, so that "back" is told when it is true.
const AWAIT_MS: u64 = 1_000;

impl Turn<'_> {
    /// Starts every probe that is due.
    pub(crate) fn schedule(&mut self, app: usize) {
        for index in 0..self.seen_app(app).probes.len().min(self.rules(app).probes.len()) {
            self.give_up_lost(app, index);
            self.aim(app, index);
            let probe = &self.seen_app(app).probes[index];
            if probe.asked_at.is_none() && probe.next_at <= self.now {
                self.start_probe(app, index);
            }
        }
    }

    fn start_probe(&mut self, app: usize, index: usize) {
        let pace_ms = self.pace_ms(app, index);
        let now = self.now;
        let probe = &mut self.app(app).probes[index];
        probe.attempt = probe.attempt.wrapping_add(1);
        probe.asked_at = Some(now);
        probe.next_at = now.plus(pace_ms);
        let attempt = probe.attempt;
        let probe = ProbeId { app: id(app), index: index as u8 };
        self.effects.push(Effect::Probe { probe, attempt });
    }

    /// The look that convicts ends when the window does, and not up to one timeout later: one starts at
    /// the last moment from which it can time out by then. A look that would still run at that moment
    /// waits for it.
    fn aim(&mut self, app: usize, index: usize) {
        let (rules, window_ms) = (&self.rules(app).probes[index], self.rules(app).window_ms);
        let timeout_ms = rules.timeout_ms;
        let probe = &self.seen_app(app).probes[index];
        let Some(stretch) = probe.stretch.filter(|_| probe.asked_at.is_none()) else { return };
        if rules.view == View::Dependency || !self.is_open_question(app) {
            return;
        }
        let close = stretch.since.plus(window_ms.saturating_sub(timeout_ms));
        let next = probe.next_at.max(self.now);
        let misses =
            next > close || next.plus(timeout_ms) > close && self.one_more_is_enough(app, index);
        if self.now < close && misses {
            self.app(app).probes[index].next_at = close;
        }
    }

    /// Whether nothing but the next looks is waited for. An act that was decided wants a fresh look at
    /// once; a death has convicted already, and its start may wait until nobody answers.
    fn is_open_question(&self, app: usize) -> bool {
        let stage = self.stage(app);
        matches!(stage, None | Some(Stage::Judging | Stage::Verifying { .. }))
            && !matches!(self.seen_app(app).process, Process::Gone { .. })
    }

    /// Whether one more look like the last is all the evidence that is missing. If not, to wait would cost
    /// a look that is needed.
    fn one_more_is_enough(&self, app: usize, index: usize) -> bool {
        let probe = &self.seen_app(app).probes[index];
        let Some(last) = probe.last else { return false };
        let (weights, bars) = (&self.policy.weights, &self.policy.bars);
        probe.db.saturating_add(weight(last.seen, weights)) >= bars.kill_db.max(bars.restart_db)
    }

    /// From one start to the next. Fast while anything is open, because every second of doubt is a
    /// second of outage; slow again once a person has to come.
    fn pace_ms(&self, app: usize, index: usize) -> u64 {
        let rules = &self.rules(app).probes[index];
        let state = self.seen_app(app);
        if self.awaits_refusal(app) && rules.view == View::App {
            return CONFIRM_MS;
        }
        let fast = match &state.phase {
            AppPhase::Launching { .. } => true,
            AppPhase::Incident(incident) => {
                incident.handed_over.is_none()
                    || incident.back_at.is_some()
                    || !matches!(incident.stage, Stage::Judging)
            }
            AppPhase::Watching => state.suspected_since.is_some() || state.grace_until.is_some(),
        };
        if state.grace_until.is_some_and(|until| self.now < until) {
            return AWAIT_MS.min(rules.fast_ms).min(rules.interval_ms);
        }
        if fast { rules.fast_ms.min(rules.interval_ms) } else { rules.interval_ms }
    }

    fn give_up_lost(&mut self, app: usize, index: usize) {
        let limit_ms = self.rules(app).probes[index].timeout_ms + LOST_AFTER_MS;
        let now = self.now;
        let probe = &mut self.app(app).probes[index];
        if probe.asked_at.is_some_and(|at| now.since(at) >= limit_ms) {
            probe.asked_at = None;
            probe.next_at = now;
        }
    }

    /// Lets a probe start as soon as it may: now, or when the running look has ended.
    pub(crate) fn look_now(&mut self, app: usize, which: impl Fn(View) -> bool) {
        let now = self.now;
        let rules = &self.policy.apps[app].probes;
        for (probe, rules) in self.state.apps[app].probes.iter_mut().zip(rules) {
            if which(rules.view) && probe.next_at > now {
                probe.next_at = now;
            }
        }
    }

    /// Brings the next start of each probe forward to the present pace, when that has quickened.
    pub(crate) fn quicken(&mut self, app: usize) {
        for index in 0..self.seen_app(app).probes.len().min(self.rules(app).probes.len()) {
            let pace_ms = self.pace_ms(app, index);
            let now = self.now;
            let probe = &mut self.app(app).probes[index];
            let from = probe.asked_at.or(probe.last.map(|look| look.started)).unwrap_or(now);
            probe.next_at = probe.next_at.min(from.plus(pace_ms));
        }
    }

    /// Forgets every look of the app, and drops the running ones: they may have been blind.
    pub(crate) fn void_looks(&mut self, app: usize) {
        let now = self.now;
        for probe in &mut self.app(app).probes {
            probe.void(now);
        }
        let state = self.app(app);
        if state.incident().is_none() {
            state.suspected_since = None;
        }
    }
}

impl ProbeState {
    pub(crate) fn void(&mut self, now: Moment) {
        self.asked_at = None;
        self.attempt = self.attempt.wrapping_add(1);
        self.next_at = now;
        self.db = 0;
        self.stretch = None;
        self.passes = 0;
        self.fresh = 0;
        self.cusum = 0;
    }

    /// When this probe needs the engine: its next start, or the end of our patience.
    fn due(&self, timeout_ms: u64) -> Moment {
        match self.asked_at {
            Some(at) => at.plus(timeout_ms + LOST_AFTER_MS),
            None => self.next_at,
        }
    }
}

/// The earliest moment at which a probe needs the engine.
pub(crate) fn next_look(state: &State) -> Option<Moment> {
    // A running probe's own deadline is the driver's; 60 s is the longest timeout that the config takes.
    const TIMEOUT_MAX_MS: u64 = 60_000;
    state.apps.iter().flat_map(|app| &app.probes).map(|probe| probe.due(TIMEOUT_MAX_MS)).min()
}
