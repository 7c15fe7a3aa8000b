//! Judge: from looks and kernel facts to evidence, in decibans (`decisions.md` 2.4).

use crate::effect::{Effect, Rung};
use crate::event::Exit;
use crate::id::{Identity, ProbeId};
use crate::note::{Note, Tally};
use crate::policy::{ProbePolicy, View, Weights};
use crate::seen::{Seen, UnknownWhy};
use crate::state::{Announcement, Look, ProbeState, Process, Stretch};
use crate::time::Moment;
use crate::turn::{Turn, id};
use alloc::vec::Vec;

/// Evidence above this adds nothing to a decision, and must not take an hour of good looks to undo.
const DB_MAX: i16 = 200;
const CUSUM_MAX: i16 = 60;
/// The longest that an app's own Retry-After is honoured, all told.
const ANNOUNCED_MAX_MS: u64 = 30 * 60 * 1000;

/// What an app's evidence amounts to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Evidence {
    /// All of it, in decibans.
    pub(crate) score_db: i16,
    /// The parts.
    pub(crate) parts: Vec<Tally>,
    /// The highest CUSUM of a view on the app.
    pub(crate) cusum: i16,
}

impl Turn<'_> {
    pub(crate) fn observed(
        &mut self,
        app: usize,
        index: usize,
        attempt: u32,
        started: Moment,
        ended: Moment,
        seen: Seen,
    ) {
        let Some(rules) = self.policy.apps[app].probes.get(index) else { return };
        let now = self.now;
        let Some(probe) = self.app(app).probes.get_mut(index) else { return };
        let Some(asked_at) = probe.asked_at else { return };
        if probe.attempt != attempt {
            return;
        }
        probe.asked_at = None;
        let seen = believe(seen, rules, asked_at, started, ended, now);
        let seen = self.heed_announcement(app, index, seen);
        let look = Look { seen, started, ended };
        let blind = self.state.doubt.level > 0 || self.in_grace(app);
        if rules.view == View::App {
            self.app(app).probes[index].absent = seen == Seen::Unknown(UnknownWhy::NothingThere);
        }
        if seen.is_good() {
            self.good_look(app, index, look);
        } else if seen.is_unknown() || (blind && rules.view != View::Dependency) {
            self.blind_look(app, index, look);
        } else {
            self.failing_look(app, index, look);
        }
    }

    /// The CUSUM moves once an interval, and at most twice a window: its alarm takes four failures, so
    /// one burst shorter than the window can never raise it, however fast we look.
    fn cusum_pace_ms(&self, app: usize, index: usize) -> u64 {
        let rules = self.rules(app);
        rules.probes[index].interval_ms.max(rules.window_ms / 2)
    }

    fn good_look(&mut self, app: usize, index: usize, look: Look) {
        let (weights, rules) = (&self.policy.weights, &self.policy.apps[app].probes[index]);
        let cusum_pace_ms = self.cusum_pace_ms(app, index);
        let probe = &mut self.state.apps[app].probes[index];
        probe.pass(look, weights, cusum_pace_ms);
        if rules.view == View::Dependency {
            return;
        }
        if self.is_told_by(app, rules.view) {
            self.answered(app, look);
        }
        self.clear_suspicion(app);
    }

    /// The app itself gave a good answer.
    fn answered(&mut self, app: usize, look: Look) {
        let now = self.now;
        let state = self.app(app);
        state.announced = None;
        if matches!(state.process, Process::Gone { .. } | Process::NotStarted) {
            // Whoever answered, it was not the process that is gone.
            return;
        }
        state.grace_until = None;
        let first = state.healthy_since.is_none();
        state.healthy_since.get_or_insert(look.started);
        state.starts.undone = 0;
        if first && state.suspected_since.is_none() && state.incident().is_none() {
            self.note(Note::Up { app: id(app) });
        }
        self.back(app, now);
    }

    /// A look that says nothing: kept for display if there is nothing better, never counted.
    fn blind_look(&mut self, app: usize, index: usize, look: Look) {
        let probe = &mut self.app(app).probes[index];
        probe.passes = 0;
        if probe.last.is_none_or(|last| !last.seen.is_good()) || look.seen.is_failure() {
            probe.last = Some(look);
        }
    }

    fn failing_look(&mut self, app: usize, index: usize, look: Look) {
        let (weights, rules) = (&self.policy.weights, &self.policy.apps[app].probes[index]);
        let cusum_pace_ms = self.cusum_pace_ms(app, index);
        let probe = &mut self.state.apps[app].probes[index];
        probe.fail(look, weights, cusum_pace_ms);
        if rules.view == View::Dependency {
            return;
        }
        let told = self.is_told_by(app, rules.view);
        self.app(app).healthy_since = None;
        if told {
            self.not_back(app);
        }
        let source = Some((ProbeId { app: id(app), index: index as u8 }, look.seen));
        self.suspect(app, look.started, source);
    }

    /// The first failing look, or a death.
    pub(crate) fn suspect(&mut self, app: usize, since: Moment, source: Option<(ProbeId, Seen)>) {
        let state = self.seen_app(app);
        if state.stopped || state.suspected_since.is_some() || state.incident().is_some() {
            return;
        }
        self.app(app).suspected_since = Some(since);
        let score_db = self.evidence(app).score_db;
        self.note(Note::Suspected { app: id(app), source, score_db });
        self.quicken(app);
        // A second view, and what the app depends on, tell at once what kind of fault it is.
        let failing = source.map(|(probe, _)| usize::from(probe.index));
        let now = self.now;
        for (index, probe) in self.app(app).probes.iter_mut().enumerate() {
            if Some(index) != failing && probe.next_at > now {
                probe.next_at = now;
            }
        }
    }

    fn clear_suspicion(&mut self, app: usize) {
        let Some(since) = self.seen_app(app).suspected_since else { return };
        let open = self.seen_app(app).incident().is_some();
        let gone = matches!(self.seen_app(app).process, Process::Gone { .. });
        let left = self.probes(app).any(|(probe, rules)| {
            rules.view != View::Dependency && (probe.db > 0 || probe.stretch.is_some())
        });
        if open || gone || left {
            return;
        }
        let after_ms = self.now.since(since);
        self.app(app).suspected_since = None;
        self.note(Note::Cleared { app: id(app), after_ms });
    }

    /// A 503 with Retry-After is the app's own word that it will be back: believed for as long as it
    /// says, up to half an hour in all.
    fn heed_announcement(&mut self, app: usize, index: usize, seen: Seen) -> Seen {
        let Seen::Status { code: 503, retry_after_s: Some(wait_s) } = seen else { return seen };
        if self.rules(app).probes[index].view == View::Dependency {
            return seen;
        }
        let now = self.now;
        let state = self.app(app);
        let since = state.announced.map_or(now, |announced| announced.since);
        let latest = since.plus(ANNOUNCED_MAX_MS);
        let until = now.plus(u64::from(wait_s) * 1000).min(latest);
        state.announced = Some(Announcement { since, until });
        seen
    }

    pub(crate) fn died(
        &mut self,
        app: usize,
        identity: Option<Identity>,
        exit: Exit,
        restart_in_ms: Option<u32>,
    ) {
        let now = self.now;
        let never = identity.is_none()
            && matches!(self.seen_app(app).process, Process::Unknown | Process::NotStarted)
            && self.seen_app(app).incident().is_none();
        let known = self.seen_app(app).identity();
        if identity.zip(known).is_some_and(|(dead, known)| dead != known) {
            return;
        }
        self.app(app).healthy_since = None;
        if never {
            self.app(app).process = Process::NotStarted;
            return;
        }
        if matches!(self.seen_app(app).process, Process::Gone { .. }) {
            return;
        }
        let supervisor_until = restart_in_ms.map(|ms| now.plus(u64::from(ms)));
        let state = self.app(app);
        state.process = Process::Gone { at: now, supervisor_until };
        state.grace_until = None;
        self.note(Note::Died { app: id(app), identity, exit });
        self.not_back(app);
        self.death_in_verify(app);
        if !self.seen_app(app).stopped {
            self.suspect(app, now, None);
            self.look_now(app, |view| view != View::Dependency);
        }
    }

    pub(crate) fn found(&mut self, app: usize, identity: Identity) {
        let now = self.now;
        if self.seen_app(app).identity() == Some(identity) {
            return;
        }
        // A process that is new to us is a start, whoever made it: it gets its grace. One that was
        // there before we were does not.
        let started = !matches!(self.seen_app(app).process, Process::Unknown);
        let grace_ms = self.rules(app).start_grace_ms;
        let state = self.app(app);
        state.process = Process::Alive { identity, since: now };
        let was_stopped = core::mem::take(&mut state.stopped);
        if started {
            state.grace_until = Some(now.plus(grace_ms));
            for probe in &mut state.probes {
                probe.db = 0;
                probe.stretch = None;
                probe.cusum = 0;
            }
            if state.incident().is_none()
                && let Some(since) = state.suspected_since.take()
            {
                self.note(Note::Cleared { app: id(app), after_ms: now.since(since) });
            }
        }
        self.note(Note::Found { app: id(app), identity });
        if was_stopped {
            self.note(Note::Resumed { app: id(app) });
        }
        self.quicken(app);
    }

    /// Whether only death counts now: it is being started, or was a moment ago.
    pub(crate) fn in_grace(&self, app: usize) -> bool {
        let state = self.seen_app(app);
        state.grace_until.is_some_and(|until| self.now < until)
            || state.process == Process::NotStarted
    }

    /// Whether some probe sees the app itself, and not only the way to it.
    pub(crate) fn has_app_view(&self, app: usize) -> bool {
        self.probes(app).any(|(probe, rules)| rules.view == View::App && !probe.absent)
    }

    /// All evidence against the app, with its parts.
    pub(crate) fn evidence(&self, app: usize) -> Evidence {
        weigh(self.seen_app(app), self.rules(app), &self.policy.weights, id(app))
    }

    /// Whether a dead process can only be replaced by a command of the user's, which would fail while
    /// orphans of the dead one still hold the port: then we wait until nobody answers.
    pub(crate) fn awaits_refusal(&self, app: usize) -> bool {
        let state = self.seen_app(app);
        let Process::Gone { at, .. } = state.process else { return false };
        if self.rules(app).rungs.has(Rung::Kill) || state.acting().is_some() {
            return false;
        }
        !self.probes(app).any(|(probe, rules)| {
            rules.view == View::App
                && probe.last.is_some_and(|look| look.seen.is_failure() && look.started >= at)
        })
    }

    pub(crate) fn gather(&mut self, app: usize) {
        if let Some(incident) = self.seen_app(app).incident().map(|incident| incident.id) {
            self.effects.push(Effect::Gather { app: id(app), incident });
        }
    }
}

