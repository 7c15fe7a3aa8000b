//! The simulated service manager as the executor sees it: D-Bus calls that are answered later.

use super::seat::Seat;
use super::units::{OwnJob, Watched};
use crate::fact::By;
use crate::world::JobKind;
use defib_engine::event::Failure;
use defib_engine::id::AppId;
use defib_executor::manager::{
    JobId, ManagerEvent, ServiceManager, TransientUnit, UnitJob, UnitState,
};
use std::os::fd::BorrowedFd;

/// SIGKILL.
const KILL: u8 = 9;

impl ServiceManager for Seat {
    fn is_reached(&self) -> bool {
        self.world().has_manager()
    }

    /// It might be back soon.
    fn why_not(&self) -> Option<String> {
        None
    }

    fn has_transient(&self) -> bool {
        false
    }

    fn fd(&self) -> Option<(BorrowedFd<'_>, bool)> {
        None
    }

    fn deadline_ms(&self) -> Option<u64> {
        if self.is_dead() {
            return None;
        }
        let (world, units) = (self.world(), self.units());
        let event_ms = units.events.next_ms().map(|at_ms| world.machine().boot_ms(at_ms));
        units.deadline_ms().into_iter().chain(event_ms).min()
    }

    fn advance(&mut self, now_ms: u64, events: &mut Vec<ManagerEvent>) {
        if self.is_dead() {
            return;
        }
        self.feel_for_the_manager();
        self.look_at_stopping(now_ms);
        let late: Vec<JobId> = {
            let mut units = self.units();
            units.jobs.extract_if(.., |job| job.deadline_ms <= now_ms).map(|job| job.id).collect()
        };
        for job in late {
            let result = Err((Failure::Deadline, "no result in time".to_owned()));
            events.push(ManagerEvent::JobDone { job, result });
        }
        let now_ms = self.world_now_ms();
        while let Some(event) = { self.units().events.take_due(now_ms) } {
            events.push(event);
        }
    }

    fn watch_unit(&mut self, app: AppId, _unit: &str) {
        let app = usize::from(app.0);
        self.units().watched.push(Watched { app, told: None, exit: None });
        if self.world().has_manager() {
            self.tell_unit(app);
        }
    }

    fn forget_units(&mut self) {
        self.units().watched.clear();
    }

    fn begin(&mut self, job: UnitJob, unit: &str, deadline_ms: u64) -> JobId {
        let number = JobId(self.ground().next_job());
        if self.is_dead() {
            return number;
        }
        let app = self.unit_app(unit);
        let kind = match job {
            UnitJob::Start => Some(JobKind::Start),
            UnitJob::Stop => Some(JobKind::Stop),
            UnitJob::Restart => Some(JobKind::Restart),
            UnitJob::ResetFailed => Some(JobKind::ResetFailed),
            UnitJob::Kill { signal: KILL } => Some(JobKind::Kill),
            UnitJob::Kill { .. } | UnitJob::Reload => None,
        };
        let Some(app) = app else {
            self.answer(number, Err((Failure::NotStartable, format!("no unit {unit}"))));
            return number;
        };
        if !self.world().has_manager() {
            self.answer(number, Err((Failure::NoManager, "the manager is gone".into())));
            return number;
        }
        let stops = matches!(job, UnitJob::Restart | UnitJob::Stop);
        if job != UnitJob::ResetFailed {
            let ends = (stops || kind == Some(JobKind::Kill)) && self.world().main(app).is_some();
            self.touch(app, ends);
        }
        let Some(kind) = kind else {
            // A reload leaves no trace in the world.
            self.answer(number, Ok(()));
            return number;
        };
        self.units().jobs.push(OwnJob { id: number, app, deadline_ms, stops });
        self.world().begin_job(number.0, kind, app);
        number
    }

    fn start_transient(&mut self, unit: &TransientUnit, _deadline_ms: u64) -> JobId {
        let number = JobId(self.ground().next_job());
        let why = format!("{} cannot be started: no transient units here", unit.unit);
        self.answer(number, Err((Failure::NotPossible, why)));
        number
    }

    fn reboot(&mut self, _deadline_ms: u64) -> JobId {
        let number = JobId(self.ground().next_job());
        if self.is_dead() {
            return number;
        }
        if !self.world().has_manager() {
            self.answer(number, Err((Failure::NoManager, "the manager is gone".into())));
            return number;
        }
        self.touch_reboot();
        let is_accepted = self.world().reboot(By::Agent);
        self.answer_reboot(number, is_accepted);
        number
    }

    fn force_reboot(&mut self, _deadline_ms: u64) -> JobId {
        let number = JobId(self.ground().next_job());
        if self.is_dead() {
            return number;
        }
        self.touch_reboot();
        let is_accepted = self.world().force_reboot(By::Agent);
        self.answer_reboot(number, is_accepted);
        number
    }
}

impl Seat {
    fn answer_reboot(&self, job: JobId, is_accepted: bool) {
        let why = || (Failure::Job, "as the world wants it".to_owned());
        self.answer(job, if is_accepted { Ok(()) } else { Err(why()) });
    }

    fn answer(&self, job: JobId, result: Result<(), (Failure, String)>) {
        self.signalled(ManagerEvent::JobDone { job, result });
    }

    pub(super) fn unit_app(&self, unit: &str) -> Option<usize> {
        use defib_config::spec::Target;
        let world = self.world();
        let is_it = |target: &Target| matches!(target, Target::Unit(spec) if spec.name == unit);
        world.config().apps.iter().position(|app| is_it(&app.target))
    }

    /// A closed socket is noticed at the next turn; so is one that can be opened again.
    fn feel_for_the_manager(&self) {
        let (is_lost, was_lost) = (!self.world().has_manager(), self.units().is_lost);
        if is_lost == was_lost {
            return;
        }
        self.units().is_lost = is_lost;
        if is_lost {
            let jobs = { std::mem::take(&mut self.units().jobs) };
            self.units().events.clear();
            self.signalled(ManagerEvent::Lost);
            for job in jobs {
                self.answer(job.id, Err((Failure::NoManager, "the manager is gone".into())));
            }
            return;
        }
        self.signalled(ManagerEvent::Reached);
        let apps: Vec<usize> = self.units().watched.iter().map(|unit| unit.app).collect();
        for app in apps {
            self.tell_unit(app);
        }
    }

    fn look_at_stopping(&self, now_ms: u64) {
        self.units().looked_ms = now_ms;
        let apps: Vec<usize> =
            self.units().jobs.iter().filter(|job| job.stops).map(|job| job.app).collect();
        for app in apps {
            if self.state_of(app) == UnitState::Deactivating {
                self.signal_state(app, UnitState::Deactivating);
            }
        }
    }
}
