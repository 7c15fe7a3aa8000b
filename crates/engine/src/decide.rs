//! Decide: from a conviction to an order, or to a reason why not.

use crate::class::Conviction;
use crate::effect::{Purse, Rung};
use crate::guards::Plan;
use crate::id::IncidentId;
use crate::note::{Class, HandOver, Note, RungFault};
use crate::policy::View;
use crate::state::{AppPhase, Incident, Process, Stage, Used};
use crate::time::Moment;
use crate::turn::{Turn, id};

/// A look that ended longer ago is not fresh.
const FRESH_MS: u64 = 2_000;
/// A bundle may hold an act back for this long.
pub(crate) const BUNDLE_MS: u64 = 1_000;
/// A fresh look that gives nothing for this long is given up, and the case judged again.
pub(crate) const LOOKING_MAX_MS: u64 = 70_000;

impl Turn<'_> {
    pub(crate) fn decide(&mut self, app: usize) {
        match &self.seen_app(app).phase {
            AppPhase::Watching if self.seen_app(app).process == Process::NotStarted => {
                self.launch(app);
            }
            AppPhase::Watching => self.open(app),
            AppPhase::Launching { .. } => {}
            AppPhase::Incident(incident) => match incident.stage {
                Stage::Judging => self.judge_again(app),
                Stage::Looking { rung, purse, since } => self.looking(app, rung, purse, since),
                Stage::Bundling { rung, purse, since } => self.bundling(app, rung, purse, since),
                Stage::Acting { until, .. } => self.await_answer(app, until),
                Stage::Verifying { .. } => {}
            },
        }
        // An incident that was just opened or judged anew may act in the same turn.
        if matches!(self.stage(app), Some(Stage::Judging)) {
            self.attempt(app);
        }
    }

    pub(crate) fn stage(&self, app: usize) -> Option<Stage> {
        self.seen_app(app).incident().map(|incident| incident.stage)
    }

    pub(crate) fn set_stage(&mut self, app: usize, stage: Stage) {
        if let Some(incident) = self.app(app).incident_mut() {
            incident.stage = stage;
        }
    }

    /// The first start: what the old script's boot line did. It is no incident.
    fn launch(&mut self, app: usize) {
        let since = self.now;
        let conviction = Conviction {
            class: Class::Dead,
            since,
            score_db: 70,
            bar_db: 57,
            partial: false,
            by_kernel: true,
        };
        let plan = Plan { rung: Rung::Start, purse: Purse::Free, step: None, conviction };
        if self.refusal(app, &plan).is_none() {
            let intent = self.order(app, &plan, IncidentId(0));
            self.app(app).phase = AppPhase::Launching { intent };
        }
    }

    fn open(&mut self, app: usize) {
        if self.seen_app(app).stopped {
            return;
        }
        let Some(conviction) = self.convict(app) else { return };
        let number = IncidentId(self.state.next_incident);
        self.state.next_incident += 1;
        let incident = Incident {
            id: number,
            class: conviction.class,
            since: conviction.since,
            stage: Stage::Judging,
            used: Used::default(),
            disruptive: 0,
            acted: None,
            back_at: None,
            away_ms: None,
            bundled: false,
            refused: None,
            handed_over: None,
        };
        let state = self.app(app);
        state.suspected_since = None;
        state.healthy_since = None;
        state.phase = AppPhase::Incident(incident);
        let (class, since) = (conviction.class, conviction.since);
        self.note(Note::Opened { app: id(app), incident: number, class, since });
        self.note_ground(app);
        self.relapse(app);
        self.quicken(app);
    }

    /// Down again soon after a verified recovery (one that is longer ago is forgotten): the rung did not
    /// help after all, and the ladder is climbed from where it stood.
    fn relapse(&mut self, app: usize) {
        let now = self.now;
        let Some(recovery) = self.app(app).recovery.take() else { return };
        let after_ms = now.since(recovery.at);
        let Some(incident) = self.app(app).incident_mut() else { return };
        if !recovery.rung.is_disruptive() {
            return;
        }
        incident.used = recovery.used;
        incident.disruptive = recovery.disruptive;
        let incident = incident.id;
        let fault = RungFault::Relapsed { after_ms };
        self.note(Note::RungFailed { app: id(app), incident, rung: recovery.rung, fault });
    }

    fn judge_again(&mut self, app: usize) {
        let Some(conviction) = self.convict(app) else { return };
        let Some(incident) = self.app(app).incident_mut() else { return };
        let (from, to) = (incident.class, conviction.class);
        if from == to {
            return;
        }
        incident.class = to;
        incident.refused = None;
        incident.handed_over = None;
        let incident = incident.id;
        self.note(Note::Reclassed { app: id(app), incident, from, to });
        self.note_ground(app);
    }

    /// Tries the next rung, or writes down why not.
    fn attempt(&mut self, app: usize) {
        let Some(conviction) = self.convict(app) else { return };
        match self.plan(app, conviction) {
            Err((rung, refusal)) => self.refuse(app, rung, refusal),
            Ok(plan) => self.begin(app, &plan),
        }
    }

    /// All guards agree.
    fn begin(&mut self, app: usize, plan: &Plan) {
        let evidence = self.evidence(app);
        let Some(incident) = self.app(app).incident_mut() else { return };
        incident.bundled = false;
        incident.refused = None;
        let number = incident.id;
        let Plan { rung, purse, conviction, .. } = *plan;
        if rung == Rung::Start && self.awaits_refusal(app) {
            return;
        }
        self.note(Note::Decided {
            app: id(app),
            incident: number,
            class: conviction.class,
            rung,
            purse,
            score_db: conviction.score_db,
            bar_db: conviction.bar_db,
            evidence: evidence.parts,
        });
        if conviction.class == Class::CrashLoop {
            self.tell_person(app, HandOver::CrashLoop);
        }
        self.gather(app);
        let since = self.now;
        if rung == Rung::Start {
            self.go(app, plan);
        } else if conviction.by_kernel || self.has_fresh_failure(app) {
            self.set_stage(app, Stage::Bundling { rung, purse, since });
        } else {
            self.set_stage(app, Stage::Looking { rung, purse, since });
            self.look_now(app, |view| view != View::Dependency);
        }
    }

    fn looking(&mut self, app: usize, rung: Rung, purse: Purse, since: Moment) {
        if self.has_fresh_failure(app) && self.failed_since(app, since) {
            self.set_stage(app, Stage::Bundling { rung, purse, since });
            self.bundling(app, rung, purse, since);
        } else if self.now.since(since) >= LOOKING_MAX_MS {
            self.set_stage(app, Stage::Judging);
        }
    }

    fn bundling(&mut self, app: usize, rung: Rung, purse: Purse, since: Moment) {
        let bundled = self.seen_app(app).incident().is_some_and(|incident| incident.bundled);
        if !bundled && self.now.since(since) < BUNDLE_MS {
            return;
        }
        // Planned once more: a hold may have come, or the class changed, while evidence was gathered.
        let again = self.convict(app).and_then(|conviction| self.plan(app, conviction).ok());
        match again.filter(|plan| plan.rung == rung && plan.purse == purse) {
            Some(plan) if plan.conviction.by_kernel || self.has_fresh_failure(app) => {
                self.go(app, &plan);
            }
            Some(_) => {
                let since = self.now;
                self.set_stage(app, Stage::Looking { rung, purse, since });
                self.look_now(app, |view| view != View::Dependency);
            }
            None => self.set_stage(app, Stage::Judging),
        }
    }

    /// A failing look that ended a moment ago.
    fn has_fresh_failure(&self, app: usize) -> bool {
        self.probes(app).any(|(probe, rules)| {
            rules.view != View::Dependency
                && probe.last.is_some_and(|look| {
                    look.seen.is_failure() && self.now.since(look.ended) <= FRESH_MS
                })
                && probe.stretch.is_some_and(|stretch| self.now.since(stretch.until) <= FRESH_MS)
        })
    }

    fn failed_since(&self, app: usize, since: Moment) -> bool {
        self.probes(app).any(|(probe, rules)| {
            rules.view != View::Dependency
                && probe.last.is_some_and(|look| look.seen.is_failure() && look.started >= since)
        })
    }
}
