//! The executor's whole state, and the descriptors that wake it.

use crate::app::AppState;
use crate::error::Error;
use crate::guardian::Guardian;
use crate::last_good::LastGood;
use crate::ledger::Keeper;
use crate::machine::Machine;
use crate::manager::ServiceManager;
use crate::notify::Notify;
use crate::output::Outputs;
use crate::spawn::Spawner;
use crate::{AtEnd, Setup, clock, sys};
use defib_config::spec::Config;
use defib_engine::id::AppId;
use rustix::event::epoll;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// What a descriptor of the epoll set is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Token {
    /// The signal descriptor.
    Signals,
    /// The guardian's socket.
    Guardian,
    /// The service manager's socket.
    Manager,
    /// The ledger's helper.
    Disk,
    /// An app's main process.
    Main(AppId),
    /// Something that an act waits for.
    Act(AppId),
}

impl Token {
    const fn data(self) -> u64 {
        match self {
            Token::Signals => 0,
            Token::Guardian => 1,
            Token::Manager => 2,
            Token::Disk => 3,
            Token::Main(app) => 1 << 32 | app.0 as u64,
            Token::Act(app) => 2 << 32 | app.0 as u64,
        }
    }

    /// What an event's data mean.
    pub(crate) const fn of(data: u64) -> Token {
        let app = AppId(data as u16);
        match (data >> 32, data as u32) {
            (1, _) => Token::Main(app),
            (2, _) => Token::Act(app),
            (_, 1) => Token::Guardian,
            (_, 2) => Token::Manager,
            (_, 3) => Token::Disk,
            _ => Token::Signals,
        }
    }
}

/// The way out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stopping {
    /// When whatever is left is ended.
    pub(crate) kill_at: u64,
    /// When we are gone, whatever is left.
    pub(crate) gone_at: u64,
    /// Whether KILL was sent to what was left.
    pub(crate) killed: bool,
}

/// Everything.
pub(crate) struct Executor {
    pub(crate) config: Config,
    pub(crate) config_text: String,
    pub(crate) config_path: Option<PathBuf>,
    /// Why the file's config is not in force, if it is not.
    pub(crate) config_fault: Option<String>,
    pub(crate) last_good: LastGood,
    pub(crate) state_dir: PathBuf,
    pub(crate) boot_id: [u8; 16],
    pub(crate) at_end: AtEnd,
    pub(crate) keeper: Keeper,
    pub(crate) apps: Vec<AppState>,
    pub(crate) guardian: Guardian,
    pub(crate) spawner: Spawner,
    pub(crate) outputs: Outputs,
    pub(crate) manager: Box<dyn ServiceManager>,
    pub(crate) machine: Box<dyn Machine>,
    pub(crate) notify: Box<dyn Notify>,
    pub(crate) stopping: Option<Stopping>,
    /// A new config was sent and not answered: orders are still numbered by the old one.
    pub(crate) is_config_pending: bool,
    /// A reload was asked for while acts ran.
    pub(crate) is_reload_due: bool,
    pub(crate) is_ready: bool,
    pub(crate) outputs_due: u64,
    pub(crate) watchdog_due: u64,
    pub(crate) signals: OwnedFd,
    epoll: OwnedFd,
}

