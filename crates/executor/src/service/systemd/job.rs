//! The jobs that the executor has begun, and what each is waiting for.

use super::call::Call;
use super::pending::Purpose;
use crate::manager::{JobId, TransientUnit, UnitJob};
use crate::service::systemctl::{self, Systemctl};
use defib_engine::event::Failure;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Unit(UnitJob),
    Transient(Box<TransientUnit>),
    Reboot(RebootStep),
}

/// The ways to reboot. The first three follow each other; the last is asked for by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RebootStep {
    /// logind, past inhibitors: since 257 a block inhibitor stops even root.
    Flags,
    /// logind before 247, which has no flags.
    Logind,
    Target,
    /// PID 1 itself, without stop jobs.
    Manager,
}

/// How far it is.
#[derive(Debug)]
pub(super) enum Phase {
    /// Until PID 1 can be reached.
    Waiting,
    /// For the answer to the call.
    Called,
    /// For the end of the manager's job, known by its object.
    Running(String),
    /// For the reason of its failure.
    Explaining,
    /// For `systemctl`.
    Child(Box<Systemctl>),
}

/// One job.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) work: Work,
    pub(super) unit: String,
    pub(super) deadline_ms: u64,
    pub(super) phase: Phase,
    /// A job on the same unit that was not ours, seen meanwhile.
    pub(super) foreign: Option<(u32, String)>,
}

/// How a job ended.
pub(super) type JobResult = Result<(), (Failure, String)>;

impl Job {
    /// The call that begins it.
    pub(super) fn call(&self) -> Call {
        match &self.work {
            Work::Unit(UnitJob::Start) => Call::unit_job("StartUnit", &self.unit),
            Work::Unit(UnitJob::Stop) => Call::unit_job("StopUnit", &self.unit),
            Work::Unit(UnitJob::Restart) => Call::unit_job("RestartUnit", &self.unit),
            Work::Unit(UnitJob::Reload) => Call::unit_job("ReloadUnit", &self.unit),
            Work::Unit(UnitJob::ResetFailed) => Call::reset_failed(&self.unit),
            Work::Unit(UnitJob::Kill { signal }) => Call::kill(&self.unit, *signal),
            Work::Transient(unit) => Call::start_transient(unit),
            Work::Reboot(RebootStep::Flags) => Call::logind_reboot_with_flags(),
            Work::Reboot(RebootStep::Logind) => Call::logind_reboot(),
            Work::Reboot(RebootStep::Target) => Call::reboot_target(),
            Work::Reboot(RebootStep::Manager) => Call::manager_reboot(),
        }
    }

    /// Whether the manager's job has to end before ours does.
    pub(super) fn has_manager_job(&self) -> bool {
        match self.work {
            Work::Unit(UnitJob::ResetFailed | UnitJob::Kill { .. }) | Work::Reboot(_) => false,
            Work::Unit(_) | Work::Transient(_) => true,
        }
    }

    /// Whether it does no harm to ask twice, when it is not known if the first call arrived.
    pub(super) fn is_repeatable(&self) -> bool {
        matches!(self.work, Work::Unit(UnitJob::Start | UnitJob::Stop | UnitJob::ResetFailed))
    }

    /// Whether the unit is down because of us.
    pub(super) fn ends_processes(&self) -> bool {
        matches!(self.work, Work::Unit(UnitJob::Stop | UnitJob::Restart | UnitJob::Kill { .. }))
    }

    /// How `systemctl` is told to do it; `None` if it cannot.
    pub(super) fn systemctl_arguments(&self) -> Option<Vec<String>> {
        match &self.work {
            Work::Unit(job) => Some(systemctl::arguments(*job, &self.unit)),
            // PID 1 is the only one that it could ask.
            Work::Reboot(RebootStep::Manager) | Work::Transient(_) => None,
            Work::Reboot(_) => Some(systemctl::reboot_arguments()),
        }
    }

    /// What its answers are for.
    pub(super) fn purpose(&self) -> Purpose {
        Purpose::Job(self.id)
    }

    /// Whether this refusal means that the goal is reached all the same.
    pub(super) fn is_content_with(&self, error: &str) -> bool {
        let error = error.strip_prefix("org.freedesktop.systemd1.").unwrap_or_default();
        match self.work {
            Work::Unit(UnitJob::ResetFailed) => error == "NoSuchUnit",
            Work::Unit(UnitJob::Kill { .. }) => matches!(error, "NoSuchUnit" | "NoSuchProcess"),
            _ => false,
        }
    }
}

/// What a refusal of the manager means.
pub(super) fn failure_of(error: &str) -> Failure {
    let name = error.rsplit('.').next().unwrap_or_default();
    match name {
        "NoSuchUnit" | "LoadFailed" | "BadUnitSetting" => Failure::NotStartable,
        "UnitMasked" | "JobTypeNotApplicable" | "AccessDenied" | "OnlyByDependency" => {
            Failure::NotPossible
        }
        "InteractiveAuthorizationRequired" | "AuthFailed" => Failure::NotPossible,
        "NoReply" | "Disconnected" | "ServiceUnknown" | "NameHasNoOwner" | "Timeout"
        | "TimedOut" | "UnknownMethod" | "UnknownInterface" => Failure::NoManager,
        _ => Failure::Job,
    }
}

/// The sentence for a job whose result was not `done`.
pub(super) fn result_text(unit: &str, result: &str, why: &str) -> String {
    let told = match result {
        "failed" => "the job failed",
        "canceled" => "the job was canceled by another one",
        "timeout" => "the service manager's own timeout ended the job",
        "dependency" => "a unit that it needs could not be started",
        "skipped" => "there was nothing to do for the unit in its state",
        other => other,
    };
    if why.is_empty() || why == "success" {
        format!("{unit}: {told}")
    } else {
        format!("{unit}: {told} (Result={why})")
    }
}
