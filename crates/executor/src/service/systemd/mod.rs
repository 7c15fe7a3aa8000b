//! systemd as the service manager: units are watched, jobs are begun and awaited.
//!
//! One descriptor (an epoll of our own) stands for the connection and for running `systemctl`s.

mod answer;
mod call;
mod job;
mod job_answer;
mod link;
mod news;
mod pending;
mod property;
mod restart_rule;
mod settings;
mod transient;
mod turn;
mod unit;

pub use settings::Settings;

use crate::manager::{JobId, ManagerEvent, ServiceManager, TransientUnit, UnitJob};
use call::Call;
use defib_engine::event::Failure;
use defib_engine::id::AppId;
use job::{Job, JobResult, Phase, RebootStep, Work};
use link::Link;
use pending::Purpose;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use unit::Unit;

/// The most jobs at once: each app has at most one act, of few steps.
const JOBS_MAX: usize = 256;

/// systemd, reached as [`Settings`] say.
#[derive(Debug)]
pub struct Systemd {
    settings: Settings,
    link: Link,
    units: Vec<Unit>,
    jobs: Vec<Job>,
    /// `systemctl`s whose job is over and that are still to be reaped.
    leftovers: Vec<Job>,
    last_job: u64,
    /// Messages of PID 1's own (and of logind's).
    heard: u64,
    now_ms: u64,
    /// What is to be told at the next [`ServiceManager::advance`].
    events: Vec<ManagerEvent>,
    is_shutting_down: bool,
    /// Whether the last round of connecting led nowhere.
    is_unreachable: bool,
    /// Whether a turn ended before all news was read.
    has_more: bool,
    epoll: OwnedFd,
    armed: Option<(u64, bool)>,
}

impl Systemd {
    /// A manager that will connect at its first [`ServiceManager::advance`].
    pub fn new(settings: Settings) -> io::Result<Systemd> {
        let flags = rustix::event::epoll::CreateFlags::CLOEXEC;
        Ok(Systemd {
            link: Link::new(settings.roads(), settings.connect_ms),
            settings,
            units: Vec::new(),
            jobs: Vec::new(),
            leftovers: Vec::new(),
            last_job: 0,
            heard: 0,
            now_ms: 0,
            events: Vec::new(),
            is_shutting_down: false,
            is_unreachable: false,
            has_more: false,
            epoll: rustix::event::epoll::create(flags)?,
            armed: None,
        })
    }

    /// systemd, if it is the service manager of this machine.
    pub fn detect(settings: Settings) -> io::Result<Option<Systemd>> {
        if !settings.is_manager_here() {
            return Ok(None);
        }
        Systemd::new(settings).map(Some)
    }

    fn add_job(&mut self, work: Work, unit: &str, deadline_ms: u64) -> JobId {
        self.last_job += 1;
        let id = JobId(self.last_job);
        if self.jobs.len() >= JOBS_MAX {
            self.tell_end(id, Err((Failure::OurLimit, "too many jobs at once".into())));
            return id;
        }
        let phase = Phase::Waiting;
        let job = Job { id, work, unit: unit.into(), deadline_ms, phase, foreign: None };
        self.jobs.push(job);
        if self.link.is_reached() {
            self.issue(self.jobs.len() - 1);
        } else {
            self.link.hurry();
        }
        self.arm();
        id
    }

    /// Sends the call of a waiting job.
    fn issue(&mut self, index: usize) {
        let Some(job) = self.jobs.get_mut(index) else { return };
        let mut deadline_ms = job.deadline_ms;
        if let Work::Reboot(step) = &mut job.work {
            if matches!(step, RebootStep::Flags | RebootStep::Logind) && !self.link.is_bus() {
                *step = RebootStep::Target;
            }
            if *step != RebootStep::Manager {
                // Each way gets half of the time that is left, so that there is a next one.
                deadline_ms -= deadline_ms.saturating_sub(self.now_ms) / 2;
            }
        }
        if job.ends_processes() {
            for unit in self.units.iter_mut().filter(|unit| unit.answers_to(&job.unit)) {
                unit.excuse();
            }
        }
        job.phase = Phase::Called;
        if let Work::Transient(unit) = &job.work {
            // A failed one of the same name is kept by systemd for people to read, and is in the
            // way. The answer does not matter.
            self.link.call(&Call::reset_failed(&unit.unit), Purpose::Nothing, deadline_ms);
        }
        self.link.call(&job.call(), job.purpose(), deadline_ms);
    }

