//! Acts through the service manager: a short plan of jobs, each awaited under a deadline.
//!
//! A polite stop may take 90 s by the unit's own rules; ours ends after the grace: whatever is still
//! *deactivating* then gets KILL, and the job that waits for it goes on.

use super::ending::KILL_GRACE_MS;
use super::silence::Silence;
use super::{JobResult, Pause, Stage, Turn};
use crate::error::is_our_limit;
use crate::executor::Executor;
use crate::manager::{JobId, TransientUnit, UnitJob, UnitState};
use defib_config::spec::{ChildSpec, Target, UnitSpec};
use defib_engine::effect::{Order, Rung};
use defib_engine::event::{Failure, Outcome};
use defib_journal::order::ActStep;
use std::collections::VecDeque;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Job {
    /// One that must succeed.
    Must(UnitJob),
    /// One whose failure means that there was nothing to do.
    May(UnitJob),
    /// StartTransientUnit.
    Transient,
}

/// Jobs in their order.
#[derive(Debug)]
pub(crate) struct UnitAct {
    plan: VecDeque<Job>,
    current: Option<(Job, JobId)>,
    result: Option<JobResult>,
    grace_ms: u32,
    kill_at: Option<u64>,
    is_kill_due: bool,
    /// The jobs that start it, for when the manager could not be reached.
    starts: Vec<Job>,
    /// The pause before the next try to reach it.
    pause: Option<Pause>,
    pub(super) last_pause: Option<Pause>,
    /// Its processes were ended without the manager.
    pub(super) is_ended: bool,
    /// How long the manager has said nothing, while a job waits for it.
    silence: Option<Silence>,
}

impl UnitAct {
    fn new(plan: Vec<Job>, starts: Vec<Job>, rung: Rung, grace_ms: u32) -> UnitAct {
        let grace_ms = if rung == Rung::Kill { grace_ms.min(KILL_GRACE_MS) } else { grace_ms };
        UnitAct {
            plan: plan.into(),
            current: None,
            result: None,
            grace_ms,
            kill_at: None,
            is_kill_due: false,
            starts,
            pause: None,
            last_pause: None,
            is_ended: false,
            silence: None,
        }
    }

    /// A unit that belongs to the machine. ResetFailed comes first: it also clears the start limit.
    pub(super) fn of_unit(unit: &UnitSpec, rung: Rung) -> UnitAct {
        let reset = Job::May(UnitJob::ResetFailed);
        let plan = match rung {
            Rung::Start => vec![reset, Job::Must(UnitJob::Start)],
            Rung::Reload => vec![Job::Must(UnitJob::Reload)],
            // A clean-up has a stage of its own.
            Rung::Clean => Vec::new(),
            Rung::Restart | Rung::Kill | Rung::Reboot => vec![reset, Job::Must(UnitJob::Restart)],
        };
        UnitAct::new(plan, vec![reset, Job::Must(UnitJob::Start)], rung, unit.grace_ms)
    }

    /// A `start` app as a transient unit, which is gone once it has stopped.
    pub(super) fn of_transient(child: &ChildSpec, rung: Rung) -> UnitAct {
        let (stop, reset) = (Job::May(UnitJob::Stop), Job::May(UnitJob::ResetFailed));
        let plan = match rung {
            Rung::Reload => vec![Job::Must(UnitJob::Kill { signal: libc::SIGHUP as u8 })],
            // A start stops first too: orphans of a dead main process live on in the unit.
            _ => vec![stop, reset, Job::Transient],
        };
        UnitAct::new(plan, vec![stop, reset, Job::Transient], rung, child.grace_ms)
    }

    pub(super) fn deadline_ms(&self) -> Option<u64> {
        let pause = self.pause.map(|pause| pause.until);
        [self.kill_at, pause, self.silence.map(Silence::due_ms)].into_iter().flatten().min()
    }

    /// The same act, of which only the start is left to be done, after a pause. What the job before it was still to
    /// wait for is over with it.
    pub(super) fn start_again(self, pause: Pause, is_ended: bool) -> UnitAct {
        let act = UnitAct::new(self.starts.clone(), self.starts, Rung::Start, self.grace_ms);
        UnitAct { pause: Some(pause), last_pause: Some(pause), is_ended, ..act }
    }

    pub(super) fn awaits(&self, job: JobId) -> bool {
        self.current.is_some_and(|(_, current)| current == job)
    }

    pub(super) fn tell(&mut self, result: JobResult) {
        self.result = Some(result);
    }
}

/// The unit that a `start` app becomes.
pub(crate) fn transient_name(app: &str) -> String {
    format!("defib-app-{app}.service")
}

impl Executor {
    pub(super) fn turn_unit(
        &mut self,
        order: &Order,
        mut act: UnitAct,
        now_ms: u64,
        end_at: u64,
    ) -> Turn {
        if let Some(result) = act.result.take()
            && let Some((job, _)) = act.current.take()
        {
            (act.kill_at, act.is_kill_due, act.silence) = (None, false, None);
            return self.job_result(order, job, result, act, now_ms, end_at);
        }
        if act.pause.take_if(|pause| pause.until <= now_ms).is_none() && act.pause.is_some() {
            return Turn::Wait(Stage::Unit(act));
        }
        if act.current.is_none() {
            let Some(job) = act.plan.pop_front() else {
                return Turn::End(Outcome::Done, String::new());
            };
            return self.begin_job(order, job, act, now_ms, end_at);
        }
        if now_ms >= end_at {
            let detail = "the service manager did not finish the job in time";
            return Turn::End(Outcome::Failed(Failure::Deadline), detail.into());
        }
        if let Some(silence) = act.silence {
            act.silence = self.listen(silence, now_ms);
            if self.is_manager_mute() {
                return self.pass_manager_over(order, act, now_ms, end_at);
            }
        }
        self.kill_what_lingers(order, &mut act, now_ms, end_at);
        Turn::Wait(Stage::Unit(act))
    }

