//! The loop: one thread, one epoll, one mailbox, one wait.

mod effects;
mod observe;
mod reload;
mod reports;
mod requests;
mod start;
mod turn;
mod wait;

use crate::clock::Clock;
use crate::control::listener::Listener;
use crate::evidence::Bundles;
use crate::executor_link::{Broken, Link};
use crate::holds::Holds;
use crate::looks::Looks;
use crate::mailbox::Mailbox;
use crate::probe::Looker;
use crate::record::Record;
use crate::record::fold::Folds;
use crate::runs::Runs;
use crate::sense::Sense;
use crate::setup::{Ended, Setup};
use crate::signals::Signals;
use crate::status::Sources;
use defib_config::spec::Config;
use defib_engine::effect::Effect;
use defib_engine::id::AppId;
use defib_engine::state::State;
use defib_engine::time::Moment;
use defib_journal::line::BootId;
use rustix::fd::OwnedFd;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// Epoll's tokens. Those of clients and runs are ranges, and runs are open-ended.
mod token {
    pub(super) const EXECUTOR: u64 = 0;
    pub(super) const SIGNALS: u64 = 1;
    pub(super) const HOLDS: u64 = 2;
    pub(super) const CONTROL: u64 = 3;
    pub(super) const CLIENTS: u64 = 16;
    pub(super) const RUNS: u64 = 64;
}

/// What the guardian was told about itself and its config.
struct Identity {
    version: &'static str,
    boot: BootId,
    exec_child_argv: Vec<OsString>,
    config_loaded_wall_ms: u64,
    config_error: Option<String>,
}

/// The guardian.
pub(crate) struct Driver {
    epoll: OwnedFd,
    clock: Clock,
    sense: Sense,
    link: Link,
    link_waits_for_room: bool,
    signals: Signals,
    holds: Option<Holds>,
    control: Option<Listener>,
    config: Config,
    state: State,
    mailbox: Mailbox,
    effects: Vec<Effect>,
    looker: Looker,
    runs: Runs,
    looks: Looks,
    folds: Folds,
    bundles: Bundles,
    record: Record,
    /// Why rungs are not possible, by app.
    why_not: Vec<String>,
    /// Holds by command, by app, so that a vanished file does not end them.
    commanded: BTreeMap<AppId, Moment>,
    /// When the executor was last asked for an app's process.
    identify_asked: BTreeMap<AppId, u64>,
    identity: Identity,
    last_woke: Moment,
    status_is_old: bool,
    status_shown_ms: u64,
    ended: Option<Ended>,
    /// Keeps the next guardian waiting until journal and socket, which are above, are let go.
    _alone: Option<OwnedFd>,
}

/// Runs the guardian until it is told to stop or its executor is gone.
pub fn run(setup: Setup) -> Ended {
    match Driver::start(setup) {
        Ok(mut driver) => {
            crate::survive::lock_memory();
            driver.run()
        }
        Err(ended) => ended,
    }
}

impl Driver {
    fn run(&mut self) -> Ended {
        loop {
            if let Some(ended) = self.ended.take() {
                self.stop(&ended);
                return ended;
            }
            if let Err(error) = self.wait_and_serve() {
                return Ended::Failed(format!("epoll: {error}"));
            }
            self.turn();
            self.settle();
        }
    }

    /// The last words. The journal is synced, so that a stop in order loses nothing.
    fn stop(&mut self, ended: &Ended) {
        let up = self.clock.now();
        for line in self.folds.drain() {
            self.record.write(&self.config.policy, up, line);
        }
        let reason = match ended {
            Ended::Stopped => "asked to stop".to_owned(),
            Ended::ExecutorGone => "the executor is gone".to_owned(),
            Ended::Failed(why) => why.clone(),
        };
        let line = defib_journal::line::Line::Stopped { reason: reason.into() };
        self.record.write(&self.config.policy, up, line);
        self.record.sync();
        self.tell_watchers();
    }

    /// A link that is broken ends us: the executor starts a new guardian, or is gone itself.
    fn lose_link(&mut self, broken: Broken) {
        self.ended.get_or_insert(match broken {
            Broken::Closed => Ended::ExecutorGone,
            Broken::Protocol(why) => Ended::Failed(why),
        });
    }

    fn sources(&self) -> Sources<'_> {
        Sources {
            config: &self.config,
            state: &self.state,
            looks: &self.looks,
            why_not: &self.why_not,
            clock: self.clock,
        }
    }
}
