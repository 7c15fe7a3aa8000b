//! One call of [`step`](crate::step): the state, the rules, the time, and where effects go.

use crate::effect::Effect;
use crate::event::Event;
use crate::id::AppId;
use crate::note::Note;
use crate::policy::{AppPolicy, Policy, ProbePolicy};
use crate::state::{AppState, ProbeState, State};
use crate::time::Moment;
use alloc::vec::Vec;

/// One turn. The methods stand in the files of the stages that they belong to.
pub(crate) struct Turn<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) policy: &'a Policy,
    pub(crate) now: Moment,
    pub(crate) effects: &'a mut Vec<Effect>,
}

impl Turn<'_> {
    /// The app's state. Callers pass only indices below `state.apps.len()`.
    pub(crate) fn app(&mut self, app: usize) -> &mut AppState {
        &mut self.state.apps[app]
    }

    pub(crate) fn seen_app(&self, app: usize) -> &AppState {
        &self.state.apps[app]
    }

    pub(crate) fn rules(&self, app: usize) -> &AppPolicy {
        &self.policy.apps[app]
    }

    pub(crate) fn note(&mut self, note: Note) {
        self.effects.push(Effect::Note(note));
    }

    /// Probes of an app with their rules.
    pub(crate) fn probes(&self, app: usize) -> impl Iterator<Item = (&ProbeState, &ProbePolicy)> {
        self.seen_app(app).probes.iter().zip(&self.rules(app).probes)
    }

    fn known(&self, app: AppId) -> Option<usize> {
        let index = usize::from(app.0);
        (index < self.state.apps.len() && index < self.policy.apps.len()).then_some(index)
    }

    /// Takes one event, then lets every app decide and schedule.
    pub(crate) fn take(&mut self, event: &Event) {
        self.receive(event);
        self.expire_doubt();
        self.outlive_shutdown();
        self.keep_freeze();
        for app in 0..self.state.apps.len().min(self.policy.apps.len()) {
            self.expire_quiet(app);
            self.verify(app);
            self.decide(app);
            self.schedule(app);
        }
        self.see_recoveries();
        self.keep_freeze();
    }

    fn receive(&mut self, event: &Event) {
        match event {
            Event::Started(started) => self.started(started),
            Event::Doubted(doubt) => self.doubted(*doubt),
            Event::ShuttingDown => self.shutting_down(),
            Event::Thawed => self.thawed(),
            Event::Woke => {}
            Event::Observed { probe, attempt, started, ended, seen } => {
                if let Some(app) = self.known(probe.app) {
                    self.observed(app, usize::from(probe.index), *attempt, *started, *ended, *seen);
                }
            }
            Event::Found { app, identity } => self.on(*app, |t, a| t.found(a, *identity)),
            Event::Died { app, identity, exit, restart_in_ms } => {
                self.on(*app, |t, a| t.died(a, *identity, *exit, *restart_in_ms));
            }
            Event::Stopped { app } => self.on(*app, Turn::stopped),
            Event::Resumed { app } => self.on(*app, Turn::resumed),
            Event::Held { app, until } => self.on(*app, |t, a| t.held(a, *until)),
            Event::Released { app } => self.on(*app, |t, a| t.released(a, false)),
            Event::EvidenceClosed { app, incident, .. } => {
                self.on(*app, |t, a| t.bundle_closed(a, *incident));
            }
            Event::Measured { app, facts } => self.on(*app, |t, a| t.measured(a, *facts)),
            Event::Machine(facts) => self.machine_read(*facts),
            Event::Capable { app, rungs } => self.on(*app, |t, a| t.capable(a, *rungs)),
            Event::Acted { app, intent, outcome } => {
                self.on(*app, |t, a| t.acted(a, *intent, *outcome));
            }
        }
    }

    /// Calls `what` if the app exists: an event for another is dropped (S21).
    fn on(&mut self, app: AppId, what: impl FnOnce(&mut Self, usize)) {
        if let Some(index) = self.known(app) {
            what(self, index);
        }
    }
}

/// The id of an app by its index.
pub(crate) fn id(app: usize) -> AppId {
    AppId(app as u16)
}