/// Adds up the evidence against one app.
pub(crate) fn weigh(
    state: &crate::state::AppState,
    rules: &crate::policy::AppPolicy,
    weights: &Weights,
    app: crate::id::AppId,
) -> Evidence {
    let mut parts = Vec::new();
    if matches!(state.process, Process::Gone { .. }) {
        parts.push(Tally { source: None, count: 1, db: weights.died_db });
    }
    let has_app_view =
        state.probes.iter().zip(&rules.probes).any(|(p, r)| r.view == View::App && !p.absent);
    let mut cusum = 0;
    // All sampled sources together are capped like one until one of them has failed for the window: two
    // views of one app share its pauses, so they are not two witnesses of a short one.
    let lasted = state.probes.iter().zip(&rules.probes).any(|(probe, probe_rules)| {
        probe_rules.view != View::Dependency && probe.has_lasted(rules.window_ms)
    });
    let mut room_db = if lasted { i16::MAX } else { weights.source_cap_db };
    for (index, (probe, probe_rules)) in state.probes.iter().zip(&rules.probes).enumerate() {
        let counts_fully = match probe_rules.view {
            View::App => true,
            View::UserPath => !has_app_view,
            View::Dependency => continue,
        };
        if counts_fully {
            cusum = cusum.max(probe.cusum);
        }
        let db = if counts_fully {
            probe.capped_db(rules.window_ms, weights.source_cap_db)
        } else {
            probe.stretch.map_or(0, |s| weights.outside_db.saturating_mul(s.count.min(9) as i16))
        };
        let db = db.min(room_db);
        room_db -= db;
        let Some(last) = probe.last.filter(|_| db > 0) else { continue };
        let source = Some((ProbeId { app, index: index as u8 }, last.seen));
        parts.push(Tally { source, count: probe.stretch.map_or(0, |s| s.count), db });
    }
    let score_db = parts.iter().fold(0i16, |sum, part| sum.saturating_add(part.db));
    Evidence { score_db, parts, cusum }
}

