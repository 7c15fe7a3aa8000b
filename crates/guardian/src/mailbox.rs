//! The one way into the engine: everything that happened, in the order in which we learned it.

use defib_engine::event::Event;
use std::collections::VecDeque;

/// Room for a burst of the executor's reports and one observation of every probe. Sources that can
/// wait (the executor's socket, control requests) are not read while the mailbox is full, so the
/// kernel's own bounded buffers hold what we do not.
const ROOM: usize = 512;

/// A bounded queue.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    events: VecDeque<Event>,
}

impl Mailbox {
    /// Whether a source that can wait may put something in.
    pub(crate) fn has_room(&self) -> bool {
        self.events.len() < ROOM
    }

    /// Puts an event in. Doubts and observations ignore the bound: there is at most one of each kind a
    /// turn and one a probe, and losing one would wedge its probe for ever.
    pub(crate) fn push(&mut self, event: Event) {
        self.events.push_back(event);
    }

    pub(crate) fn extend(&mut self, events: impl IntoIterator<Item = Event>) {
        self.events.extend(events);
    }

    /// Puts an event before all others: a doubt must be known before what it voids.
    pub(crate) fn push_first(&mut self, event: Event) {
        self.events.push_front(event);
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use defib_engine::event::Doubt;

    #[test]
    fn doubts_come_first_and_a_full_box_says_so() {
        let mut mailbox = Mailbox::default();
        for _ in 0..ROOM {
            assert!(mailbox.has_room());
            mailbox.push(Event::Woke);
        }
        assert!(!mailbox.has_room());
        let doubt = Event::Doubted(Doubt::LateTimer { late_ms: 2_000 });
        mailbox.push_first(doubt.clone());
        assert_eq!(mailbox.pop(), Some(doubt));
        assert_eq!(mailbox.pop(), Some(Event::Woke));
        assert!(mailbox.has_room());
    }
}
