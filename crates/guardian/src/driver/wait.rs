//! One wait: until the first deadline of all, and then whoever is ready is served.

use super::{Driver, token};
use crate::clock;
use crate::control::listener::Listener;
use crate::sense::late_max_ms;
use defib_engine::event::Event;
use defib_engine::next_deadline;
use rustix::event::{Timespec, epoll};
use rustix::fd::AsFd;
use rustix::io::Errno;
use std::mem::MaybeUninit;

/// Wake-ups are what a prober costs, so starts are put together into slots of this length. Nobody
/// waits for one while the state is not quiet.
const SLOT_MS: u64 = 50;

/// The least pause between two wake-ups for the engine, should it ask for a deadline that is over.
const AGAIN_MS: u64 = 1;

/// Ready descriptors taken at once; more wait for the next turn.
const READY_MAX: usize = 64;

/// Reports of the executor taken at once.
const REPORTS_MAX: usize = 64;

impl Driver {
    pub(super) fn wait_and_serve(&mut self) -> Result<(), Errno> {
        // The turn that ends here was due at its beginning: if it took long, we stood still in it.
        self.feel(0);
        let asked_ms = self.deadline_ms();
        let mut buffer = [MaybeUninit::<epoll::Event>::uninit(); READY_MAX];
        let ready: Vec<u64> = match epoll::wait(&self.epoll, &mut buffer, Some(&until(asked_ms))) {
            Ok((ready, _)) => ready.iter().map(|event| event.data.u64()).collect(),
            Err(Errno::INTR) => Vec::new(),
            Err(error) => return Err(error),
        };
        self.feel(asked_ms);
        for token in ready {
            self.serve(token);
        }
        self.wake_engine();
        let now_ms = clock::readings().boot_ms;
        self.mailbox.extend(self.bundles.expire(now_ms));
        Ok(())
    }

    /// The first deadline of all, in CLOCK_BOOTTIME milliseconds.
    fn deadline_ms(&self) -> u64 {
        let others = [
            self.engine_deadline_ms(),
            // Rounded up: a millisecond early would only mean another wait.
            self.runs.deadline_us().map(|us| us.div_ceil(1000)),
            self.record.sync_deadline_ms(),
            self.control.as_ref().and_then(Listener::deadline_ms),
            self.bundles.deadline_ms(),
            self.status_deadline_ms(),
        ];
        let first = others.into_iter().flatten().min();
        let beat = self.link.beat_deadline_ms(first);
        first.map_or(beat, |first| first.min(beat))
    }

    fn engine_deadline_ms(&self) -> Option<u64> {
        let due = next_deadline(&self.state)?.max(self.last_woke.plus(AGAIN_MS));
        let due_ms = self.clock.boot_ms(due);
        Some(if self.state.is_quiet() { due_ms.next_multiple_of(SLOT_MS) } else { due_ms })
    }

    /// Doubts are fed at once: the engine voids what it saw before anything new is told.
    fn feel(&mut self, asked_ms: u64) {
        let late_max_ms = late_max_ms(&self.config.policy);
        let doubts = self.sense.feel(clock::readings(), Some(asked_ms), late_max_ms);
        if doubts.is_empty() {
            return;
        }
        for doubt in doubts.into_iter().rev() {
            self.mailbox.push_first(Event::Doubted(doubt));
        }
        self.feed_all();
    }

    fn wake_engine(&mut self) {
        let now = self.clock.now();
        if next_deadline(&self.state).is_some_and(|due| due <= now) {
            self.last_woke = now;
            self.mailbox.push(Event::Woke);
        }
    }

    fn serve(&mut self, token: u64) {
        match token {
            token::EXECUTOR => self.hear_executor(),
            token::SIGNALS => self.hear_signals(),
            token::HOLDS => self.hear_hold_files(),
            token::CONTROL => {
                if let Some(control) = &mut self.control {
                    control.accept(self.epoll.as_fd());
                }
            }
            token::CLIENTS..token::RUNS => self.hear_client(token),
            _ => {
                let epoll = self.epoll.as_fd();
                let ended = self.runs.ready(token, &mut self.looker, epoll, self.clock);
                if let Some(ended) = ended {
                    self.observed(&ended);
                }
            }
        }
    }

    fn hear_executor(&mut self) {
        for _ in 0..REPORTS_MAX {
            if !self.mailbox.has_room() || self.ended.is_some() {
                return;
            }
            match self.link.receive() {
                Ok(Some((report, descriptor))) => self.report(report, descriptor),
                Ok(None) => return,
                Err(broken) => return self.lose_link(broken),
            }
        }
    }
}

/// The time that is left until a CLOCK_BOOTTIME millisecond.
fn until(deadline_ms: u64) -> Timespec {
    let left_us = deadline_ms.saturating_mul(1000).saturating_sub(clock::boot_us());
    Timespec { tv_sec: (left_us / 1_000_000) as i64, tv_nsec: (left_us % 1_000_000) as i64 * 1000 }
}
