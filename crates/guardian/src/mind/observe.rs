//! A run is over: people, the journal and the engine are told, in this order.

use super::{Body, Landing, Mind};
use defib_config::spec::ProcessSource;
use defib_engine::event::Event;
use defib_engine::id::AppId;
use defib_engine::seen::Seen;
use defib_engine::state::Process;
use defib_journal::line::{Line, PhaseUs};
use defib_journal::order::Request;

/// Finding a port's process reads every descriptor of every process: not for every good look.
const IDENTIFY_EVERY_MS: u64 = 10_000;

impl<B: Body> Mind<B> {
    /// A look is over.
    pub fn landed(&mut self, landing: &Landing) {
        let Landing { probe, attempt, started_us, ended_us, look } = landing;
        let started = self.clock.moment(started_us / 1000);
        let ended = self.clock.moment(ended_us / 1000);
        if let Some(minute) = self.folds.add(*probe, ended, look.seen, look.total_us) {
            self.write(ended, minute);
        }
        if look.seen != Seen::Pass || self.has_incident(probe.app) || attempt.is_none() {
            self.write(ended, probe_line(landing));
        }
        self.looks.keep(*probe, look, ended);
        self.status_is_old = true;
        if look.seen.is_good() {
            self.identify(probe.app);
        }
        if let Some(attempt) = *attempt {
            let (probe, seen) = (*probe, look.seen);
            self.mailbox.push(Event::Observed { probe, attempt, started, ended, seen });
        }
    }

    fn has_incident(&self, app: AppId) -> bool {
        self.state.apps.get(usize::from(app.0)).is_some_and(|app| app.incident().is_some())
    }

    /// Asks the executor for the process of an app that answers and is not known yet.
    pub(super) fn identify(&mut self, app: AppId) {
        let index = usize::from(app.0);
        let (Some(spec), Some(state)) = (self.config.apps.get(index), self.state.apps.get(index))
        else {
            return;
        };
        let by_looking = matches!(
            spec.process,
            ProcessSource::Port(_) | ProcessSource::Pidfile(_) | ProcessSource::Pid(_)
        );
        let now_ms = self.clock.now_ms();
        let lately = self
            .identify_asked
            .get(&app)
            .is_some_and(|&asked_ms| now_ms < asked_ms + IDENTIFY_EVERY_MS);
        if by_looking && !lately && !matches!(state.process, Process::Alive { .. }) {
            self.identify_asked.insert(app, now_ms);
            self.send(&Request::Identify { app });
        }
    }
}

fn probe_line(landing: &Landing) -> Line<'static> {
    let Landing { probe, look, .. } = landing;
    let phases = look.phases;
    Line::Probe {
        app: probe.app,
        probe: probe.index,
        seen: look.seen,
        detail: look.detail.as_str().to_owned().into(),
        resolve_us: PhaseUs(phases.resolve_us),
        connect_us: PhaseUs(phases.connect_us),
        tls_us: PhaseUs(phases.tls_us),
        first_byte_us: PhaseUs(phases.first_byte_us),
        body_us: PhaseUs(phases.body_us),
        // A command has no phases: its run is the whole look.
        command_us: PhaseUs(is_command(look.seen).then_some(look.total_us)),
    }
}

fn is_command(seen: Seen) -> bool {
    use defib_engine::seen::Phase;
    matches!(seen, Seen::Command(_) | Seen::Timeout(Phase::Command))
}
