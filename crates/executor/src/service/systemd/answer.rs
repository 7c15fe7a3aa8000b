//! What answers and signals mean for units and jobs.

use super::Systemd;
use super::call::Call;
use super::job::Phase;
use super::news::{Answer, Signal};
use super::pending::Purpose;
use super::property::{Owned, Property};
use super::turn::{is_ours, unit_rule};
use crate::manager::ManagerEvent;
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
            Purpose::CountJobs => {
                if let Answer::Value(Owned::Number(jobs)) = answer {
                    self.events.push(ManagerEvent::Running { jobs: jobs as u32 });
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
}
