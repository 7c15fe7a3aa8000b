//! One turn: every event in the mailbox goes through the engine, and what it wants is done.

use super::Driver;
use crate::clock;
use defib_engine::event::Event;
use defib_engine::step;
use defib_journal::line::Line;
use rustix::event::epoll;
use rustix::fd::AsFd;

/// A person's eye is not faster.
const STATUS_EVERY_MS: u64 = 100;

impl Driver {
    /// Feeds events, and starts and ends runs, until nothing is left to do without waiting.
    pub(super) fn turn(&mut self) {
        loop {
            self.feed_all();
            let ended = self.runs.due(&mut self.looker, self.epoll.as_fd(), self.clock);
            if ended.is_empty() {
                return;
            }
            for ended in ended {
                self.observed(&ended);
            }
        }
    }

    pub(super) fn feed_all(&mut self) {
        while let Some(event) = self.mailbox.pop() {
            self.feed(&event);
        }
    }

    /// One event, and its effects in their order.
    fn feed(&mut self, event: &Event) {
        let now = self.clock.now();
        self.record.event(&self.config.policy, &self.state, now, event);
        let mut effects = std::mem::take(&mut self.effects);
        step(&mut self.state, &self.config.policy, now, event, &mut effects);
        for effect in effects.drain(..) {
            self.carry_out(now, effect);
        }
        self.effects = effects;
        self.status_is_old |= !matches!(event, Event::Woke);
    }

    /// The end of a turn: what was said leaves, what was written is handed to the kernel.
    pub(super) fn settle(&mut self) {
        let now_ms = clock::readings().boot_ms;
        self.record.flush();
        self.record.sync_if_due(now_ms);
        if let Some(message) = self.record.new_trouble() {
            let message = message.into();
            let up = self.clock.now();
            self.write(up, Line::Alarm { app: None, invariant: None, message });
        }
        self.tell_watchers();
        if let Some(control) = &mut self.control {
            control.settle(self.epoll.as_fd(), now_ms);
            self.record.has_watchers = control.has_watchers();
        }
        self.show_status(now_ms);
        if let Err(broken) = self.link.beat(now_ms) {
            self.lose_link(broken);
        }
        self.flush_link();
    }

    pub(super) fn tell_watchers(&mut self) {
        let lines = std::mem::take(&mut self.record.told);
        let now_ms = clock::readings().boot_ms;
        if let Some(control) = &mut self.control {
            for line in &lines {
                control.tell_watchers(line, now_ms);
            }
        }
    }

    fn show_status(&mut self, now_ms: u64) {
        let due = self.status_deadline_ms().is_some_and(|deadline| deadline <= now_ms);
        if !due || !self.record.wants_status() {
            return;
        }
        self.status_is_old = false;
        self.status_shown_ms = now_ms;
        let apps = self.sources().all();
        self.record.narrator().status(&apps);
    }

    pub(super) fn status_deadline_ms(&self) -> Option<u64> {
        let wanted = self.status_is_old && self.record.wants_status();
        wanted.then_some(self.status_shown_ms + STATUS_EVERY_MS)
    }

    /// Epoll is told about room only while something waits for it.
    fn flush_link(&mut self) {
        let waits = match self.link.flush() {
            Ok(waits) => waits,
            Err(broken) => return self.lose_link(broken),
        };
        if waits == self.link_waits_for_room {
            return;
        }
        let mut interest = epoll::EventFlags::IN;
        interest.set(epoll::EventFlags::OUT, waits);
        let data = epoll::EventData::new_u64(super::token::EXECUTOR);
        if epoll::modify(&self.epoll, &self.link, data, interest).is_ok() {
            self.link_waits_for_room = waits;
        }
    }
}
