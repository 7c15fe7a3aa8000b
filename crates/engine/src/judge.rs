//! Judge: from looks and kernel facts to evidence, in decibans (docs/decisions/004).

use crate::effect::{Effect, Rung};
use crate::evidence::believe;
use crate::id::ProbeId;
use crate::note::Note;
use crate::policy::View;
use crate::seen::{Seen, UnknownWhy};
use crate::state::{Announcement, Look, Process};
use crate::time::Moment;
use crate::turn::{Turn, id};

/// The longest that an app's own Retry-After is honoured, all told.
const ANNOUNCED_MAX_MS: u64 = 30 * 60 * 1000;

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
        if rules.view != View::Dependency && !seen.is_unknown() {
            self.forgive(app, index, look);
        }
        if seen.is_good() {
            self.good_look(app, index, look);
        } else if seen.is_unknown() || (blind && rules.view != View::Dependency) {
            self.blind_look(app, index, look);
        } else {
            self.failing_look(app, index, look);
        }
    }

    /// Hours of 404, or of an expired certificate, are no evidence that it hangs: the first look that shows
    /// something else begins anew. So does a command, which may have failed for just that.
    fn forgive(&mut self, app: usize, index: usize, look: Look) {
        let rules = &self.policy.apps[app].probes;
        let probes = &mut self.state.apps[app].probes;
        if !probes[index].is_told_otherwise(look) {
            return;
        }
        probes[index].forgive();
        for (probe, rules) in probes.iter_mut().zip(rules) {
            if rules.view != View::Dependency && probe.is_failing_command() {
                probe.forgive();
            }
        }
    }

    fn good_look(&mut self, app: usize, index: usize, look: Look) {
        let (weights, rules) = (&self.policy.weights, &self.policy.apps[app].probes[index]);
        let probe = &mut self.state.apps[app].probes[index];
        probe.pass(look, weights, self.policy.apps[app].cusum_pace_ms(rules.interval_ms, false));
        if rules.view == View::Dependency {
            return;
        }
        if rules.view != View::Listener {
            self.host_hears_look(id(app), true);
        }
        // A handshake is the kernel's answer, not the app's.
        if rules.view != View::Listener && self.is_told_by(app, rules.view) {
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
        (state.starts.undone, state.starts.failed) = (0, 0);
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
        let probe = &mut self.state.apps[app].probes[index];
        let unbroken = probe.stretch.is_some();
        probe.fail(look, weights, self.policy.apps[app].cusum_pace_ms(rules.interval_ms, unbroken));
        if rules.view == View::Dependency {
            return;
        }
        if self.dependency_down(app).is_some() {
            // What its dependency cost it says nothing of failures now and then of its own, later.
            self.app(app).probes[index].cusum = 0;
        }
        let told = self.is_told_by(app, rules.view);
        self.host_hears_look(id(app), false);
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

    /// Whether a dead process can only be replaced by a command of the user's, which would fail while
    /// orphans of the dead one still hold the port: then we wait until nobody answers.
    pub(crate) fn awaits_refusal(&self, app: usize) -> bool {
        let state = self.seen_app(app);
        let Process::Gone { at, .. } = state.process else { return false };
        if self.rules(app).rungs.has(Rung::Kill) || state.acting().is_some() {
            return false;
        }
        // Where no view looks at the app, nothing holds the port that it would look at: the way to it tells.
        let telling = if self.has_app_view(app) { View::App } else { View::UserPath };
        !self.probes(app).any(|(probe, rules)| {
            rules.view == telling
                && probe.last.is_some_and(|look| look.seen.is_failure() && look.started >= at)
        })
    }

    pub(crate) fn gather(&mut self, app: usize) {
        if let Some(incident) = self.seen_app(app).incident().map(|incident| incident.id) {
            self.effects.push(Effect::Gather { app: id(app), incident });
        }
    }
}
