//! One turn: until when to wait, what is due after it, and what is done then.

use super::{Body, Mind};
use crate::record::Durable;
use crate::sense::late_max_ms;
use crate::setup::Ended;
use defib_engine::event::Event;
use defib_engine::{next_deadline, step};
use defib_journal::line::Line;
use defib_journal::order::Request;

/// Wake-ups are what a prober costs, so starts are put together into slots of this length. Nobody
/// waits for one while the state is not quiet.
const SLOT_MS: u64 = 50;

/// The least pause between two wake-ups for the engine, should it ask for a deadline that is over.
const AGAIN_MS: u64 = 1;

/// A person's eye is not faster.
const STATUS_EVERY_MS: u64 = 100;

impl<B: Body> Mind<B> {
    /// Until when to wait, in milliseconds of CLOCK_BOOTTIME: the first deadline of all. `other_ms` is
    /// one of the owner's.
    pub fn rest(&mut self, other_ms: Option<u64>) -> u64 {
        // The turn that ends here was due at its beginning: if it took long, we stood still in it.
        self.feel(0);
        if self.ended.is_some() {
            return 0;
        }
        let deadlines = [
            self.engine_deadline_ms(),
            // Rounded up: a millisecond early would only mean another wait.
            self.body.deadline_us().map(|us| us.div_ceil(1000)),
            self.record.sync_deadline_ms(),
            self.bundles.deadline_ms(),
            self.status_deadline_ms(),
            self.host_deadline_ms(),
            other_ms,
        ];
        let first = deadlines.into_iter().flatten().min();
        let beat = self.beat.deadline_ms(first);
        first.map_or(beat, |first| first.min(beat))
    }

    /// The wait until `asked_ms` is over, or something has come.
    pub fn woke(&mut self, asked_ms: u64) {
        self.feel(asked_ms);
    }

    /// Whether something that can wait may be given. Looks cannot; reports and requests can.
    pub fn has_room(&self) -> bool {
        self.mailbox.has_room() && self.ended.is_none()
    }

    /// Does everything that is due: feeds events, starts and ends looks, until nothing is left to do
    /// without waiting; then what was said leaves, and what was written is handed to the kernel.
    /// `Some` if the guardian has ended, with its last words said.
    pub fn turn(&mut self) -> Option<Ended> {
        self.wake_engine();
        let now_ms = self.clock.now_ms();
        self.read_host(now_ms);
        self.mailbox.extend(self.bundles.expire(now_ms));
        loop {
            self.feed_all();
            let landings = self.body.landings();
            if landings.is_empty() {
                break;
            }
            for landing in landings {
                self.landed(&landing);
            }
        }
        self.settle();
        let ended = self.ended.take()?;
        self.last_words(&ended);
        Some(ended)
    }

    fn engine_deadline_ms(&self) -> Option<u64> {
        let due = next_deadline(&self.state)?.max(self.last_woke.plus(AGAIN_MS));
        let due_ms = self.clock.boot_ms(due);
        Some(if self.state.is_quiet() { due_ms.next_multiple_of(SLOT_MS) } else { due_ms })
    }

    /// Doubts are fed at once: the engine voids what it saw before anything new is told.
    fn feel(&mut self, asked_ms: u64) {
        let late_max_ms = late_max_ms(&self.config.policy);
        let doubts = self.sense.feel(self.clock.readings(), Some(asked_ms), late_max_ms);
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

    fn settle(&mut self) {
        let now_ms = self.clock.now_ms();
        self.record.flush();
        if self.record.sync_deadline_ms().is_some_and(|deadline| deadline <= now_ms) {
            self.sync();
        }
        if let Some(message) = self.record.new_trouble() {
            let message = message.into();
            let up = self.clock.now();
            self.write(up, Line::Alarm { app: None, invariant: None, message });
        }
        self.show_status(now_ms);
        if self.beat.is_due(now_ms) {
            self.give_a_beat(now_ms);
        }
    }

    fn give_a_beat(&mut self, now_ms: u64) {
        if !self.body.is_backed_up() {
            self.beat.sent(now_ms);
            self.send(&Request::Beat);
        }
    }

    /// Makes the journal durable, which may take a second. Whether it is.
    pub(super) fn sync(&mut self) -> Durable {
        let now_ms = self.clock.now_ms();
        if self.beat.is_due_before_a_wait(now_ms) {
            self.give_a_beat(now_ms);
        }
        self.record.sync()
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

    fn status_deadline_ms(&self) -> Option<u64> {
        let wanted = self.status_is_old && self.record.wants_status();
        wanted.then_some(self.status_shown_ms + STATUS_EVERY_MS)
    }

    /// The journal is synced, so that a stop in order loses nothing.
    fn last_words(&mut self, ended: &Ended) {
        let up = self.clock.now();
        for line in self.folds.drain() {
            self.write(up, line);
        }
        let reason = match ended {
            Ended::Stopped => "asked to stop".to_owned(),
            Ended::ExecutorGone => "the executor is gone".to_owned(),
            Ended::Failed(why) => why.clone(),
        };
        self.write(up, Line::Stopped { reason: reason.into() });
        self.record.sync();
    }
}
