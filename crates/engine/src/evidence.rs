//! Evidence: what each look weighs, in decibans, and what the looks at one app add up to.

use crate::id::{AppId, ProbeId};
use crate::note::Tally;
use crate::policy::{AppPolicy, ProbePolicy, View, Weights};
use crate::seen::{Seen, UnknownWhy};
use crate::state::{AppState, Look, ProbeState, Process, Stretch};
use crate::time::Moment;
use crate::turn::{Turn, id};
use alloc::vec::Vec;

/// Evidence above this adds nothing to a decision, and must not take an hour of good looks to undo.
const DB_MAX: i16 = 200;
const CUSUM_MAX: i16 = 60;

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
    /// All evidence against the app, with its parts.
    pub(crate) fn evidence(&self, app: usize) -> Evidence {
        weigh(self.seen_app(app), self.rules(app), &self.policy.weights, id(app))
    }
}

/// Adds up the evidence against one app.
pub(crate) fn weigh(
    state: &AppState,
    rules: &AppPolicy,
    weights: &Weights,
    app: AppId,
) -> Evidence {
    let mut parts = Vec::new();
    if matches!(state.process, Process::Gone { .. }) {
        parts.push(Tally { source: None, count: 1, db: weights.died_db });
    }
    let has_app_view =
        state.probes.iter().zip(&rules.probes).any(|(p, r)| r.view == View::App && !p.absent);
    let mut cusum = 0;
    let counts_fully = |view: View| match view {
        View::App | View::Listener => true,
        View::UserPath => !has_app_view,
        View::Dependency => false,
    };
    // All sampled sources together are capped like one until one of them has failed for the window: two
    // views of one app share its pauses, so they are not two witnesses of a short one. The users' path,
    // cut for hours, must not lend its time to one lost look at the app itself.
    let lasted = state.probes.iter().zip(&rules.probes).any(|(probe, probe_rules)| {
        counts_fully(probe_rules.view) && probe.has_lasted(rules.window_ms)
    });
    let mut room_db = if lasted { i16::MAX } else { weights.source_cap_db };
    for (index, (probe, probe_rules)) in state.probes.iter().zip(&rules.probes).enumerate() {
        if probe_rules.view == View::Dependency {
            continue;
        }
        let counts_fully = counts_fully(probe_rules.view);
        if counts_fully {
            cusum = cusum.max(probe.cusum);
        }
        let db = if counts_fully {
            probe.capped_db(rules.window_ms, weights.source_cap_db)
        } else if probe.last.is_some_and(|look| is_no_fault_of_the_app(look.seen)) {
            // An address that has moved for hours is no second witness of two lost looks.
            0
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
pub(crate) fn believe(
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

/// What no act on the app could cure, whoever shows it.
fn is_no_fault_of_the_app(seen: Seen) -> bool {
    match seen {
        Seen::Tls(fault) => fault.is_certificate(),
        Seen::Status { code, .. } => (300..500).contains(&code),
        _ => false,
    }
}

/// Whether there was no answer at all, rather than a wrong one.
fn is_silence(seen: Seen) -> bool {
    matches!(seen, Seen::Timeout(_) | Seen::Refused | Seen::Reset)
}

impl ProbeState {
    pub(crate) fn pass(&mut self, look: Look, weights: &Weights, cusum_pace_ms: u64) {
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

    pub(crate) fn fail(&mut self, look: Look, weights: &Weights, cusum_pace_ms: u64) {
        self.telling = Some(self.told_by(look.seen));
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

    /// One lost look among wrong answers does not make them a hang: it takes two in a row. A command's
    /// silence says no more than its failure, however long it lasts: either may stand for anything.
    fn told_by(&self, seen: Seen) -> Seen {
        let before = self.last.filter(|_| self.stretch.is_some()).map(|look| look.seen);
        if let Some(told @ Seen::Command(_)) = self.telling.filter(|_| before.is_some()) {
            return told;
        }
        match before {
            Some(answer) if is_silence(seen) && answer.is_failure() && !is_silence(answer) => {
                answer
            }
            _ => seen,
        }
    }

    /// Whether a look tells something else than one that no act on the app could have cured.
    pub(crate) fn is_told_otherwise(&self, look: Look) -> bool {
        self.last.is_some_and(|last| is_no_fault_of_the_app(last.seen))
            && !is_no_fault_of_the_app(look.seen)
    }

    /// Takes back what its failures add up to.
    pub(crate) fn forgive(&mut self) {
        (self.stretch, self.db, self.cusum) = (None, 0, 0);
    }

    /// Whether it is a command that fails.
    pub(crate) fn is_failing_command(&self) -> bool {
        let told = self.telling.filter(|_| self.stretch.is_some());
        let told = told.or(self.last.map(|look| look.seen));
        matches!(told, Some(Seen::Command(_)))
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
