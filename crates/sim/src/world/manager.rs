//! The service manager: jobs on units, `Restart=`, and how it misbehaves.

use super::app::Signal;
use super::{Due, World};
use crate::fact::By;
use crate::plan::{Keeper, ManagerFault};
use crate::world::news::News;

/// What a job costs the manager itself.
const JOB_MS: u64 = 20;

/// TimeoutStopSec: after it the manager sends KILL.
const STOP_TIMEOUT_MS: u64 = 90_000;

/// How often a job looks whether the unit's process is gone.
const LOOK_MS: u64 = 50;

/// What the manager is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobKind {
    /// Start the unit; done at once if it runs.
    Start,
    /// Stop it.
    Stop,
    /// Stop and start it.
    Restart,
    /// Clear its failed state.
    ResetFailed,
    /// KILL to its processes.
    Kill,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Begins,
    Stopping { since_ms: u64, then_start: bool },
    Starts,
}

#[derive(Clone, Copy, Debug)]
struct Job {
    number: u64,
    app: usize,
    kind: JobKind,
    phase: Phase,
}

/// The manager's state.
#[derive(Clone, Debug, Default)]
pub(super) struct Manager {
    jobs: Vec<Job>,
    fault: Option<(ManagerFault, u64)>,
}

impl Manager {
    pub(super) fn hurt(&mut self, fault: ManagerFault, until_ms: u64) {
        self.fault = Some((fault, until_ms));
    }

    pub(super) fn mend(&mut self) {
        self.fault = None;
    }

    pub(super) fn forget_jobs(&mut self) {
        self.jobs.clear();
    }

    /// A person's stop replaces the jobs of a unit: these.
    pub(super) fn forget(&mut self, app: usize) -> Vec<u64> {
        self.jobs.extract_if(.., |job| job.app == app).map(|job| job.number).collect()
    }

    /// Whether a job is ending the unit's process: then `Restart=` does not start it.
    pub(super) fn is_stopping(&self, app: usize) -> bool {
        self.jobs.iter().any(|job| job.app == app && matches!(job.phase, Phase::Stopping { .. }))
    }

    fn fault(&self, now_ms: u64) -> Option<ManagerFault> {
        self.fault.filter(|(_, until_ms)| now_ms < *until_ms).map(|(fault, _)| fault)
    }
}

impl World {
    /// Whether the service manager can be reached.
    pub fn has_manager(&self) -> bool {
        self.manager.fault(self.now_ms) != Some(ManagerFault::Lost)
    }

    /// Whether a unit is on its way down.
    pub fn is_deactivating(&self, app: usize) -> bool {
        self.manager.is_stopping(app)
    }

    /// Begins a job under a number of the agent's; its end comes as [`News::JobDone`]. `false`: the
    /// manager cannot be reached.
    pub fn begin_job(&mut self, number: u64, kind: JobKind, app: usize) -> bool {
        let delay_ms = match self.manager.fault(self.now_ms) {
            Some(ManagerFault::Lost) => return false,
            Some(ManagerFault::Slow { by_ms }) => JOB_MS + by_ms,
            _ => JOB_MS,
        };
        if kind == JobKind::Kill {
            // Carried out at once, beside the job that waits for the unit's end.
            if let Some(identity) = self.main(app) {
                self.signal(app, identity, Signal::Kill, By::Agent);
            }
            self.news.push_back(News::JobDone { job: number, ok: true });
            return true;
        }
        self.manager.jobs.retain(|job| job.app != app || kind == JobKind::ResetFailed);
        self.manager.jobs.push(Job { number, app, kind, phase: Phase::Begins });
        self.inside(self.now_ms + delay_ms, Due::Job { job: number });
        true
    }

    pub(super) fn go_on_with_job(&mut self, number: u64) {
        let Some(at) = self.manager.jobs.iter().position(|job| job.number == number) else {
            return;
        };
        if self.manager.fault(self.now_ms) == Some(ManagerFault::Stuck) {
            self.inside(self.now_ms + 1_000, Due::Job { job: number });
            return;
        }
        let Job { app, kind, phase, .. } = self.manager.jobs[at];
        match (phase, kind) {
            (Phase::Begins, JobKind::ResetFailed) => self.end_job(number, true),
            (Phase::Begins, JobKind::Stop | JobKind::Restart) => {
                let then_start = kind == JobKind::Restart;
                self.begin_stop(number, app, then_start);
            }
            (Phase::Begins | Phase::Starts, _) => self.start_by_job(number, app),
            (Phase::Stopping { since_ms, then_start }, _) => {
                self.go_on_stopping(number, app, since_ms, then_start);
            }
        }
    }

    fn set_phase(&mut self, number: u64, phase: Phase) {
        for job in &mut self.manager.jobs {
            if job.number == number {
                job.phase = phase;
            }
        }
    }

    fn begin_stop(&mut self, number: u64, app: usize, then_start: bool) {
        let since_ms = self.now_ms;
        self.set_phase(number, Phase::Stopping { since_ms, then_start });
        if let Some(identity) = self.main(app) {
            self.signal(app, identity, Signal::Term, By::Agent);
            self.signal(app, identity, Signal::Cont, By::Agent);
        }
        self.go_on_stopping(number, app, since_ms, then_start);
    }

    fn go_on_stopping(&mut self, number: u64, app: usize, since_ms: u64, then_start: bool) {
        match self.main(app) {
            None if then_start => {
                self.set_phase(number, Phase::Starts);
                self.inside(self.now_ms + JOB_MS, Due::Job { job: number });
            }
            None => self.end_job(number, true),
            Some(identity) => {
                if self.now_ms >= since_ms + STOP_TIMEOUT_MS {
                    self.signal(app, identity, Signal::Kill, By::Agent);
                }
                self.inside(self.now_ms + LOOK_MS, Due::Job { job: number });
            }
        }
    }

    fn start_by_job(&mut self, number: u64, app: usize) {
        let fails = self.manager.fault(self.now_ms) == Some(ManagerFault::StartFails);
        let ok = !fails && (self.main(app).is_some() || self.spawn(app, By::Agent).is_ok());
        self.end_job(number, ok);
    }

    fn end_job(&mut self, number: u64, ok: bool) {
        self.manager.jobs.retain(|job| job.number != number);
        self.news.push_back(News::JobDone { job: number, ok });
    }

    /// `Restart=` of a unit that ended by itself.
    pub(super) fn respawn(&mut self, app: usize, generation: u32) {
        let is_mine = self.apps[app].generation == generation && self.main(app).is_none();
        if is_mine && self.apps[app].is_wanted && self.manager.jobs.iter().all(|j| j.app != app) {
            let is_born = self.spawn(app, By::Manager).is_ok();
            // A start that fails for want of resources is a failure, after which `Restart=` tries again.
            if let (false, Keeper::Unit { restart_ms: Some(ms) }, true) =
                (is_born, self.apps[app].plan.keeper, self.plan.machine.host.is_some())
            {
                self.inside(self.now_ms + ms, Due::Respawns { app, generation });
            }
        }
    }
}
