//! Answer: what the executor said about an order, and what follows from it.

use crate::effect::{Purse, Rung};
use crate::event::{Charge, Failure, OrderRefusal, Outcome};
use crate::guards::RETRY_MS;
use crate::id::{Identity, IntentId};
use crate::note::{Note, RungFault};
use crate::state::{AppPhase, LastAct, Process, Stage};
use crate::time::Moment;
use crate::turn::{Turn, id};

/// The longest pause between two disruptive acts of one incident.
const SPACING_MAX_MS: u64 = 30 * 60 * 1000;

/// Whether the rung may be used again as if it had not been: nothing of it was begun.
fn is_as_if_never_ordered(outcome: Outcome) -> bool {
    let unbegun = [Outcome::Failed(Failure::OurLimit), Outcome::Refused(OrderRefusal::Stale)];
    unbegun.contains(&outcome)
}

impl Turn<'_> {
    /// The executor has answered.
    pub(crate) fn acted(&mut self, app: usize, intent: IntentId, outcome: Outcome) {
        let Some((awaited, rung)) = self.seen_app(app).acting() else { return };
        if awaited != intent {
            return;
        }
        let incident = self.seen_app(app).incident().map(|incident| incident.id);
        self.note(Note::Acted { app: id(app), incident, intent, rung, outcome });
        if rung == Rung::Start {
            self.count_start(app, outcome);
        }
        // Nobody knows how far an interrupted act went. A process that was ended is verified like any
        // other; a start is made again if no process has shown up (the executor refuses a second copy).
        let shown = rung.is_disruptive() || self.seen_app(app).identity().is_some();
        let helped = outcome == Outcome::Done || outcome == Outcome::Interrupted && shown;
        if helped && rung == Rung::Clean {
            self.after_cleaning(app);
        } else if helped {
            self.begin_grace(app, rung);
        }
        match self.stage(app) {
            None => self.launch_over(app, outcome),
            Some(_) => self.act_over(app, rung, outcome, helped),
        }
    }

    /// The first start is over. One that could not be made is a fault like any death.
    fn launch_over(&mut self, app: usize, outcome: Outcome) {
        let now = self.now;
        let state = self.app(app);
        state.phase = AppPhase::Watching;
        if matches!(outcome, Outcome::Failed(why) if why != Failure::OurLimit) {
            state.process = Process::Gone { at: now, supervisor_until: None };
            self.suspect(app, now, None);
        }
    }

    fn count_start(&mut self, app: usize, outcome: Outcome) {
        let now = self.now;
        let state = self.app(app);
        state.starts.last = now;
        state.starts.retry_soon = outcome == Outcome::Failed(Failure::OurLimit);
        match outcome {
            Outcome::Done | Outcome::Interrupted => {
                state.starts.count = state.starts.count.saturating_add(1);
                (state.starts.undone, state.starts.failed) = (0, 0);
            }
            Outcome::Failed(Failure::OurLimit) => state.starts.undone = state.starts.undone.max(1),
            Outcome::Refused(_) => state.starts.undone = state.starts.undone.saturating_add(1),
            Outcome::Failed(_) => {
                state.starts.undone = state.starts.undone.saturating_add(1);
                state.starts.failed = state.starts.failed.saturating_add(1);
            }
        }
    }

    /// What was seen before the act is void: it was another process, or another life of it.
    fn begin_grace(&mut self, app: usize, rung: Rung) {
        let until = self.now.plus(self.rules(app).start_grace_ms);
        self.void_looks(app);
        // (A start frees nothing: memory that was gone before it is gone after it.)
        if rung != Rung::Start {
            if let Some(host) = self.app(app).host.as_mut() {
                host.forget();
            }
            self.read_memory_anew();
        }
        let state = self.app(app);
        if !matches!(state.process, Process::Alive { .. }) {
            // A child is reported as found before its start is reported as done; for the others
            // the process is not known yet.
            state.process = Process::Unknown;
        }
        state.grace_until = Some(until);
        state.healthy_since = None;
    }

    /// What was seen before a clean-up is void, but the app is the same: nothing is started, so there is
    /// nothing to wait for.
    fn after_cleaning(&mut self, app: usize) {
        self.void_looks(app);
        self.app(app).healthy_since = None;
        // The next reading says whether the disk is still full.
        self.state.machine = None;
    }

    fn act_over(&mut self, app: usize, rung: Rung, outcome: Outcome, helped: bool) {
        let now = self.now;
        if rung.is_disruptive() {
            self.app(app).again_at = self.again_after(app, outcome);
        }
        if outcome == Outcome::Refused(OrderRefusal::Stale) {
            self.take_back(app, rung);
        }
        let judged = self.seen_app(app).identity();
        let spared = judged.filter(|_| outcome == Outcome::Interrupted && rung.is_disruptive());
        let Some(incident) = self.app(app).incident_mut() else { return };
        let ordered_at = match incident.stage {
            Stage::Acting { since, before, .. } => {
                if is_as_if_never_ordered(outcome) {
                    incident.used = before;
                }
                since
            }
            _ => now,
        };
        incident.acted = Some(LastAct { rung, ordered_at, ended_at: now, done: helped, spared });
        if helped {
            incident.stage = Stage::Verifying { rung, since: now };
            return;
        }
        incident.stage = Stage::Judging;
        let incident = incident.id;
        if rung == Rung::Reboot && matches!(outcome, Outcome::Refused(_)) {
            self.reboot_refused(app, ordered_at);
        }
        let fault = RungFault::NotDone(outcome);
        self.note(Note::RungFailed { app: id(app), incident, rung, fault });
    }

    /// The order was refused for its age alone, before anything was paid: it is judged anew.
    fn take_back(&mut self, app: usize, rung: Rung) {
        let Some(Stage::Acting { since, .. }) = self.stage(app) else { return };
        let paid = |charge: &Charge| (charge.app, charge.rung, charge.at) == (id(app), rung, since);
        let Some(place) = self.state.charges.iter().rposition(paid) else { return };
        let charge = self.state.charges.remove(place);
        if let Some(incident) =
            self.app(app).incident_mut().filter(|_| charge.purse == Purse::Ladder)
        {
            incident.disruptive = incident.disruptive.saturating_sub(1);
        }
    }

    /// The very process that an interrupted act was to end is still there: nothing was ended, so there is
    /// nothing to verify and no grace to wait for.
    pub(crate) fn still_there(&mut self, app: usize, identity: Identity) {
        let again_at = self.now.plus(RETRY_MS);
        let Some(Stage::Verifying { rung, .. }) = self.stage(app) else { return };
        let Some(incident) = self.app(app).incident_mut() else { return };
        let Some(act) = incident.acted.as_mut().filter(|act| act.spared == Some(identity)) else {
            return;
        };
        (act.done, act.spared) = (false, None);
        incident.stage = Stage::Judging;
        let incident = incident.id;
        let state = self.app(app);
        state.grace_until = None;
        state.again_at = again_at;
        let fault = RungFault::NotDone(Outcome::Interrupted);
        self.note(Note::RungFailed { app: id(app), incident, rung, fault });
    }

    /// Room for the act to help: the start grace or the verify window, doubled with each act of the
    /// incident. An act that could not begin for a limit of ours is tried again soon.
    fn again_after(&self, app: usize, outcome: Outcome) -> Moment {
        if matches!(outcome, Outcome::Failed(_) | Outcome::Refused(_)) {
            return self.now.plus(RETRY_MS);
        }
        let rules = self.rules(app);
        let acts = self.seen_app(app).incident().map_or(0, |incident| incident.disruptive);
        let room_ms = rules.verify_ms.max(rules.start_grace_ms);
        let doublings = u32::from(acts.saturating_sub(1).min(10));
        self.now.plus(room_ms.saturating_mul(1 << doublings).min(SPACING_MAX_MS).max(room_ms))
    }
}
