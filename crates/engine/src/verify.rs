//! Verify: did it help? Sustained health is the answer, not that the command returned 0.

use crate::effect::Rung;
use crate::id::IncidentId;
use crate::note::{Class, Ending, Note, RungFault};
use crate::policy::View;
use crate::state::{AppPhase, Incident, Process, Recovery, Stage};
use crate::time::Moment;
use crate::turn::{Turn, id};

impl Turn<'_> {
    /// It died while its health was being verified.
    pub(crate) fn death_in_verify(&mut self, app: usize) {
        let now = self.now;
        let Some(Stage::Verifying { rung, since }) = self.stage(app) else { return };
        let Some(incident) = self.app(app).incident_mut() else { return };
        incident.stage = Stage::Judging;
        let incident = incident.id;
        let fault = RungFault::DiedAgain { after_ms: now.since(since) };
        self.note(Note::RungFailed { app: id(app), incident, rung, fault });
    }

    /// The first good look of a stretch, while an incident is open.
    pub(crate) fn back(&mut self, app: usize, now: Moment) {
        let failing = self.probes(app).any(|(probe, rules)| {
            self.is_told_by(app, rules.view) && !probe.absent && probe.stretch.is_some()
        });
        let seen = self.probes(app).find_map(|(probe, _)| probe.last.map(|look| look.seen));
        let Some(incident) = self.app(app).incident_mut() else { return };
        if failing {
            return;
        }
        let number = incident.id;
        let spared = match incident.stage {
            Stage::Looking { rung, .. } | Stage::Bundling { rung, .. } => Some(rung),
            _ => None,
        };
        if spared.is_some() {
            incident.stage = Stage::Judging;
        }
        let down_ms = incident.down_ms(now);
        let first = incident.back_at.is_none();
        incident.back_at.get_or_insert(now);
        if let (Some(rung), Some(seen)) = (spared, seen) {
            self.note(Note::Spared { app: id(app), incident: number, rung, seen });
        }
        if first {
            self.note(Note::Back { app: id(app), incident: number, down_ms });
        }
    }

    /// Whether a probe of this view tells of the open incident: the users' path does so only when the
    /// fault lies there, or when there is no other view.
    pub(crate) fn is_told_by(&self, app: usize, view: View) -> bool {
        let class = self.seen_app(app).incident().map(|incident| incident.class);
        match view {
            View::App | View::Listener => true,
            View::UserPath => {
                matches!(class, Some(Class::Outside | Class::Certificate))
                    || !self.has_app_view(app)
            }
            View::Dependency => false,
        }
    }

    /// A failing look ends the stretch of good ones.
    pub(crate) fn not_back(&mut self, app: usize) {
        if let Some(incident) = self.app(app).incident_mut() {
            incident.back_at = None;
        }
    }

    /// Closes the incident when health has lasted, or finds that the rung did not help.
    pub(crate) fn verify(&mut self, app: usize) {
        let Some(incident) = self.seen_app(app).incident() else { return };
        match incident.stage {
            Stage::Acting { .. } => {}
            _ if self.seen_app(app).stopped => self.close(app, Ending::Passed),
            Stage::Verifying { rung, .. } => {
                if self.is_well(app, false) {
                    self.close(app, Ending::Recovered { rung });
                } else if self.convict(app).is_some() {
                    self.rung_failed(app, rung);
                }
            }
            Stage::Judging | Stage::Looking { .. } | Stage::Bundling { .. } => {
                if self.is_well(app, true) {
                    let ending = self.quiet_ending(app);
                    self.close(app, ending);
                }
            }
        }
    }

    fn rung_failed(&mut self, app: usize, rung: Rung) {
        let need = self.rules(app).rise;
        let passes = self.probes(app).map(|(probe, _)| probe.passes).max().unwrap_or(0);
        self.set_stage(app, Stage::Judging);
        let Some(incident) = self.seen_app(app).incident().map(|incident| incident.id) else {
            return;
        };
        let fault = RungFault::NoHealth { passes, need };
        self.note(Note::RungFailed { app: id(app), incident, rung, fault });
    }

    /// Sustained health: a living process, and enough good looks over enough time. After an act the
    /// views on the app decide; without one, the users' path too.
    pub(crate) fn is_well(&self, app: usize, with_path: bool) -> bool {
        let rules = self.rules(app);
        if matches!(self.seen_app(app).process, Process::Gone { .. }) {
            return false;
        }
        let has_view = self.has_app_view(app);
        let mut counted = self
            .probes(app)
            .filter(|(probe, rules)| match rules.view {
                View::App | View::Listener => !probe.absent,
                View::UserPath => with_path || !has_view,
                View::Dependency => false,
            })
            .peekable();
        counted.peek().is_some()
            && counted.all(|(probe, _)| {
                let spanned_ms = probe.last.map_or(0, |look| look.ended.since(probe.passing_since));
                probe.passes >= rules.rise && spanned_ms >= rules.verify_ms
            })
    }

    fn quiet_ending(&self, app: usize) -> Ending {
        let Some(incident) = self.seen_app(app).incident() else { return Ending::Passed };
        match (incident.acted, incident.class) {
            (Some(act), _) if act.done => Ending::Recovered { rung: act.rung },
            (
                _,
                Class::Intended
                | Class::Certificate
                | Class::Outside
                | Class::Dependency
                | Class::Contract
                | Class::Busy,
            ) => Ending::Passed,
            _ => Ending::SelfHealed,
        }
    }

    pub(crate) fn close(&mut self, app: usize, ending: Ending) {
        let now = self.now;
        let state = self.app(app);
        let AppPhase::Incident(incident) = core::mem::replace(&mut state.phase, AppPhase::Watching)
        else {
            return;
        };
        let down_ms = incident.down_ms(incident.back_at.unwrap_or(now));
        let Incident { id: number, class, used, disruptive, .. } = incident;
        if let Ending::Recovered { rung } = ending {
            state.recovery = Some(Recovery { at: now, rung, used, disruptive });
        }
        state.suspected_since = None;
        for probe in &mut state.probes {
            probe.db = 0;
            probe.cusum = 0;
        }
        self.note(Note::Closed { app: id(app), incident: number, class, ending, down_ms });
    }

    pub(crate) fn bundle_closed(&mut self, app: usize, number: IncidentId) {
        if let Some(incident) = self.app(app).incident_mut().filter(|open| open.id == number) {
            incident.bundled = true;
        }
    }
}
