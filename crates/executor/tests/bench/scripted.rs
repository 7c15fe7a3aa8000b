//! A service manager that plays a part by the unit's name, and writes down what it was asked.
//!
//! The real client is tested against a bus of its own; here only the acts' own order is of interest.

use defib_engine::event::Failure;
use defib_engine::id::{AppId, Identity};
use defib_executor::manager::{
    JobId, ManagerEvent, ServiceManager, TransientUnit, UnitJob, UnitState,
};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use std::io::Write;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

/// The manager.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    folder: PathBuf,
    jobs: u64,
    app: Option<AppId>,
    news: Vec<ManagerEvent>,
    lingering: Option<JobId>,
    queued: Option<JobId>,
    words: u64,
}

impl Scripted {
    pub(crate) fn new(folder: PathBuf) -> Scripted {
        Scripted { folder, ..Scripted::default() }
    }

    /// `PID START_TICKS` of a process that plays the unit's main process.
    fn main(&self) -> Option<Identity> {
        let text = std::fs::read_to_string(self.folder.join("main")).ok()?;
        let (pid, start_ticks) = text.split_once(' ')?;
        Some(Identity { pid: pid.parse().ok()?, start_ticks: start_ticks.trim().parse().ok()? })
    }

    /// PID 1 gets no memory: it takes calls, and answers none.
    fn is_mute(&self) -> bool {
        self.folder.join("mute").exists()
    }

    fn done(&mut self, job: JobId, result: Result<(), (Failure, String)>) {
        self.news.push(ManagerEvent::JobDone { job, result });
    }
}

impl ServiceManager for Scripted {
    fn is_reached(&self) -> bool {
        true
    }

    fn why_not(&self) -> Option<String> {
        None
    }

    fn has_transient(&self) -> bool {
        self.folder.join("transient").exists()
    }

    fn fd(&self) -> Option<(BorrowedFd<'_>, bool)> {
        None
    }

    fn deadline_ms(&self) -> Option<u64> {
        (!self.news.is_empty() || self.folder.join("answer").exists()).then_some(0)
    }

    /// A job was heard of, and its type asked for.
    fn is_asking_about(&self, _app: AppId) -> bool {
        self.folder.join("asking").exists()
    }

    fn advance(&mut self, _now_ms: u64, events: &mut Vec<ManagerEvent>) {
        // It was a person's stop.
        if let (Ok(()), Some(app)) = (std::fs::remove_file(self.folder.join("answer")), self.app) {
            std::fs::remove_file(self.folder.join("asking")).expect("it was asked");
            self.news.push(ManagerEvent::StoppedByPerson { app });
            self.news.push(ManagerEvent::MainPid { app, identity: None });
        }
        self.words += self.news.len() as u64;
        events.append(&mut self.news);
    }

    fn watch_unit(&mut self, app: AppId, _unit: &str) {
        self.app = Some(app);
        // A person has stopped the unit.
        if self.folder.join("stopped").exists() {
            let state = UnitState::Inactive;
            self.news.push(ManagerEvent::StoppedByPerson { app });
            self.news.push(ManagerEvent::MainPid { app, identity: None });
            return self.news.push(ManagerEvent::State { app, state });
        }
        if self.has_transient() {
            // The app's own unit is there only once it was made.
            return self.news.push(ManagerEvent::State { app, state: UnitState::NotFound });
        }
        self.news.push(ManagerEvent::State { app, state: UnitState::Active });
        if let Some(main) = self.main() {
            self.news.push(ManagerEvent::MainPid { app, identity: Some(main) });
        }
    }

    fn forget_units(&mut self) {
        self.app = None;
    }

    fn begin(&mut self, job: UnitJob, unit: &str, _deadline_ms: u64) -> JobId {
        self.jobs += 1;
        let id = JobId(self.jobs);
        let path = self.folder.join("jobs");
        let mut file =
            std::fs::File::options().append(true).create(true).open(path).expect("opened");
        writeln!(file, "{job:?}").expect("written");
        if self.is_mute() {
            return id;
        }
        match (unit, job) {
            ("lingers.service", UnitJob::Restart) => {
                self.lingering = Some(id);
                let app = self.app.expect("watched");
                self.news.push(ManagerEvent::State { app, state: UnitState::Deactivating });
            }
            ("lingers.service", UnitJob::Kill { .. }) => {
                self.done(id, Ok(()));
                if let Some(restart) = self.lingering.take() {
                    self.done(restart, Ok(()));
                }
            }
            ("endless.service", UnitJob::Restart) => {}
            // It waits for another unit's, until it was asked about its jobs a second time.
            ("queued.service", UnitJob::Start) => self.queued = Some(id),
            ("swift.service", UnitJob::Restart) => {
                let main = self.main().and_then(|main| Pid::from_raw(main.pid as i32));
                let main = main.expect("a main process");
                let pidfd = pidfd_open(main, PidfdFlags::empty()).expect("it lives");
                kill_process(main, Signal::KILL).expect("the test's own");
                poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], None).expect("it ends");
                self.done(id, Ok(()));
            }
            ("fails.service", UnitJob::Start) => {
                self.done(id, Err((Failure::Job, "the job failed".into())));
            }
            ("unreached.service", _) => self.done(id, Err((Failure::NoManager, "no bus".into()))),
            _ => self.done(id, Ok(())),
        }
        id
    }

    fn start_transient(&mut self, unit: &TransientUnit, deadline_ms: u64) -> JobId {
        self.begin(UnitJob::Start, &unit.unit, deadline_ms)
    }

    fn reboot(&mut self, deadline_ms: u64) -> JobId {
        self.begin(UnitJob::Start, "reboot.target", deadline_ms)
    }

    fn force_reboot(&mut self, deadline_ms: u64) -> JobId {
        self.begin(UnitJob::Start, "forced-reboot", deadline_ms)
    }

    fn heard(&self) -> Option<u64> {
        Some(self.words)
    }

    fn count_jobs(&mut self) {
        if self.is_mute() {
            return;
        }
        let asked = self.folder.join("asked-twice");
        match self.queued {
            Some(job) if asked.exists() => self.done(job, Ok(())),
            Some(_) => std::fs::write(asked, "").expect("written"),
            None => {}
        }
        let running = std::fs::read_to_string(self.folder.join("running")).unwrap_or_default();
        self.news.push(ManagerEvent::Running { jobs: running.parse().unwrap_or(7) });
    }
}
