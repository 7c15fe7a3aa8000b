//! What the guardian writes down, as facts for checkers.

use crate::disk::Mount;
use crate::fact::Fact;
use crate::world::Lent;
use defib_engine::event::Event;
use defib_engine::policy::Policy;
use defib_guardian::{AppStatus, Narrate};
use defib_journal::line::{Entry, Line};

/// Hears each line as it is written.
pub(super) struct Tap {
    pub(super) lent: Lent,
    pub(super) mount: Mount,
}

impl Narrate for Tap {
    fn entry(&mut self, _: &Policy, entry: &Entry) {
        // What a dead process would have written, it has not.
        if self.mount.has_ended() {
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
