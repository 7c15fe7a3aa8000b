//! The probe runs: one probe each as the config asks for, at most one run of each in flight.

use crate::clock::{Clocks, SystemClocks};
use crate::mind::Landing;
use crate::probe::{Looker, Micros, Poller, Probe, Progress, Run, Terms};
use defib_config::spec::{Config, ProbeKind, ProbeSpec};
use defib_engine::id::{AppId, ProbeId};
use rustix::fd::BorrowedFd;

struct Flight {
    run: Box<dyn Run>,
    attempt: Option<u32>,
    started_us: u64,
    deadline: Micros,
}

struct Slot {
    id: ProbeId,
    app: String,
    name: String,
    probe: Probe,
    timeout_ms: u32,
    listener_seen: bool,
    flight: Option<Flight>,
}

/// All probes.
#[derive(Default)]
pub(crate) struct Runs {
    slots: Vec<Slot>,
    first_token: u64,
}

impl Runs {
    /// Prepares every probe of `config`. The error names the probe that cannot be used.
    pub(crate) fn new(config: &Config, first_token: u64) -> Result<Runs, String> {
        let mut slots = Vec::new();
        for (app_index, (app, policy)) in config.apps.iter().zip(&config.policy.apps).enumerate() {
            let probes = app.probes.iter().zip(&policy.probes).enumerate();
            for (index, (spec, rules)) in probes {
                let probe = Probe::new(spec).map_err(|error| {
                    format!("app '{}', probe '{}': {error}", app.name, rules.name)
                })?;
                slots.push(Slot {
                    id: ProbeId { app: AppId(app_index as u16), index: index as u8 },
                    app: app.name.clone(),
                    name: rules.name.clone(),
                    probe,
                    timeout_ms: u32::try_from(rules.timeout_ms).unwrap_or(u32::MAX),
                    listener_seen: false,
                    flight: None,
                });
            }
        }
        Ok(Runs { slots, first_token })
    }

    /// What they are asked to look at.
    pub(crate) fn specs(&self) -> impl Iterator<Item = &ProbeSpec> {
        self.slots.iter().map(|slot| slot.probe.spec())
    }

    /// Whether any of them starts a program.
    pub(crate) fn has_commands(&self) -> bool {
        self.slots.iter().any(|slot| matches!(slot.probe.spec().kind, ProbeKind::Command(_)))
    }

    /// Remembers from the runs under the old config which unchanged probes were ever answered. Their
    /// flights end: a new config voids all running looks in the engine too.
    pub(crate) fn inherit(&mut self, old: &Runs) {
        for slot in &mut self.slots {
            let same = |before: &&Slot| {
                before.app == slot.app
                    && before.name == slot.name
                    && before.probe.spec() == slot.probe.spec()
            };
            slot.listener_seen = old.slots.iter().find(same).is_some_and(|old| old.listener_seen);
        }
    }

    /// Starts a run. A flight that the engine no longer waits for is given up for it.
    pub(crate) fn start(&mut self, probe: ProbeId, attempt: u32) {
        let Some(slot) = self.slots.iter_mut().find(|slot| slot.id == probe) else { return };
        let same = slot.flight.as_ref().is_some_and(|flight| flight.attempt == Some(attempt));
        if !same {
            slot.take_off(Some(attempt));
        }
    }

    /// Starts an extra look with every probe that is not looking already.
    pub(crate) fn start_all(&mut self) {
        for slot in self.slots.iter_mut().filter(|slot| slot.flight.is_none()) {
            slot.take_off(None);
        }
    }

    /// Advances the flight that a token belongs to, if it is one of ours.
    pub(crate) fn ready(
        &mut self,
        token: u64,
        looker: &mut Looker,
        epoll: BorrowedFd<'_>,
    ) -> Option<Landing> {
        let index = usize::try_from(token.checked_sub(self.first_token)?).ok()?;
        self.slots.get_mut(index)?.advance(token, looker, epoll)
    }

    /// Advances every flight whose deadline has come; a new one's has come at once.
    pub(crate) fn due(&mut self, looker: &mut Looker, epoll: BorrowedFd<'_>) -> Vec<Landing> {
        let now = Micros(SystemClocks.boot_us());
        let mut ended = Vec::new();
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if slot.flight.as_ref().is_some_and(|flight| flight.deadline <= now) {
                let token = self.first_token + index as u64;
                ended.extend(slot.advance(token, looker, epoll));
            }
        }
        ended
    }

    /// When the next flight must be advanced, in CLOCK_BOOTTIME microseconds.
    pub(crate) fn deadline_us(&self) -> Option<u64> {
        let flights = self.slots.iter().filter_map(|slot| slot.flight.as_ref());
        flights.map(|flight| flight.deadline.0).min()
    }
}

impl Slot {
    fn take_off(&mut self, attempt: Option<u32>) {
        let now = Micros(SystemClocks.boot_us());
        let terms = Terms { timeout_ms: self.timeout_ms, listener_seen: self.listener_seen };
        let run = self.probe.start(terms, now);
        // Its first advance is due at once.
        self.flight = Some(Flight { run, attempt, started_us: now.0, deadline: now });
    }

    fn advance(
        &mut self,
        token: u64,
        looker: &mut Looker,
        epoll: BorrowedFd<'_>,
    ) -> Option<Landing> {
        let flight = self.flight.as_mut()?;
        let now = Micros(SystemClocks.boot_us());
        let look = match flight.run.advance(looker, &Poller::new(epoll, token), now) {
            Progress::Waiting { deadline } => {
                flight.deadline = deadline;
                return None;
            }
            Progress::Done(look) => *look,
        };
        self.listener_seen |= look.answered;
        let (attempt, started_us) = (flight.attempt, flight.started_us);
        self.flight = None;
        Some(Landing { probe: self.id, attempt, started_us, ended_us: now.0, look })
    }
}
