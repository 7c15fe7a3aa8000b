//! One turn of the loop: read what arrived, let deadlines pass, tell what changed.

use super::Systemd;
use super::call::{Call, JOB, MANAGER, SYSTEMD, SYSTEMD_PATH};
use super::job::{Job, Phase};
use super::pending::{News, Purpose};
use super::property::Property;
use crate::manager::ManagerEvent;
use crate::service::systemctl::Systemctl;
use defib_engine::event::Failure;
use rustix::event::epoll;

/// The most news of one turn: a flood of signals must not keep the executor from its other work.
const NEWS_MAX: usize = 512;
/// How long a question to PID 1 may take. Longer, and it is stuck.
const QUERY_MS: u64 = 10_000;

impl Systemd {
    pub(super) fn turn(&mut self) {
        self.reap();
        self.has_more = true;
        for _ in 0..NEWS_MAX {
            let Some(news) = self.link.next(self.now_ms) else {
                self.has_more = false;
                break;
            };
            self.take(news);
        }
        self.expire();
        for unit in &mut self.units {
            let is_ours = is_ours(&self.jobs, &[&unit.name, &unit.id]);
            unit.settle(self.now_ms, is_ours, &mut self.events);
        }
    }

    pub(super) fn take(&mut self, news: News) {
        if news.is_of_the_manager() {
            self.heard += 1;
        }
        match news {
            News::Step => {}
            News::Reached => self.become_reached(),
            News::Lost(calls) => self.become_lost(&calls),
            News::Unreachable => self.become_unreachable(),
            News::Answer(purpose, answer) => self.take_answer(purpose, answer),
            News::Signal(signal) => self.take_signal(signal),
        }
    }

    fn become_reached(&mut self) {
        self.is_unreachable = false;
        self.events.push(ManagerEvent::Reached);
        let call = Call::get(SYSTEMD_PATH, MANAGER, "SystemState");
        self.link.call(&call, Purpose::SystemState, self.query_deadline_ms());
        for index in 0..self.units.len() {
            self.ask_object(index);
        }
        for index in 0..self.jobs.len() {
            match &self.jobs[index].phase {
                Phase::Waiting => self.issue(index),
                // It went on without us, or ended without us hearing of it.
                Phase::Running(path) => {
                    let call = Call::get(path, JOB, "State");
                    let purpose = Purpose::JobAlive(self.jobs[index].id);
                    self.link.call(&call, purpose, self.query_deadline_ms());
                }
                Phase::Called | Phase::Explaining | Phase::Child(_) => {}
            }
        }
    }

    fn become_lost(&mut self, calls: &[Purpose]) {
        self.events.push(ManagerEvent::Lost);
        for unit in &mut self.units {
            unit.forget();
        }
        for purpose in calls {
            self.lose_call(purpose);
        }
    }

    fn become_unreachable(&mut self) {
        self.is_unreachable = true;
        for index in (0..self.jobs.len()).rev() {
            if matches!(self.jobs[index].phase, Phase::Waiting) {
                self.use_systemctl(index);
            }
        }
    }

    fn use_systemctl(&mut self, index: usize) {
        let arguments = self.jobs[index].systemctl_arguments();
        let fault = self.link.fault().unwrap_or("no address is known").to_owned();
        let (Some(program), Some(arguments)) = (&self.settings.systemctl, arguments) else {
            let text = format!("systemd cannot be reached: {fault}");
            return self.end_job(index, Err((Failure::NoManager, text)));
        };
        match Systemctl::start(program, &arguments) {
            Ok(systemctl) => {
                let data = epoll::EventData::new_u64(0);
                // Without it the job's deadline is what wakes us.
                let _ = epoll::add(&self.epoll, systemctl.fd(), data, epoll::EventFlags::IN);
                self.jobs[index].phase = Phase::Child(Box::new(systemctl));
            }
            Err(error) => {
                let text = format!(
                    "systemd cannot be reached ({fault}), nor systemctl be started: {error}"
                );
                self.end_job(index, Err((Failure::NoManager, text)));
            }
        }
    }