/// A result that came late, or from a run that spans a pause of our own, is unknown (S15).
fn believe(
    seen: Seen,
    rules: &ProbePolicy,
    asked_at: Moment,
    started: Moment,
    ended: Moment,
    now: Moment,
) -> Seen {
    let slack_ms = rules.interval_ms.max(1_000);
    let began_late = started.since(asked_at) > slack_ms;
    let ran_over = ended.since(started) > rules.timeout_ms + slack_ms;
    let told_late = now.since(ended) > slack_ms;
    if began_late || ran_over || told_late { Seen::Unknown(UnknownWhy::Late) } else { seen }
}

/// What one failing look weighs.
pub(crate) fn weight(seen: Seen, weights: &Weights) -> i16 {
    match seen {
        Seen::Pass | Seen::Slow | Seen::Unknown(_) => 0,
        Seen::Refused => weights.refused_db,
        Seen::Reset => weights.reset_db,
        Seen::Timeout(_) => weights.timeout_db,
        Seen::Tls(_) | Seen::Status { .. } => weights.server_error_db,
        Seen::Body(_) => weights.body_db,
        Seen::Command(_) => weights.command_db,
    }
}

impl ProbeState {
    fn pass(&mut self, look: Look, weights: &Weights, cusum_pace_ms: u64) {
        self.stretch = None;
        self.db = (self.db + weights.pass_db).max(0);
        if self.passes == 0 {
            self.passing_since = look.started;
        }
        self.passes = self.passes.saturating_add(1);
        self.fresh = self.fresh.saturating_add(1);
        self.ever_passed = true;
        self.move_cusum(look.ended, cusum_pace_ms, -weights.cusum_pass);
        self.last = Some(look);
    }

