//! Facts about the guardian, the machine and people: start, doubt, holds, stops, a new config.

use crate::budget;
use crate::effect::Effect;
use crate::event::{Doubt, LedgerIntent, Started};
use crate::id::IntentId;
use crate::note::{Class, Ending, Note};
use crate::policy::{AppPolicy, Policy, RungSet};
use crate::state::{AppPhase, AppState, ProbeState, Process, Stage, Starts, State};
use crate::time::Moment;
use crate::turn::{Turn, id};
use alloc::vec::Vec;

/// Doubt falls by one for each clean stretch of this length (Lifeguard's local health multiplier falls
/// by one per good probe round; a default round is 5 s).
const DOUBT_STEP_MS: u64 = 5_000;
const DOUBT_MAX: u8 = 8;

/// A shutdown that has not come by then does not come: `reboot.target` and `poweroff.target` have
/// `JobTimeoutSec=30min`, and are forced when it is over (systemd 252, units/reboot.target).
const SHUTDOWN_MS: u64 = 30 * 60_000;

impl Turn<'_> {
    /// The machine is going down: nothing is begun any more, for as long as that can take.
    pub(crate) fn shutting_down(&mut self) {
        self.state.shutting_down = Some(self.now.plus(SHUTDOWN_MS));
    }

    /// A person's shutdown that never came is no reason to leave the app down for ever.
    pub(crate) fn outlive_shutdown(&mut self) {
        let now = self.now;
        self.state.shutting_down = self.state.shutting_down.filter(|until| now < *until);
    }

    pub(crate) fn started(&mut self, started: &Started) {
        let now = self.now;
        self.state.booted_at = started.booted_at;
        self.state.shutting_down = None;
        self.state.machine = None;
        self.state.next_intent = self.state.next_intent.max(started.last_intent + 1);
        self.state.charges.clone_from(&started.charges);
        budget::prune(&mut self.state.charges, now);
        self.vain_by_ledger(&started.vain);
        for count in &started.starts {
            if let Some(app) = self.state.apps.get_mut(usize::from(count.app.0)) {
                app.starts = Starts { count: count.count, last: count.last, ..app.starts };
            }
        }
        for app in 0..self.state.apps.len().min(self.policy.apps.len()) {
            self.wake_app(app, started);
        }
    }

    /// What was seen before we were away is void; what was ordered is what the ledger says.
    fn wake_app(&mut self, app: usize, started: &Started) {
        self.void_looks(app);
        self.app(app).host = None;
        self.app(app).stop_told = false;
        if started.new_boot {
            // After a boot everything starts at once, and slowly.
            let grace_ms = self.rules(app).start_grace_ms;
            self.app(app).grace_until = Some(self.now.plus(grace_ms));
            self.begin_anew(app, started.away_ms);
        }
        match self.seen_app(app).acting() {
            Some((intent, _)) => self.resume_intent(app, intent, &started.intents),
            None => self.step_back(app),
        }
        // Last, because what was known of the process tells what an interrupted act was to end.
        self.app(app).process = Process::Unknown;
    }

    /// Nothing was well while the machine was away, and what was back has to come back again.
    fn begin_anew(&mut self, app: usize, away_ms: Option<u64>) {
        let state = self.app(app);
        state.healthy_since = None;
        let Some(incident) = state.incident_mut() else { return };
        incident.back_at = None;
        if let Some(away_ms) = away_ms {
            incident.away_ms = Some(incident.away_ms.unwrap_or(0).saturating_add(away_ms));
        }
    }

    fn resume_intent(&mut self, app: usize, intent: IntentId, ledger: &[LedgerIntent]) {
        match ledger.iter().find(|entry| entry.intent == intent) {
            // Without an outcome the executor is still at it: its answer is waited for.
            Some(entry) => {
                if let Some(outcome) = entry.outcome {
                    self.acted(app, intent, outcome);
                }
            }
            // The order never reached the ledger, so it was not carried out.
            None => match &mut self.app(app).phase {
                AppPhase::Incident(incident) => incident.stage = Stage::Judging,
                phase => *phase = AppPhase::Watching,
            },
        }
    }

    /// A rung that was about to be used is judged again from the beginning.
    fn step_back(&mut self, app: usize) {
        if matches!(self.stage(app), Some(Stage::Looking { .. } | Stage::Bundling { .. })) {
            self.set_stage(app, Stage::Judging);
        }
    }

    /// Our own eyes may have been shut: every look is void, running ones too. Deaths still count.
    pub(crate) fn doubted(&mut self, doubt: Doubt) {
        let level = (self.state.doubt.level + 1).min(DOUBT_MAX);
        if self.state.doubt.level == 0 {
            self.state.doubt.since = self.now;
        }
        self.state.doubt.level = level;
        self.state.doubt.falls_at = self.now.plus(DOUBT_STEP_MS);
        self.note(Note::Doubted { doubt, level });
        for app in 0..self.state.apps.len().min(self.policy.apps.len()) {
            self.void_looks(app);
            // Kernel facts are not voided, and an act on them is not put off for ever by being late.
            if self.convict_by_kernel(app).is_none() {
                self.step_back(app);
            }
        }
    }

    pub(crate) fn expire_doubt(&mut self) {
        let doubt = &mut self.state.doubt;
        if doubt.level == 0 || self.now < doubt.falls_at {
            return;
        }
        doubt.level -= 1;
        doubt.falls_at = self.now.plus(DOUBT_STEP_MS);
        if doubt.level > 0 {
            return;
        }
        self.note(Note::Trusted);
        // What failed meanwhile did not count, and its next look may be a whole interval away.
        for app in 0..self.state.apps.len().min(self.policy.apps.len()) {
            let has_failed = |probe: &ProbeState| probe.last.is_some_and(|it| it.seen.is_failure());
            if self.seen_app(app).probes.iter().any(has_failed) {
                self.look_now(app, |_| true);
            }
        }
    }

    pub(crate) fn held(&mut self, app: usize, until: Moment) {
        if until <= self.now {
            return;
        }
        self.app(app).held_until = Some(until);
        self.step_back(app);
        self.note(Note::Held { app: id(app), until });
    }

    /// After a hold only fresh looks count: what was seen during a deploy says nothing.
    pub(crate) fn released(&mut self, app: usize, expired: bool) {
        if self.app(app).held_until.take().is_some() {
            self.void_looks(app);
            self.note(Note::Released { app: id(app), expired });
        }
    }

    /// The operator wins: an open incident is over (once a running act has answered), and nothing is
    /// done until the stop is.
    pub(crate) fn stopped(&mut self, app: usize) {
        self.app(app).stop_told = true;
        if core::mem::replace(&mut self.app(app).stopped, true) {
            return;
        }
        self.note(Note::Stopped { app: id(app) });
        self.app(app).suspected_since = None;
        if let Some(incident) = self.app(app).incident_mut() {
            let (number, from) = (incident.id, incident.class);
            incident.class = Class::Intended;
            let to = Class::Intended;
            self.note(Note::Reclassed { app: id(app), incident: number, from, to });
        }
    }

    pub(crate) fn resumed(&mut self, app: usize) {
        if core::mem::take(&mut self.app(app).stopped) {
            self.void_looks(app);
            let until = self.now.plus(self.rules(app).start_grace_ms);
            self.app(app).grace_until = Some(until);
            self.note(Note::Resumed { app: id(app) });
        }
    }

    pub(crate) fn capable(&mut self, app: usize, rungs: RungSet) {
        if core::mem::replace(&mut self.app(app).capable, rungs) != rungs {
            self.note(Note::Capable { app: id(app), rungs });
        }
    }

    /// What time alone ends.
    pub(crate) fn expire_quiet(&mut self, app: usize) {
        let now = self.now;
        if self.seen_app(app).held_until.is_some_and(|until| now >= until) {
            self.released(app, true);
        }
        let (reset_ms, relapse_ms) = (self.rules(app).healthy_reset_ms, self.rules(app).relapse_ms);
        let state = self.app(app);
        if state.grace_until.is_some_and(|until| now >= until) {
            state.grace_until = None;
        }
        let well = state.healthy_since.is_some_and(|since| now.since(since) >= reset_ms);
        if well && state.starts.count > 0 {
            state.starts = Starts::default();
        }
        if state.recovery.is_some_and(|recovery| now.since(recovery.at) >= relapse_ms) {
            state.recovery = None;
        }
    }
}

