//! What the simulated service manager owes its client: events on their way, and jobs.

use super::agenda::Agenda;
use super::seat::Seat;
use crate::plan::Keeper;
use defib_engine::event::{Exit, Failure};
use defib_engine::id::{AppId, Identity};
use defib_executor::manager::{JobId, ManagerEvent, UnitState};

/// How often a unit whose job may be stopping it is looked at: the manager says *deactivating* at once,
/// but the world does not.
const LOOK_MS: u64 = 50;

/// A job of ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwnJob {
    pub(super) id: JobId,
    pub(super) app: usize,
    /// By CLOCK_BOOTTIME.
    pub(super) deadline_ms: u64,
    /// Whether it may take the unit down.
    pub(super) stops: bool,
}

/// One watched unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watched {
    pub(super) app: usize,
    pub(super) told: Option<UnitState>,
    /// How its last main process ended, if it was seen.
    pub(super) exit: Option<Exit>,
}

/// The client's side of the manager.
#[derive(Debug, Default)]
pub(super) struct Units {
    pub(super) watched: Vec<Watched>,
    pub(super) events: Agenda<ManagerEvent>,
    pub(super) jobs: Vec<OwnJob>,
    /// When units that may be stopping were last looked at, by CLOCK_BOOTTIME.
    pub(super) looked_ms: u64,
    pub(super) is_lost: bool,
}

impl Units {
    pub(super) fn watched(&mut self, app: usize) -> Option<&mut Watched> {
        self.watched.iter_mut().find(|unit| unit.app == app)
    }

    /// When a job's deadline is, or a unit that may be stopping is to be looked at; by CLOCK_BOOTTIME.
    pub(super) fn deadline_ms(&self) -> Option<u64> {
        let deadlines = self.jobs.iter().map(|job| job.deadline_ms);
        let looks = self.jobs.iter().filter(|job| job.stops).map(|_| self.looked_ms + LOOK_MS);
        deadlines.chain(looks).min()
    }
}

impl Seat {
    pub(super) fn is_unit(&self, app: usize) -> bool {
        matches!(self.world().app(app).plan.keeper, Keeper::Unit { .. })
    }

    /// A signal of the manager's, which takes its time: mostly 2 ms, at times more than the executor waits
    /// for a word (50 ms).
    pub(super) fn signalled(&self, event: ManagerEvent) {
        let is_slow = self.ground().happens(20_000);
        let delay_ms = if is_slow { self.ground().between(20, 120) } else { 2 };
        let at_ms = self.world_now_ms() + delay_ms;
        self.units().events.push_last(at_ms, event);
    }

    /// A unit's state, if it is not what was told last.
    pub(super) fn signal_state(&self, app: usize, state: UnitState) {
        let is_news = {
            let mut units = self.units();
            let unit = units.watched(app).filter(|unit| unit.told != Some(state));
            unit.map(|unit| unit.told = Some(state)).is_some()
        };
        if is_news {
            self.signalled(ManagerEvent::State { app: id(app), state });
        }
    }

    /// Everything about a unit, as after a connect.
    pub(super) fn tell_unit(&self, app: usize) {
        let (main, is_wanted) = {
            let world = self.world();
            (world.main(app), world.app(app).is_wanted)
        };
        if !is_wanted {
            self.signalled(ManagerEvent::StoppedByPerson { app: id(app) });
        }
        if let Some(unit) = self.units().watched(app) {
            unit.told = None;
        }
        self.signal_state(app, self.state_of(app));
        self.signalled(ManagerEvent::MainPid { app: id(app), identity: main });
    }

    pub(super) fn state_of(&self, app: usize) -> UnitState {
        let (has_main, is_stopping) = {
            let world = self.world();
            (world.main(app).is_some(), world.is_deactivating(app))
        };
        let exit = self.units().watched(app).and_then(|unit| unit.exit);
        match (has_main, is_stopping) {
            (_, true) => UnitState::Deactivating,
            (true, false) => UnitState::Active,
            (false, false) if exit.is_none_or(is_clean) => UnitState::Inactive,
            (false, false) => UnitState::Failed,
        }
    }

    pub(super) fn unit_died(
        &self,
        app: usize,
        identity: Identity,
        exit: Exit,
        restart_ms: Option<u64>,
    ) {
        if let Some(unit) = self.units().watched(app) {
            unit.exit = Some(exit);
        }
        let app_id = id(app);
        self.signalled(ManagerEvent::Ended { app: app_id, identity, exit });
        match restart_ms {
            Some(ms) => {
                // RestartUSec and the 2 s of grace that the real client adds.
                let in_ms = (ms + 2_000) as u32;
                self.signalled(ManagerEvent::RestartIn { app: app_id, in_ms });
                self.signal_state(app, UnitState::Activating);
            }
            None => self.signal_state(app, self.state_of(app)),
        }
        self.signalled(ManagerEvent::MainPid { app: app_id, identity: None });
    }

    pub(super) fn unit_born(&self, app: usize, identity: Identity) {
        self.signal_state(app, UnitState::Active);
        self.signalled(ManagerEvent::MainPid { app: id(app), identity: Some(identity) });
    }

    /// A stop that is not ours replaces what is left of our own jobs.
    pub(super) fn unit_stopped(&self, app: usize) {
        let replaced: Vec<JobId> =
            self.units().jobs.extract_if(.., |job| job.app == app).map(|job| job.id).collect();
        for job in replaced {
            let result = Err((Failure::Job, "the job was cancelled".to_owned()));
            self.signalled(ManagerEvent::JobDone { job, result });
        }
        self.signalled(ManagerEvent::StoppedByPerson { app: id(app) });
    }

    /// A job of the world's ended; perhaps an earlier executor's.
    pub(super) fn job_ended(&self, number: u64, ok: bool) {
        let job = {
            let mut units = self.units();
            let at = units.jobs.iter().position(|job| job.id.0 == number);
            at.map(|at| units.jobs.remove(at))
        };
        let Some(OwnJob { id: job, app, .. }) = job else { return };
        self.signal_state(app, self.state_of(app));
        let result = if ok { Ok(()) } else { Err((Failure::Job, "the job failed".to_owned())) };
        self.signalled(ManagerEvent::JobDone { job, result });
    }
}

const fn is_clean(exit: Exit) -> bool {
    matches!(exit, Exit::Code(0) | Exit::Signal(15))
}

pub(super) const fn id(app: usize) -> AppId {
    AppId(app as u16)
}