    /// Looks which `systemctl`s have ended.
    fn reap(&mut self) {
        self.leftovers.retain_mut(|job| end_of_child(job).is_none());
        for index in (0..self.jobs.len()).rev() {
            if let Some(end) = end_of_child(&mut self.jobs[index]) {
                let is_content = matches!(
                    self.jobs[index].work,
                    super::Work::Unit(crate::manager::UnitJob::ResetFailed)
                );
                let result = end
                    .or_else(|words| if is_content { Ok(()) } else { Err((Failure::Job, words)) });
                self.jobs[index].phase = Phase::Waiting;
                self.end_job(index, result);
            }
        }
    }

    fn expire(&mut self) {
        for index in (0..self.jobs.len()).rev() {
            let job = &self.jobs[index];
            if self.now_ms >= job.deadline_ms {
                let awaited = match job.phase {
                    Phase::Waiting => "systemd could not be reached",
                    Phase::Called => "systemd did not answer",
                    Phase::Running(_) => "the job did not end",
                    Phase::Explaining => "the job failed",
                    Phase::Child(_) => "systemctl did not end",
                };
                let text = format!("{}: {awaited} in time", job.unit);
                self.end_job(index, Err((Failure::Deadline, text)));
            }
        }
    }

    pub(super) fn query_deadline_ms(&self) -> u64 {
        self.now_ms + QUERY_MS
    }

    /// Asks for the object of a unit.
    pub(super) fn ask_object(&mut self, index: usize) {
        let deadline_ms = self.query_deadline_ms();
        let Some(unit) = self.units.get_mut(index) else { return };
        unit.open_questions += 1;
        self.link.call(&Call::load_unit(&unit.name), Purpose::LoadUnit(unit.app), deadline_ms);
    }

    /// Asks for all properties of a unit.
    pub(super) fn ask_all(&mut self, index: usize) {
        let deadline_ms = self.query_deadline_ms();
        let Some(unit) = self.units.get_mut(index) else { return };
        if unit.path.is_empty() {
            return;
        }
        for property in Property::ALL {
            let (interface, name) = property.name();
            let call = Call::get(&unit.path, interface, name);
            unit.open_questions += 1;
            self.link.call(&call, Purpose::Property(unit.app, property), deadline_ms);
        }
    }

    /// Asks what a job that is not ours is for.
    pub(super) fn examine(&mut self, index: usize, id: u32, path: &str) {
        let deadline_ms = self.query_deadline_ms();
        let Some(unit) = self.units.get_mut(index) else { return };
        if id == 0 || unit.examined_job == id {
            return;
        }
        unit.examined_job = id;
        unit.open_questions += 1;
        let call = Call::get(path, JOB, "JobType");
        self.link.call(&call, Purpose::JobType(unit.app), deadline_ms);
    }

    /// Keeps our epoll in step with the connection.
    pub(super) fn arm(&mut self) {
        let wanted = self.link.socket().map(|s| (self.link.generation, s.wants_write()));
        if let (Some(socket), Some((generation, writes))) = (self.link.socket(), wanted)
            && self.armed != wanted
        {
            let mut flags = epoll::EventFlags::IN;
            flags.set(epoll::EventFlags::OUT, writes);
            let data = epoll::EventData::new_u64(generation);
            let is_known = self.armed.is_some_and(|(armed, _)| armed == generation);
            let done = if is_known {
                epoll::modify(&self.epoll, socket, data, flags)
            } else {
                epoll::add(&self.epoll, socket, data, flags)
            };
            // Refused (no memory): tried again at the next turn.
            if done.is_err() {
                return;
            }
        }
        self.armed = wanted;
    }
}

/// Whether one of our jobs is at work on a unit of one of these names.
pub(super) fn is_ours(jobs: &[Job], names: &[&str]) -> bool {
    jobs.iter().any(|job| !matches!(job.phase, Phase::Waiting) && names.contains(&&*job.unit))
}

fn end_of_child(job: &mut Job) -> Option<Result<(), String>> {
    match &mut job.phase {
        Phase::Child(systemctl) => systemctl.finished(),
        _ => None,
    }
}

/// What the bus is to send us about one unit.
pub(super) fn unit_rule(path: &str) -> String {
    format!("type='signal',sender='{SYSTEMD}',path='{path}',member='PropertiesChanged'")
}
