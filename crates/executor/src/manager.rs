//! What the executor asks of a service manager, and what it hears from one.
//!
//! Nothing here blocks: the executor's one epoll loop polls [`ServiceManager::fd`], wakes at
//! [`ServiceManager::deadline_ms`], and calls [`ServiceManager::advance`] for both. All times are
//! CLOCK_BOOTTIME in milliseconds.

use defib_engine::event::{Exit, Failure};
use defib_engine::id::{AppId, Identity};
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

/// A job that was begun; its end comes as [`ManagerEvent::JobDone`], exactly once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct JobId(pub u64);

/// Something to do to one unit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UnitJob {
    /// StartUnit, `replace`; done when the job's result is there.
    Start,
    /// StopUnit, `replace`; done when the job's result is there.
    Stop,
    /// RestartUnit, `replace`; done when the job's result is there.
    Restart,
    /// ReloadUnit, `replace`; done when the job's result is there.
    Reload,
    /// ResetFailedUnit; done when the call returned. A unit that is not loaded is no failure.
    ResetFailed,
    /// KillUnit on every process of the unit; done when the call returned.
    Kill {
        /// Which signal.
        signal: u8,
    },
}

/// A `start` app as a transient service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransientUnit {
    /// Its full name: `defib-app-NAME.service`.
    pub unit: String,
    /// A sentence for `systemctl status`.
    pub description: String,
    /// Program and arguments; the program is looked up by the caller, so it is a path.
    pub argv: Vec<String>,
    /// The user to run as; `None` is the manager's own.
    pub user: Option<String>,
    /// The working directory.
    pub directory: Option<PathBuf>,
    /// Extra environment.
    pub environment: Vec<(String, String)>,
    /// Standard output and error are appended to this file.
    pub output: PathBuf,
    /// TimeoutStopSec, in milliseconds.
    pub grace_ms: u32,
}

/// Where a watched unit stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UnitState {
    /// `active` or `reloading`.
    Active,
    /// `activating`, which includes waiting for an automatic restart.
    Activating,
    /// `deactivating`: only in this state does the executor end what lingers.
    Deactivating,
    /// `inactive`.
    Inactive,
    /// `failed`.
    Failed,
    /// There is no such unit.
    NotFound,
}

/// What the manager says by itself, or as the answer to a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ManagerEvent {
    /// A job ended, or its deadline passed.
    JobDone {
        /// Which job.
        job: JobId,
        /// `Err`: why, and a sentence for people.
        result: Result<(), (Failure, String)>,
    },
    /// How the main process of a watched unit ended. Comes before the other events that tell of
    /// the same death, and not at all where the manager has forgotten it already.
    Ended {
        /// Which app.
        app: AppId,
        /// The process, as it was told.
        identity: Identity,
        /// How.
        exit: Exit,
    },
    /// The main process of a watched unit: now, and at each change. `None`: there is none.
    MainPid {
        /// Which app.
        app: AppId,
        /// The process, checked to be alive under this start time.
        identity: Option<Identity>,
    },
    /// The state of a watched unit: now, and at each change.
    State {
        /// Which app.
        app: AppId,
        /// The state.
        state: UnitState,
    },
    /// The unit is waiting to be started again by its own Restart=. Comes *before* the `MainPid`
    /// event that tells of the same death, wherever the manager allows it.
    RestartIn {
        /// Which app.
        app: AppId,
        /// In how many milliseconds that is overdue: RestartUSec and 2 s of grace.
        in_ms: u32,
    },
    /// A stop job that is not ours, a disabled or a masked unit: a person's will. Not sent while a
    /// job of ours on that unit runs.
    StoppedByPerson {
        /// Which app.
        app: AppId,
    },
    /// A person's stop is over.
    Resumed {
        /// Which app.
        app: AppId,
    },
    /// Whether a watched unit can be reloaded: now, and at each change. Not sent where the manager does not
    /// say.
    CanReload {
        /// Which app.
        app: AppId,
        /// Whether.
        can: bool,
    },
    /// The machine is shutting down.
    ShuttingDown,
    /// How many jobs run (others wait for them), as [`ServiceManager::count_jobs`] asked.
    Running {
        /// How many.
        jobs: u32,
    },
    /// The manager cannot be reached now; it is tried again by the implementation.
    Lost,
    /// The manager is reached (again); watched units are told anew.
    Reached,
}