impl Executor {
    /// Opens all that is needed before the first child starts.
    pub(crate) fn new(setup: Setup) -> Result<Executor, Error> {
        let config = defib_config::load(&setup.config_text, &crate::host())
            .map_err(|report| {
                let path = setup.config_path.as_deref().unwrap_or(Path::new("config"));
                let text = &setup.config_text;
                Error::Config(report.render(&path.to_string_lossy(), text, false))
            })?
            .config;
        let now_ms = clock::now_ms();
        let boot_id = clock::boot_id().map_err(Error::io("cannot read boot_id"))?;
        let names: Vec<&str> = config.apps.iter().map(|app| app.name.as_str()).collect();
        let (state_dir, runtime_dir) = (&setup.state_dir, &setup.runtime_dir);
        // Blocked before the first thread starts, so that every thread has them blocked.
        let signals = sys::signals::open().map_err(Error::io("cannot take signals"))?;
        let keeper = Keeper::open(state_dir, runtime_dir, &names, boot_id, now_ms)?;
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
            .map_err(|e| Error::io("cannot become the subreaper")(e.into()))?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|e| Error::io("cannot make an epoll set")(e.into()))?;
        let apps = config.apps.iter().map(|_| AppState::default()).collect();
        let executor = Executor {
            config,
            config_text: setup.config_text,
            config_path: setup.config_path,
            config_fault: setup.config_fault,
            last_good: LastGood::default(),
            boot_id,
            at_end: setup.at_end,
            keeper,
            apps,
            guardian: Guardian::new(setup.guardian_argv, setup.guardian_user),
            spawner: Spawner::new(setup.exec_child_argv),
            outputs: Outputs::new(&setup.state_dir),
            state_dir: setup.state_dir,
            manager: setup.manager,
            machine: setup.machine,
            notify: setup.notify,
            stopping: None,
            is_config_pending: false,
            is_reload_due: false,
            is_ready: false,
            outputs_due: 0,
            watchdog_due: u64::MAX,
            signals,
            epoll,
        };
        executor.wait_for(&executor.signals, Token::Signals);
        executor.wait_for(&executor.keeper.disk_fd(), Token::Disk);
        executor.keep_config();
        Ok(executor)
    }

    /// Adds a descriptor to the epoll set; closing it takes it out again.
    pub(crate) fn wait_for(&self, fd: &impl AsFd, token: Token) {
        self.wait_for_flags(fd, token, epoll::EventFlags::IN);
    }

    fn wait_for_flags(&self, fd: &impl AsFd, token: Token, flags: epoll::EventFlags) {
        let data = epoll::EventData::new_u64(token.data());
        // Mostly it is there already: asking to change it first costs one call a turn, not two.
        if epoll::modify(&self.epoll, fd, data, flags) == Err(rustix::io::Errno::NOENT) {
            let _ = epoll::add(&self.epoll, fd, data, flags);
        }
    }

    /// The two descriptors that come and go, and want to write at times.
    pub(crate) fn wait_for_peers(&self) {
        let flags = |writing| {
            let read = epoll::EventFlags::IN;
            if writing { read | epoll::EventFlags::OUT } else { read }
        };
        if let Some((fd, writing)) = self.guardian.fd() {
            self.wait_for_flags(&fd, Token::Guardian, flags(writing));
        }
        if let Some((fd, writing)) = self.manager.fd() {
            self.wait_for_flags(&fd, Token::Manager, flags(writing));
        }
    }

    /// Sleeps until an event or a deadline.
    pub(crate) fn sleep(&self, timeout_ms: u64, tokens: &mut Vec<Token>) {
        tokens.clear();
        let mut events = Vec::with_capacity(32);
        let timeout = rustix::event::Timespec {
            tv_sec: (timeout_ms / 1000) as i64,
            tv_nsec: (timeout_ms % 1000 * 1_000_000) as i64,
        };
        // EINTR is an early wake-up, and those are harmless.
        let space = rustix::buffer::spare_capacity(&mut events);
        let _ = epoll::wait(&self.epoll, space, Some(&timeout));
        tokens.extend(events.iter().map(|event| Token::of(event.data.u64())));
    }

    /// An app's name, for the ledger and for files.
    pub(crate) fn name(&self, app: AppId) -> &str {
        &self.config.apps[usize::from(app.0)].name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_as_they_went() {
        for token in [
            Token::Signals,
            Token::Guardian,
            Token::Manager,
            Token::Disk,
            Token::Main(AppId(0)),
            Token::Act(AppId(65_535)),
        ] {
            assert_eq!(Token::of(token.data()), token);
        }
    }
}
