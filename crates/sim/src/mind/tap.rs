//! What the guardian writes down, as facts for checkers.

use crate::disk::Mount;
use crate::fact::Fact;
use crate::world::Lent;
use defib_engine::event::Event;
use defib_engine::policy::Policy;
use defib_guardian::{AppStatus, Narrate};
use defib_journal::line::{Entry, Line};
use std::cell::Cell;
use std::rc::Rc;

/// Hears each line as it is written.
pub(super) struct Tap {
    pub(super) lent: Lent,
    pub(super) mount: Mount,
    pub(super) pid: u32,
    /// The guardian that began last.
    pub(super) present: Rc<Cell<u32>>,
}

impl Narrate for Tap {
    fn entry(&mut self, _: &Policy, entry: &Entry) {
        // What a dead process would have written, it has not. And what one writes that has outlived its
        // executor and wakes beside the next guardian, readers take for a repetition: its numbers are used.
        if self.mount.has_ended() || self.present.get() != self.pid {
            return;
        }
        if let Some(fact) = fact_of(&entry.line) {
            self.lent.world().tell(fact);
        }
    }

    fn status(&mut self, _: &[AppStatus]) {}

    fn wants_status(&self) -> bool {
        false
    }
}

fn fact_of(line: &Line<'_>) -> Option<Fact> {
    match line {
        Line::Note { note } => Some(Fact::Noted(note.as_ref().clone())),
        Line::Event { event } => match **event {
            Event::Doubted(doubt) => Some(Fact::Doubted(doubt)),
            Event::EvidenceClosed { app, incident, .. } => {
                Some(Fact::Bundled { app: usize::from(app.0), incident: incident.0 })
            }
            Event::Acted { app, intent, outcome } => {
                Some(Fact::Acted { app: usize::from(app.0), intent, outcome })
            }
            _ => None,
        },
        _ => None,
    }
}