impl State {
    /// The state under a new policy: apps are matched by name, probes by name within the app; what has
    /// no match begins anew. Incidents of apps that are gone end as superseded; budgets stay.
    #[must_use]
    pub fn reload(
        mut self,
        old: &Policy,
        new: &Policy,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> State {
        let place = |name: &str| old.apps.iter().position(|app| app.name == name);
        for (index, app) in old.apps.iter().enumerate() {
            let kept = new.apps.iter().any(|other| other.name == app.name);
            let open = self.apps.get(index).is_some_and(|state| state.incident().is_some());
            if !kept && open {
                let mut turn = Turn { state: &mut self, policy: old, now, effects: &mut *effects };
                turn.close(index, Ending::Superseded);
            }
        }
        let apps = new.apps.iter().map(|rules| match place(&rules.name) {
            Some(index) => carry(&self.apps[index], &old.apps[index], rules, now),
            None => AppState::new(rules, now),
        });
        let apps = apps.collect();
        self.charges.retain_mut(|charge| {
            let name = old.apps.get(usize::from(charge.app.0)).map(|app| app.name.as_str());
            let place = new.apps.iter().position(|app| Some(app.name.as_str()) == name);
            // A reboot stays charged to the machine even if its app has left the config.
            charge.app = id(place.unwrap_or(usize::from(u16::MAX)));
            place.is_some() || charge.rung == crate::effect::Rung::Reboot
        });
        for reboot in &mut self.vain.0 {
            let name = old.apps.get(usize::from(reboot.app.0)).map(|app| app.name.as_str());
            let place = new.apps.iter().position(|app| Some(app.name.as_str()) == name);
            reboot.app = id(place.unwrap_or(usize::from(u16::MAX)));
        }
        self.apps = apps;
        self
    }
}

fn carry(state: &AppState, old: &AppPolicy, new: &AppPolicy, now: Moment) -> AppState {
    let mut carried = state.clone();
    carried.capable = new.rungs;
    carried.probes = new
        .probes
        .iter()
        .map(|rules| {
            let place = old.probes.iter().position(|other| other.name == rules.name);
            let mut probe = match place {
                Some(index) if old.probes[index].fingerprint == rules.fingerprint => {
                    state.probes[index]
                }
                _ => ProbeState::new(now),
            };
            probe.void(now);
            probe
        })
        .collect();
    carried
}
