//! The executor's whole state.

use crate::act::Mute;
use crate::app::AppState;
use crate::boot;
use crate::boundary::{
    Children, Cleaner, Clock, Files, Held, Outside, Processes, Sight, Signal, Watchdog,
};
use crate::drill::Drill;
use crate::error::Error;
use crate::guardian::Guardian;
use crate::ledger::{Boot, Keeper};
use crate::machine::Machine;
use crate::manager::ServiceManager;
use crate::notify::Notify;
use crate::watchdog::{Deaths, Dog, boot_end_in_words};
use crate::{Assignment, AtEnd};
use defib_config::spec::Config;
use defib_engine::id::AppId;
use defib_engine::scale::FOR_A_LAB_ONLY;
use std::path::{Path, PathBuf};

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

/// Everything but the wait: [`run`](crate::run()) and the simulator call the same functions of it.
///
/// After [`Executor::new`] and [`Executor::begin`], in a loop: wait until [`Executor::due_ms`] or a
/// token, then [`Executor::turn`], until that says that all is over. Dropping it is what kill -9
/// leaves: nothing is tidied up.
pub struct Executor {
    pub(crate) config: Config,
    pub(crate) config_text: String,
    pub(crate) config_path: Option<PathBuf>,
    /// Why the file's config is not in force, if it is not.
    pub(crate) config_fault: Option<String>,
    pub(crate) state_dir: PathBuf,
    pub(crate) host: defib_config::Host,
    pub(crate) boot_id: [u8; 16],
    pub(crate) at_end: AtEnd,
    pub(crate) keeper: Keeper,
    pub(crate) apps: Vec<AppState>,
    pub(crate) guardian: Guardian,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) processes: Box<dyn Processes>,
    pub(crate) children: Box<dyn Children>,
    pub(crate) files: Box<dyn Files>,
    pub(crate) cleaner: Box<dyn Cleaner>,
    pub(crate) manager: Box<dyn ServiceManager>,
    pub(crate) machine: Box<dyn Machine>,
    pub(crate) watchdog: Box<dyn Watchdog>,
    pub(crate) dog: Dog,
    /// The last rung is overdue: the watchdog is fed no more, and resets the machine.
    pub(crate) is_feeding_over: bool,
    /// Why the watchdog is not armed, if that was said.
    pub(crate) no_watchdog: Option<String>,
    pub(crate) deaths: Deaths,
    /// When the service manager was last found mute.
    pub(crate) mute: Option<Mute>,
    pub(crate) notify: Box<dyn Notify>,
    pub(crate) stopping: Option<Stopping>,
    /// Until when the next order may be begun.
    pub(crate) fresh_until_ms: Option<u64>,
    /// The fault that a person asked for.
    pub(crate) drill: Option<Drill>,
    /// We were told to end while a reboot of ours is under way: when it is looked next whether that
    /// still needs us.
    pub(crate) held_until: Option<u64>,
    /// The service manager has said that the machine is shutting down.
    pub(crate) is_shutting_down: bool,
    /// A new config was sent and not answered: orders are still numbered by the old one.
    pub(crate) is_config_pending: bool,
    /// A reload was asked for while acts ran.
    pub(crate) is_reload_due: bool,
    pub(crate) is_ready: bool,
    pub(crate) outputs_due: u64,
    pub(crate) watchdog_due: u64,
}

impl Executor {
    /// Loads the config and takes over the ledger. Nothing is started or told yet.
    pub fn new(assignment: Assignment, mut outside: Outside) -> Result<Executor, Error> {
        let config = defib_config::load(&assignment.config_text, &outside.host)
            .map_err(|report| {
                let path = assignment.config_path.as_deref().unwrap_or(Path::new("config"));
                let text = &assignment.config_text;
                Error::Config(report.render(&path.to_string_lossy(), text, false))
            })?
            .config;
        let now_ms = outside.clock.now_ms();
        let names: Vec<&str> = config.apps.iter().map(|app| app.name.as_str()).collect();
        let has_reset_us = match outside.watchdog.look() {
            Sight::Device(device) => device.has_reset_us,
            Sight::Missing | Sight::Phantom | Sight::NotOurs(_) => false,
        };
        let boot = Boot { id: outside.boot_id, has_reset_us };
        let (keeper, damage) = {
            let boots = outside.boots.as_mut();
            Keeper::open(outside.ledger, &names, boot, boots, now_ms)?
        };
        if let Some(words) = FOR_A_LAB_ONLY {
            outside.notify.complain(words);
        }
        if let Some(damage) = damage {
            outside.notify.complain(&format!(
                "no copy of the ledger can be read ({damage}); all budgets count as spent, and \
                 starting what is not running stays free"
            ));
        }
        if let Some(words) = keeper.last_boot_end().and_then(boot_end_in_words) {
            outside.notify.complain(words);
        }
        let first = keeper.last_boot().filter(|_| keeper.is_first());
        if let Some(trouble) = first.and_then(|last| boot::show(&last, outside.boots.as_mut())) {
            outside.notify.complain(&trouble);
        }
        let executor = Executor {
            apps: config.apps.iter().map(|_| AppState::default()).collect(),
            config,
            config_text: assignment.config_text,
            config_path: assignment.config_path,
            config_fault: assignment.config_fault,
            state_dir: assignment.state_dir,
            host: outside.host,
            boot_id: outside.boot_id,
            at_end: assignment.at_end,
            keeper,
            guardian: Guardian::new(outside.guardians),
            clock: outside.clock,
            processes: outside.processes,
            children: outside.children,
            files: outside.files,
            cleaner: outside.cleaner,
            manager: outside.manager,
            machine: outside.machine,
            watchdog: outside.watchdog,
            dog: Dog::new(),
            is_feeding_over: false,
            no_watchdog: None,
            deaths: Deaths::default(),
            mute: None,
            notify: outside.notify,
            stopping: None,
            fresh_until_ms: None,
            drill: None,
            held_until: None,
            is_shutting_down: false,
            is_config_pending: false,
            is_reload_due: false,
            is_ready: false,
            outputs_due: 0,
            watchdog_due: u64::MAX,
        };
        executor.keep_config();
        Ok(executor)
    }

    /// An app's name, for the ledger and for files.
    pub(crate) fn name(&self, app: AppId) -> &str {
        &self.config.apps[usize::from(app.0)].name
    }

    /// Signals what can be signalled. The rest is waited for all the same, and named by the act that
    /// waits in vain.
    pub(crate) fn signal_all(&self, held: &[Held], signal: Signal) {
        for one in held {
            let _ = self.processes.signal(one, signal);
        }
    }
}