/// A service manager.
pub trait ServiceManager {
    /// Whether it is reached now.
    fn is_reached(&self) -> bool;

    /// Why units cannot be acted on here, for people; `None` if they can, or might soon.
    fn why_not(&self) -> Option<String>;

    /// Whether `start` apps become transient units.
    fn has_transient(&self) -> bool;

    /// The descriptor to wait on, if there is one, and whether writing is waited for too. It is
    /// asked for again after every call that takes `&mut self`.
    fn fd(&self) -> Option<(BorrowedFd<'_>, bool)>;

    /// When `advance` is to be called even without news.
    fn deadline_ms(&self) -> Option<u64>;

    /// Reads, writes, reconnects, checks deadlines; appends what happened.
    fn advance(&mut self, now_ms: u64, events: &mut Vec<ManagerEvent>);

    /// Whether something was heard of this app's unit that is still being looked into, such as a job
    /// that is not ours.
    fn is_asking_about(&self, _app: AppId) -> bool {
        false
    }

    /// From now on tell about this unit. Replaces what was watched for this app.
    fn watch_unit(&mut self, app: AppId, unit: &str);

    /// Stop telling about all units (the config was read again).
    fn forget_units(&mut self);

    /// Begins a job. It ends by `deadline_ms` (a point in time) at the latest.
    fn begin(&mut self, job: UnitJob, unit: &str, deadline_ms: u64) -> JobId;

    /// Starts a transient unit; done when its start job's result is there.
    fn start_transient(&mut self, unit: &TransientUnit, deadline_ms: u64) -> JobId;

    /// The polite reboot; done when the manager has accepted it.
    fn reboot(&mut self, deadline_ms: u64) -> JobId;

    /// The reboot without stop jobs, by PID 1 itself; done when it has accepted it.
    fn force_reboot(&mut self, deadline_ms: u64) -> JobId;

    /// How many messages of its own it has sent us so far. While it owes an answer and this stands still, it
    /// does not run. `None`: not known of this manager.
    fn heard(&self) -> Option<u64> {
        None
    }

    /// Asks how many jobs run; [`ManagerEvent::Running`] tells, if the manager can be asked.
    fn count_jobs(&mut self) {}
}

/// A machine without a service manager that defib could speak to.
#[derive(Debug, Default)]
pub struct NoManager {
    next: u64,
    refused: Vec<JobId>,
}

impl NoManager {
    fn refuse(&mut self) -> JobId {
        self.next += 1;
        let job = JobId(self.next);
        self.refused.push(job);
        job
    }
}

impl ServiceManager for NoManager {
    fn is_reached(&self) -> bool {
        false
    }

    fn why_not(&self) -> Option<String> {
        Some("there is no service manager here that defib can speak to".into())
    }

    fn has_transient(&self) -> bool {
        false
    }

    fn fd(&self) -> Option<(BorrowedFd<'_>, bool)> {
        None
    }

    fn deadline_ms(&self) -> Option<u64> {
        (!self.refused.is_empty()).then_some(0)
    }

    fn advance(&mut self, _now_ms: u64, events: &mut Vec<ManagerEvent>) {
        for job in self.refused.drain(..) {
            let result = Err((Failure::NoManager, "there is no service manager here".into()));
            events.push(ManagerEvent::JobDone { job, result });
        }
    }

    fn watch_unit(&mut self, _app: AppId, _unit: &str) {}

    fn forget_units(&mut self) {}

    fn begin(&mut self, _job: UnitJob, _unit: &str, _deadline_ms: u64) -> JobId {
        self.refuse()
    }

    fn start_transient(&mut self, _unit: &TransientUnit, _deadline_ms: u64) -> JobId {
        self.refuse()
    }

    fn reboot(&mut self, _deadline_ms: u64) -> JobId {
        self.refuse()
    }

    fn force_reboot(&mut self, _deadline_ms: u64) -> JobId {
        self.refuse()
    }
}