    fn job_result(
        &mut self,
        order: &Order,
        job: Job,
        result: JobResult,
        act: UnitAct,
        now_ms: u64,
        end_at: u64,
    ) -> Turn {
        match (job, result) {
            (_, Err((Failure::NoManager, why))) => {
                self.without_manager(order, act, &why, now_ms, end_at)
            }
            (Job::May(_), Err(_) | Ok(())) => Turn::Next(Stage::Unit(act)),
            (_, Err((failure, why))) => Turn::End(Outcome::Failed(failure), why),
            (Job::Must(_) | Job::Transient, Ok(())) => {
                self.say_step(order, ActStep::JobDone);
                Turn::Next(Stage::Unit(act))
            }
        }
    }

    fn begin_job(
        &mut self,
        order: &Order,
        job: Job,
        mut act: UnitAct,
        now_ms: u64,
        end_at: u64,
    ) -> Turn {
        let unit = self.unit_name(order);
        let begun = match job {
            Job::Must(what) | Job::May(what) => self.manager.begin(what, &unit, end_at),
            Job::Transient => match self.transient(order, unit) {
                Ok(transient) => self.manager.start_transient(&transient, end_at),
                Err(why) => return Turn::End(Outcome::Failed(Failure::NotStartable), why),
            },
        };
        if let Job::Must(UnitJob::Restart) | Job::May(UnitJob::Stop) = job {
            // Half of the deadline is left for KILL and start, whatever the grace says.
            let grace_ms = u64::from(act.grace_ms).min(end_at.saturating_sub(now_ms) / 2);
            act.kill_at = Some(now_ms + grace_ms);
        }
        if job != Job::May(UnitJob::ResetFailed) {
            self.say_step(order, ActStep::JobQueued);
        }
        act.current = Some((job, begun));
        act.silence = self.begin_listening(now_ms);
        if self.is_manager_mute() {
            // It has this call too now, and still owes an earlier one.
            return self.pass_manager_over(order, act, now_ms, end_at);
        }
        Turn::Wait(Stage::Unit(act))
    }

    /// After the grace: KILL, but only while the unit is stopping. A moment later the same signal
    /// would hit the new process: so it is not sent at all once the kernel has ended the cgroup, since
    /// the manager may have begun the next life before it reads our call.
    fn kill_what_lingers(&mut self, order: &Order, act: &mut UnitAct, now_ms: u64, end_at: u64) {
        if act.kill_at.take_if(|at| *at <= now_ms).is_some() {
            act.is_kill_due = true;
        }
        let state = self.apps[usize::from(order.app.0)].unit;
        if act.is_kill_due && state == Some(UnitState::Deactivating) {
            act.is_kill_due = false;
            if self.end_lingering_group(order) {
                return self.say_step(order, ActStep::GroupKilled);
            }
            let kill = UnitJob::Kill { signal: libc::SIGKILL as u8 };
            self.manager.begin(kill, &self.unit_name(order), end_at);
            self.say_step(order, ActStep::KillSent);
        }
    }

    fn unit_name(&self, order: &Order) -> String {
        let app = &self.config.apps[usize::from(order.app.0)];
        match &app.target {
            Target::Unit(unit) => unit.name.clone(),
            _ => transient_name(&app.name),
        }
    }

    fn transient(&self, order: &Order, unit: String) -> Result<TransientUnit, String> {
        let app = &self.config.apps[usize::from(order.app.0)];
        let Target::Child(child) = &app.target else { return Err("no start command".into()) };
        let mut environment = vec![("DEFIB_APP".to_owned(), app.name.clone())];
        environment.extend(child.environment.iter().cloned());
        // Makes the folder; the manager opens the file itself. A disk that is full or read-only is no
        // reason not to start the app: its output is then lost.
        let output = match self.files.make_output(&app.name) {
            Err(error) if !is_our_limit(&error) || error.raw_os_error() == Some(libc::ENOSPC) => {
                "/dev/null".into()
            }
            _ => self.files.output_path(&app.name),
        };
        let mut argv = child.argv.clone();
        if let Some(program) = argv.first_mut() {
            *program = self.children.find_program(program)?;
        }
        Ok(TransientUnit {
            unit,
            description: format!("{}, kept by defib", app.name),
            argv,
            user: child.user.clone(),
            directory: child.directory.clone(),
            environment,
            output,
            grace_ms: child.grace_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A KILL that was due in the stop before would be sent into the next life, and a time that is over would
    /// keep the loop awake for the whole pause.
    #[test]
    fn a_start_that_is_tried_again_waits_for_nothing_but_its_pause() {
        let unit = UnitSpec { name: "shop.service".into(), grace_ms: 2_000 };
        let mut act = UnitAct::of_unit(&unit, Rung::Restart);
        act.current = Some((Job::Must(UnitJob::Restart), JobId(7)));
        (act.kill_at, act.is_kill_due) = (Some(1_000), true);
        let pause = Pause::none(5_000).longer(5_000, 90_000).expect("there is time");
        let again = act.start_again(pause, true);
        assert_eq!(again.deadline_ms(), Some(pause.until));
        assert!(!again.awaits(JobId(7)) && !again.is_kill_due && again.is_ended);
        assert_eq!(again.plan, [Job::May(UnitJob::ResetFailed), Job::Must(UnitJob::Start)]);
    }
}
