//! What answers and signals mean for units and jobs.

use super::Systemd;
use super::call::{Call, SERVICE, UNIT};
use super::job::{Phase, RebootStep, Work, failure_of, result_text};
use super::link::Purpose;
use super::news::{Answer, Signal};
use super::property::{Owned, Property};
use super::turn::{is_ours, unit_rule};
use crate::manager::{JobId, ManagerEvent, UnitJob};
use defib_engine::event::Failure;
use defib_engine::id::AppId;

impl Systemd {
    pub(super) fn take_signal(&mut self, signal: Signal) {
        match signal {
            Signal::ShuttingDown => self.shut_down(),
            Signal::JobNew { unit, .. } if unit == "shutdown.target" => self.shut_down(),
            Signal::JobNew { id, path, unit } => self.hear_job(id, &path, &unit),
            Signal::JobRemoved { path, unit, result } => self.hear_job_end(&path, &unit, &result),
            Signal::Changed { path, of_unit, changes } => {
                let now_ms = self.now_ms;
                for unit in self.units.iter_mut().filter(|unit| unit.path == path) {
                    unit.hear(of_unit, changes.clone(), now_ms);
                }
            }
            Signal::FilesChanged => {
                for index in 0..self.units.len() {
                    self.ask_all(index);
                }
            }
            Signal::Owner { .. } => {}
        }
    }

    fn shut_down(&mut self) {
        if !self.is_shutting_down {
            self.is_shutting_down = true;
            self.events.push(ManagerEvent::ShuttingDown);
        }
    }

    /// A job was queued. PID 1 announces ours before it answers our call, so while a call of ours
    /// is open this one is only remembered.
    fn hear_job(&mut self, id: u32, path: &str, unit: &str) {
        let Some(index) = self.units.iter().position(|watched| watched.answers_to(unit)) else {
            return;
        };
        let names = [self.units[index].name.clone(), self.units[index].id.clone()];
        let mut ours = self.jobs.iter_mut().filter(|job| names.contains(&job.unit));
        if let Some(job) = ours.find(|job| !matches!(job.phase, Phase::Waiting)) {
            job.foreign = Some((id, path.into()));
            return;
        }
        self.examine(index, id, path);
        self.ask_all(index);
    }

    fn hear_job_end(&mut self, path: &str, unit: &str, result: &str) {
        let job = self.jobs.iter().position(|job| match &job.phase {
            Phase::Running(running) => running == path,
            _ => false,
        });
        if let Some(index) = job {
            return self.end_manager_job(index, result);
        }
        if let Some(index) = self.units.iter().position(|watched| watched.answers_to(unit)) {
            self.ask_all(index);
        }
    }

    /// The manager's job for ours has ended.
    fn end_manager_job(&mut self, index: usize, result: &str) {
        if result == "done" {
            return self.end_job(index, Ok(()));
        }
        // What `systemctl status` would say first, for the person who reads the journal.
        let deadline_ms = self.query_deadline_ms();
        let job = &mut self.jobs[index];
        job.phase = Phase::Explaining;
        let purpose = Purpose::UnitOfJob(job.id, result.into());
        self.link.call(&Call::load_unit(&job.unit), purpose, deadline_ms);
    }

    pub(super) fn take_answer(&mut self, purpose: Purpose, answer: Answer) {
        match purpose {
            Purpose::LoadUnit(app) => self.take_object(app, answer),
            Purpose::Property(app, property) => self.take_property(app, property, answer),
            Purpose::JobType(app) => self.take_job_type(app, &answer),
            Purpose::Job(job) => self.take_job_answer(job, answer),
            Purpose::JobAlive(job) => self.take_job_state(job, &answer),
            Purpose::UnitOfJob(job, result) => self.take_job_unit(job, result, answer),
            Purpose::WhyFailed(job, result) => self.explain(job, &result, &answer),
            Purpose::EndState(job) => self.judge_by_state(job, &answer),
            Purpose::SystemState => {
                if answer == Answer::Value(Owned::Text("stopping".into())) {
                    self.shut_down();
                }
            }
            Purpose::Nothing | Purpose::Hello | Purpose::Owner(_) | Purpose::Subscribe => {}
        }
    }

    fn unit_index(&self, app: AppId) -> Option<usize> {
        self.units.iter().position(|unit| unit.app == app)
    }

    fn take_object(&mut self, app: AppId, answer: Answer) {
        let Some(index) = self.unit_index(app) else { return };
        let unit = &mut self.units[index];
        unit.open_questions = unit.open_questions.saturating_sub(1);
        let Answer::Value(Owned::Text(path)) = answer else { return };
        unit.path = path;
        if self.link.is_bus() {
            let call = Call::add_match(&unit_rule(&self.units[index].path));
            // First the rule, then the questions: no change falls between them.
            self.link.call(&call, Purpose::Nothing, self.query_deadline_ms());
        }
        self.ask_all(index);
    }

    fn take_property(&mut self, app: AppId, property: Property, answer: Answer) {
        let Some(index) = self.unit_index(app) else { return };
        let unit = &mut self.units[index];
        unit.open_questions = unit.open_questions.saturating_sub(1);
        // A refusal: units that are no services have no main process.
        let Answer::Value(value) = answer else { return };
        if let (Property::Job, Owned::Job(id, path)) = (property, &value) {
            let (id, path) = (*id, path.clone());
            if !is_ours(&self.jobs, &[&self.units[index].name, &self.units[index].id]) {
                self.examine(index, id, &path);
            }
        }
        self.units[index].apply(property, value);
    }

