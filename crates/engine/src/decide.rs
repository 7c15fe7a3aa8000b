//! Decide: from a conviction to an order, or to a reason why not.

use crate::class::Conviction;
use crate::effect::{Effect, Order, Purse, Rung};
use crate::event::Charge;
use crate::guards::Plan;
use crate::id::{IncidentId, IntentId};
use crate::ladder::{self, Ladder};
use crate::note::{Class, HandOver, Note, Refusal, RungFault};
use crate::policy::{Deadlines, View};
use crate::state::{AppPhase, Incident, Process, Stage, Used};
use crate::time::Moment;
use crate::turn::{Turn, id};

/// A look that ended longer ago is not fresh.
const FRESH_MS: u64 = 2_000;
/// A bundle may hold an act back for this long.
pub(crate) const BUNDLE_MS: u64 = 1_000;
/// A fresh look that gives nothing for this long is given up, and the case judged again.
pub(crate) const LOOKING_MAX_MS: u64 = 70_000;
/// The executor answers within its deadline; this much later we stop waiting.
const ANSWER_SLACK_MS: u64 = 30_000;

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
        let conviction =
            Conviction { class: Class::Dead, since, score_db: 70, bar_db: 57, partial: false };
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
        self.relapse(app);
        self.quicken(app);
    }

    /// Down again soon after a verified recovery: the rung did not help after all, and the ladder is
    /// climbed from where it stood.
    fn relapse(&mut self, app: usize) {
        let relapse_ms = self.rules(app).relapse_ms;
        let now = self.now;
        let Some(recovery) = self.app(app).recovery.take() else { return };
        let after_ms = now.since(recovery.at);
        let Some(incident) = self.app(app).incident_mut() else { return };
        if after_ms >= relapse_ms || !recovery.rung.is_disruptive() {
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
    }

    /// Tries the next rung, or writes down why not.
    fn attempt(&mut self, app: usize) {
        let Some(conviction) = self.convict(app) else { return };
        match self.plan(app, conviction) {
            Err((rung, refusal)) => self.refuse(app, rung, refusal),
            Ok(plan) => self.begin(app, &plan),
        }
    }

    /// The next rung that every guard agrees to.
    pub(crate) fn plan(
        &self,
        app: usize,
        conviction: Conviction,
    ) -> Result<Plan, (Option<Rung>, Refusal)> {
        let class = conviction.class;
        let Some(ladder) = self.ladder(app, &conviction) else {
            let plan = Plan { rung: Rung::Restart, purse: Purse::Ladder, step: None, conviction };
            let refusal = self.refusal(app, &plan);
            return Err((None, refusal.unwrap_or(Refusal::ClassForbids { class })));
        };
        let mut last = Err((None, Refusal::ClassForbids { class }));
        for (step, rung) in self.rungs_left(app, ladder) {
            let plan = match rung {
                Rung::Start => Plan { rung, purse: Purse::Free, step: None, conviction },
                _ => Plan { rung, purse: Purse::Ladder, step: Some((ladder, step)), conviction },
            };
            match self.refusal(app, &plan) {
                None => return Ok(plan),
                // A rung that is not to be had here is stepped over; any other refusal stands.
                Some(refusal @ (Refusal::NotPermitted { .. } | Refusal::NotPossible { .. })) => {
                    last = Err((Some(rung), refusal));
                }
                Some(refusal) => {
                    last = Err((Some(rung), refusal));
                    break;
                }
            }
        }
        self.gently(app, ladder, conviction, last)
    }

    /// Never a storm, never silence: a hung app gets one restart every 15 min when its ladder or its
    /// budget is at an end.
    fn gently(
        &self,
        app: usize,
        ladder: Ladder,
        conviction: Conviction,
        last: Result<Plan, (Option<Rung>, Refusal)>,
    ) -> Result<Plan, (Option<Rung>, Refusal)> {
        let at_end = match &last {
            Err((_, refusal)) => matches!(
                refusal,
                Refusal::BudgetSpent { .. }
                    | Refusal::IncidentSpent { .. }
                    | Refusal::NotPermitted { .. }
                    | Refusal::NotPossible { .. }
                    | Refusal::ClassForbids { .. }
                    | Refusal::MinUptime { .. }
            ),
            Ok(_) => false,
        };
        // What could not be started, nor cured by anything dearer, is tried again all the same.
        let (rung, purse) = match ladder {
            Ladder::Hung if at_end => (Rung::Restart, Purse::Gentle),
            Ladder::Unstartable if last.is_err() && self.rules(app).rungs.has(Rung::Start) => {
                (Rung::Start, Purse::Free)
            }
            _ => return last,
        };
        let plan = Plan { rung, purse, step: None, conviction };
        match self.refusal(app, &plan) {
            None => Ok(plan),
            Some(refusal) => Err((Some(rung), refusal)),
        }
    }

    /// The ladder for this conviction.
    fn ladder(&self, app: usize, conviction: &Conviction) -> Option<Ladder> {
        let ladder = ladder::of(conviction.class)?;
        let path_only = !self.has_app_view(app);
        Some(match ladder {
            Ladder::Start if self.seen_app(app).starts.undone >= 3 => Ladder::Unstartable,
            Ladder::Start if !self.rules(app).rungs.has(Rung::Start) => Ladder::Unstartable,
            Ladder::Hung | Ladder::Erroring if conviction.partial || path_only => Ladder::Once,
            other => other,
        })
    }

    /// What is left of a ladder, with the place of each rung. A target that cannot be killed (a
    /// recovery command of the user's) is restarted instead.
    fn rungs_left(&self, app: usize, ladder: Ladder) -> impl Iterator<Item = (u8, Rung)> + use<> {
        let taken = self.seen_app(app).incident().map_or(0, |incident| incident.used.on(ladder));
        let rungs = self.rules(app).rungs;
        let softened = move |rung| match rung {
            Rung::Kill if !rungs.has(Rung::Kill) && rungs.has(Rung::Restart) => Rung::Restart,
            other => other,
        };
        (0..).zip(ladder.rungs().iter().copied().map(softened)).skip(usize::from(taken))
    }

    fn refuse(&mut self, app: usize, rung: Option<Rung>, refusal: Refusal) {
        let Some(incident) = self.app(app).incident_mut() else { return };
        let same = incident.refused.is_some_and(|(before, why)| {
            before == rung && core::mem::discriminant(&why) == core::mem::discriminant(&refusal)
        });
        incident.refused = Some((rung, refusal));
        let number = incident.id;
        if !same {
            self.note(Note::Refused { app: id(app), incident: number, rung, refusal });
            self.hand_over(app, refusal);
        }
    }

    fn hand_over(&mut self, app: usize, refusal: Refusal) {
        let Some(incident) = self.seen_app(app).incident() else { return };
        let why = match (refusal, incident.class) {
            (
                Refusal::ClassForbids { .. },
                Class::Contract | Class::Certificate | Class::Outside,
            ) => HandOver::NoCure,
            (Refusal::ClassForbids { .. }, Class::Intended | Class::Dependency) => return,
            (
                Refusal::ClassForbids { .. }
                | Refusal::NotPermitted { .. }
                | Refusal::NotPossible { .. },
                _,
            ) => HandOver::LadderEnds,
            (Refusal::BudgetSpent { .. }, _) => HandOver::BudgetSpent,
            (Refusal::IncidentSpent { .. }, _) => HandOver::IncidentSpent,
            (Refusal::BackOff { .. }, Class::CrashLoop) => HandOver::CrashLoop,
            _ => return,
        };
        self.tell_person(app, why);
    }

    fn tell_person(&mut self, app: usize, why: HandOver) {
        let Some(incident) = self.app(app).incident_mut() else { return };
        if incident.handed_over.is_none() {
            incident.handed_over = Some(why);
            let incident = incident.id;
            self.note(Note::HandedOver { app: id(app), incident, why });
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
        } else if self.has_fresh_failure(app) {
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
            Some(plan) if self.has_fresh_failure(app) => self.go(app, &plan),
            Some(_) => {
                let since = self.now;
                self.set_stage(app, Stage::Looking { rung, purse, since });
                self.look_now(app, |view| view != View::Dependency);
            }
            None => self.set_stage(app, Stage::Judging),
        }
    }

    /// The order leaves.
    fn go(&mut self, app: usize, plan: &Plan) {
        let Some(incident) = self.seen_app(app).incident() else { return };
        let number = incident.id;
        let intent = self.order(app, plan, number);
        let (rung, since) = (plan.rung, self.now);
        let until = since.plus(deadline_ms(&self.rules(app).deadlines, rung) + ANSWER_SLACK_MS);
        let Some(incident) = self.app(app).incident_mut() else { return };
        let before = incident.used;
        incident.stage = Stage::Acting { intent, rung, since, until, before };
        incident.back_at = None;
        if rung.is_disruptive() && plan.purse == Purse::Ladder {
            incident.disruptive = incident.disruptive.saturating_add(1);
        }
        if let Some((ladder, step)) = plan.step {
            incident.used.climb(ladder, step);
        }
    }

    fn order(&mut self, app: usize, plan: &Plan, incident: IncidentId) -> IntentId {
        let intent = IntentId(self.state.next_intent);
        self.state.next_intent += 1;
        let Plan { rung, purse, conviction, .. } = *plan;
        if rung.is_disruptive() {
            self.state.charges.push(Charge { app: id(app), rung, purse, at: self.now });
        }
        let identity = self.seen_app(app).identity();
        let deadline_ms = deadline_ms(&self.rules(app).deadlines, rung) as u32;
        self.note(Note::Ordered { app: id(app), incident, intent, rung, purse });
        self.effects.push(Effect::Order(Order {
            intent,
            app: id(app),
            incident,
            rung,
            purse,
            class: conviction.class,
            identity,
            deadline_ms,
        }));
        intent
    }

    fn await_answer(&mut self, app: usize, until: Moment) {
        let intent = self.seen_app(app).acting();
        if let (true, Some((intent, _))) = (self.now >= until, intent) {
            self.acted(app, intent, crate::event::Outcome::Interrupted);
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

/// How long a rung may take.
pub(crate) fn deadline_ms(deadlines: &Deadlines, rung: Rung) -> u64 {
    u64::from(match rung {
        Rung::Start => deadlines.start_ms,
        Rung::Reload => deadlines.reload_ms,
        Rung::Restart => deadlines.restart_ms,
        Rung::Kill => deadlines.kill_ms,
        Rung::Reboot => deadlines.reboot_ms,
    })
}
