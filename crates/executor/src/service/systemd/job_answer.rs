//! From the manager's answers to the end of a job of ours.

use super::Systemd;
use super::call::{Call, SERVICE, UNIT};
use super::job::{Phase, RebootStep, Work, failure_of, result_text};
use super::news::Answer;
use super::pending::Purpose;
use super::property::Owned;
use crate::manager::{JobId, UnitJob};
use defib_engine::event::Failure;

impl Systemd {
    /// The manager's job for ours has ended.
    pub(super) fn end_manager_job(&mut self, index: usize, result: &str) {
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

    fn job_index(&self, job: JobId) -> Option<usize> {
        self.jobs.iter().position(|candidate| candidate.id == job)
    }

    pub(super) fn take_job_answer(&mut self, id: JobId, answer: Answer) {
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
            Work::Reboot(RebootStep::Flags) => RebootStep::Logind,
            Work::Reboot(RebootStep::Logind) => RebootStep::Target,
            _ => return false,
        };
        self.jobs[index].work = Work::Reboot(next);
        self.issue(index);
        true
    }

    /// After a lost connection: does the manager's job still exist?
    pub(super) fn take_job_state(&mut self, id: JobId, answer: &Answer) {
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
    pub(super) fn take_job_unit(&mut self, id: JobId, result: String, answer: Answer) {
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

    pub(super) fn explain(&mut self, id: JobId, result: &str, answer: &Answer) {
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
    pub(super) fn judge_by_state(&mut self, id: JobId, answer: &Answer) {
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