    fn take_job_type(&mut self, app: AppId, answer: &Answer) {
        let Some(index) = self.unit_index(app) else { return };
        let unit = &mut self.units[index];
        unit.open_questions = unit.open_questions.saturating_sub(1);
        match answer {
            Answer::Value(Owned::Text(kind)) => unit.learn_job(Some(kind)),
            _ => unit.learn_job(None),
        }
    }

    fn job_index(&self, job: JobId) -> Option<usize> {
        self.jobs.iter().position(|candidate| candidate.id == job)
    }

    fn take_job_answer(&mut self, id: JobId, answer: Answer) {
        let Some(index) = self.job_index(id) else { return };
        if !matches!(answer, Answer::Value(_)) && self.try_next_reboot(index) {
            return;
        }
        let job = &mut self.jobs[index];
        match answer {
            Answer::Value(Owned::Text(path)) if job.has_manager_job() => {
                if job.foreign.as_ref().is_some_and(|(_, foreign)| *foreign == path) {
                    job.foreign = None;
                }
                job.phase = Phase::Running(path);
            }
            Answer::Value(_) => self.end_job(index, Ok(())),
            Answer::Refused(name, _) if job.is_content_with(&name) => self.end_job(index, Ok(())),
            Answer::Refused(name, text) => {
                let text = format!("{}: {text} ({name})", self.jobs[index].unit);
                self.end_job(index, Err((failure_of(&name), text)));
            }
            Answer::None => {
                let text = format!("{}: systemd did not answer in time", job.unit);
                self.end_job(index, Err((Failure::Deadline, text)));
            }
        }
    }

    /// A way to reboot was refused, or brought no answer: the next one, if there is one.
    fn try_next_reboot(&mut self, index: usize) -> bool {
        let next = match self.jobs[index].work {
            Work::Reboot(RebootStep::Logind) => RebootStep::Target,
            Work::Reboot(RebootStep::Target) => RebootStep::Manager,
            _ => return false,
        };
        self.jobs[index].work = Work::Reboot(next);
        self.issue(index);
        true
    }

    /// After a lost connection: does the manager's job still exist?
    fn take_job_state(&mut self, id: JobId, answer: &Answer) {
        let Some(index) = self.job_index(id) else { return };
        if matches!(answer, Answer::Refused(..)) {
            // It ended while we were away; the unit's object was asked for by name.
            let deadline_ms = self.query_deadline_ms();
            let call = Call::load_unit(&self.jobs[index].unit);
            self.link.call(&call, Purpose::UnitOfJob(id, String::new()), deadline_ms);
        }
    }

    /// The object of a job's unit is known: ask why the job failed, or (with no result heard)
    /// where the unit stands.
    fn take_job_unit(&mut self, id: JobId, result: String, answer: Answer) {
        let deadline_ms = self.query_deadline_ms();
        let Answer::Value(Owned::Text(path)) = answer else {
            return self.explain(id, &result, &answer);
        };
        if result.is_empty() {
            let call = Call::get(&path, UNIT, "ActiveState");
            self.link.call(&call, Purpose::EndState(id), deadline_ms);
        } else {
            let call = Call::get(&path, SERVICE, "Result");
            self.link.call(&call, Purpose::WhyFailed(id, result), deadline_ms);
        }
    }

    fn explain(&mut self, id: JobId, result: &str, answer: &Answer) {
        let Some(index) = self.job_index(id) else { return };
        let why = match answer {
            Answer::Value(Owned::Text(why)) => why,
            _ => "",
        };
        let text = result_text(&self.jobs[index].unit, result, why);
        // Type=exec fails only if the program could not be executed at all.
        let is_transient = matches!(self.jobs[index].work, Work::Transient(_));
        let failure =
            if is_transient && result == "failed" { Failure::NotStartable } else { Failure::Job };
        self.end_job(index, Err((failure, text)));
    }

    /// The job's end was not heard: the unit's state is what it came to.
    fn judge_by_state(&mut self, id: JobId, answer: &Answer) {
        let Some(index) = self.job_index(id) else { return };
        let state = match answer {
            Answer::Value(Owned::Text(state)) => state.as_str(),
            _ => "unknown",
        };
        let wants_down = self.jobs[index].work == Work::Unit(UnitJob::Stop);
        let is_well = match state {
            "active" | "reloading" => !wants_down,
            "inactive" | "failed" => wants_down,
            _ => false,
        };
        let text = format!(
            "{}: the connection was lost while the job ran; the unit is {state} now",
            self.jobs[index].unit
        );
        self.end_job(index, if is_well { Ok(()) } else { Err((Failure::Job, text)) });
    }

    /// The connection is gone, and with it the answer to this.
    pub(super) fn lose_call(&mut self, purpose: &Purpose) {
        let (Purpose::Job(id)
        | Purpose::JobAlive(id)
        | Purpose::EndState(id)
        | Purpose::UnitOfJob(id, _)
        | Purpose::WhyFailed(id, _)) = purpose
        else {
            return;
        };
        let Some(index) = self.job_index(*id) else { return };
        let job = &mut self.jobs[index];
        match (&job.phase, job.is_repeatable()) {
            (Phase::Called, true) => job.phase = Phase::Waiting,
            (Phase::Called, false) => {
                let text = format!(
                    "{}: the connection was lost before systemd answered; whether it was done is \
                     not known",
                    job.unit
                );
                self.end_job(index, Err((Failure::NoManager, text)));
            }
            (Phase::Explaining, _) => {
                let text = format!("{}: the job failed", job.unit);
                self.end_job(index, Err((Failure::Job, text)));
            }
            (Phase::Waiting | Phase::Running(_) | Phase::Child(_), _) => {}
        }
    }
}