    fn tell_end(&mut self, job: JobId, result: JobResult) {
        self.events.push(ManagerEvent::JobDone { job, result });
    }

    /// Ends a job, and looks at its unit again: what happened meanwhile was not told.
    fn end_job(&mut self, index: usize, result: JobResult) {
        if index >= self.jobs.len() {
            return;
        }
        let job = self.jobs.swap_remove(index);
        self.tell_end(job.id, result);
        let unit = self.units.iter().position(|unit| unit.answers_to(&job.unit));
        if let Some(unit) = unit.filter(|_| self.link.is_reached()) {
            if let Some((id, path)) = job.foreign.clone() {
                self.examine(unit, id, &path);
            }
            self.ask_all(unit);
        }
        if let Phase::Child(systemctl) = &job.phase {
            systemctl.kill();
            self.leftovers.push(job);
        }
    }
}

impl ServiceManager for Systemd {
    fn is_reached(&self) -> bool {
        self.link.is_reached()
    }

    fn why_not(&self) -> Option<String> {
        if !self.is_unreachable || self.settings.systemctl.is_some() {
            return None;
        }
        let fault = self.link.fault().unwrap_or("no address is known");
        Some(format!("systemd cannot be reached: {fault}"))
    }

    fn has_transient(&self) -> bool {
        self.settings.has_transient
    }

    fn fd(&self) -> Option<(BorrowedFd<'_>, bool)> {
        Some((self.epoll.as_fd(), false))
    }

    fn deadline_ms(&self) -> Option<u64> {
        if self.has_more || !self.events.is_empty() {
            return Some(0);
        }
        let jobs = self.jobs.iter().map(|job| job.deadline_ms);
        let units = self.units.iter().filter_map(Unit::deadline_ms);
        jobs.chain(units).chain(self.link.deadline_ms()).min()
    }

    fn advance(&mut self, now_ms: u64, events: &mut Vec<ManagerEvent>) {
        self.now_ms = now_ms;
        self.turn();
        self.arm();
        events.append(&mut self.events);
    }

    fn is_asking_about(&self, app: AppId) -> bool {
        self.units.iter().any(|unit| unit.app == app && unit.open_questions > 0)
    }

    fn watch_unit(&mut self, app: AppId, unit: &str) {
        self.units.retain(|watched| watched.app != app);
        self.units.push(Unit::new(app, unit));
        if self.link.is_reached() {
            self.ask_object(self.units.len() - 1);
            self.arm();
        }
    }

    fn forget_units(&mut self) {
        let deadline_ms = self.query_deadline_ms();
        for unit in self.units.drain(..).filter(|unit| !unit.path.is_empty()) {
            if self.link.is_reached() && self.link.is_bus() {
                let call = Call::remove_match(&turn::unit_rule(&unit.path));
                self.link.call(&call, Purpose::Nothing, deadline_ms);
            }
        }
        self.arm();
    }

    fn begin(&mut self, job: UnitJob, unit: &str, deadline_ms: u64) -> JobId {
        self.add_job(Work::Unit(job), unit, deadline_ms)
    }

    fn start_transient(&mut self, unit: &TransientUnit, deadline_ms: u64) -> JobId {
        self.add_job(Work::Transient(Box::new(unit.clone())), &unit.unit, deadline_ms)
    }

    fn reboot(&mut self, deadline_ms: u64) -> JobId {
        self.add_job(Work::Reboot(RebootStep::Flags), "reboot.target", deadline_ms)
    }

    fn force_reboot(&mut self, deadline_ms: u64) -> JobId {
        // A bus in between is one more that may be stuck, or stopped already.
        if let Some(news) = self.link.leave_bus() {
            self.take(news);
        }
        self.add_job(Work::Reboot(RebootStep::Manager), "reboot.target", deadline_ms)
    }

    fn heard(&self) -> Option<u64> {
        Some(self.heard)
    }

    fn count_jobs(&mut self) {
        if self.link.is_reached() {
            self.link.call(&Call::list_jobs(), Purpose::CountJobs, self.query_deadline_ms());
            self.arm();
        }
    }
}
