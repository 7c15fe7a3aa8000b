//! The loop on a real machine: one thread, one epoll, one wait, around one [`Mind`].

mod host;
mod start;
mod wait;

use crate::clock::{Clocks, SystemClocks};
use crate::control::listener::Listener;
use crate::holds::Holds;
use crate::mind::Mind;
use crate::setup::{Ended, Setup};
use crate::signals::Signals;
use host::Host;
use rustix::fd::{AsFd, OwnedFd};

/// Epoll's tokens. Those of clients and runs are ranges, and runs are open-ended.
mod token {
    pub(super) const EXECUTOR: u64 = 0;
    pub(super) const SIGNALS: u64 = 1;
    pub(super) const HOLDS: u64 = 2;
    pub(super) const CONTROL: u64 = 3;
    pub(super) const PRESSURE: u64 = 4;
    pub(super) const CLIENTS: u64 = 16;
    pub(super) const RUNS: u64 = 64;
}

/// The guardian.
pub(crate) struct Driver {
    mind: Mind<Host>,
    signals: Signals,
    holds: Option<Holds>,
    control: Option<Listener>,
    /// We have given up starting programs, and cannot take that back.
    starts_none: bool,
    /// Keeps the next guardian waiting until journal and socket, which are above, are let go.
    _alone: Option<OwnedFd>,
}

/// Runs the guardian until it is told to stop or its executor is gone.
pub fn run(setup: Setup) -> Ended {
    let keep_program = setup.keep_program;
    match Driver::start(setup) {
        Ok(mut driver) => {
            driver.mind.body_mut().read_authorities();
            crate::survive::trim_heap();
            keep_program();
            crate::survive::lock_memory();
            driver.run()
        }
        Err(ended) => ended,
    }
}

impl Driver {
    fn run(&mut self) -> Ended {
        loop {
            if let Err(error) = self.wait_and_serve() {
                return Ended::Failed(format!("epoll: {error}"));
            }
            let ended = self.mind.turn();
            self.hear_pressure_again();
            self.settle();
            if let Some(ended) = ended {
                return ended;
            }
            if self.starts_none && self.mind.body().has_commands() {
                let why = "the new config has check commands, and this guardian has given up starting them";
                self.mind.end(Ended::Failed(why.to_owned()));
            }
        }
    }

    /// The end of a turn: people are told, and what was said leaves.
    fn settle(&mut self) {
        let lines = self.mind.take_told();
        if let Some(control) = &mut self.control {
            let now_ms = SystemClocks.boot_us() / 1000;
            for line in &lines {
                control.tell_watchers(line, now_ms);
            }
            control.settle(self.mind.body().epoll.as_fd(), now_ms);
            self.mind.set_watched(control.has_watchers());
        }
        if let Err(broken) = self.mind.body_mut().flush_link() {
            self.mind.lose_link(broken);
        }
    }
}