    fn fail(&mut self, look: Look, weights: &Weights, cusum_pace_ms: u64) {
        let (since, count) = self.stretch.map_or((look.started, 0), |s| (s.since, s.count));
        let count = count.saturating_add(1);
        self.stretch = Some(Stretch { since, until: look.ended, count });
        self.db = self.db.saturating_add(weight(look.seen, weights)).min(DB_MAX);
        self.passes = 0;
        self.fresh = self.fresh.saturating_add(1);
        self.failed_at = Some(look.ended);
        self.move_cusum(look.ended, cusum_pace_ms, weights.cusum_fail);
        self.last = Some(look);
    }

    fn move_cusum(&mut self, at: Moment, pace_ms: u64, by: i16) {
        let resting = self.cusum == 0;
        if resting || at.since(self.cusum_at) >= pace_ms {
            self.cusum = (self.cusum + by).clamp(0, CUSUM_MAX);
            self.cusum_at = at;
        }
    }

    /// One sampled source is capped until it has failed, without a break, for the window: what is
    /// shorter than a burst of noise must not convict.
    pub(crate) fn capped_db(&self, window_ms: u64, cap_db: i16) -> i16 {
        if self.has_lasted(window_ms) { self.db } else { self.db.min(cap_db) }
    }

    /// Whether it has failed without a break for the window.
    fn has_lasted(&self, window_ms: u64) -> bool {
        self.stretch.is_some_and(|stretch| stretch.until.since(stretch.since) >= window_ms)
    }
}
