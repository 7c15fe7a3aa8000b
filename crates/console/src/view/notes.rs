//! What the engine's notes say about an incident and about its app's state.

use crate::view::app::AppWord;
use crate::view::fold::View;
use crate::view::incident::Act;
use defib_engine::id::{AppId, IntentId};
use defib_engine::note::{Note, RungFault};

impl View {
    /// What the note says about its incident.
    pub(super) fn enrich(&mut self, app: AppId, note: &Note) {
        let now = self.now;
        self.change(app, |incident| match note {
            Note::Reclassed { to, .. } => incident.reclass(*to),
            Note::Decided { class, .. } => incident.reclass(*class),
            Note::Ordered { intent, rung, purse, .. } => incident.acts.push(Act {
                intent: *intent,
                rung: *rung,
                purse: *purse,
                ordered: now,
                outcome: None,
                detail: String::new(),
                failed: false,
            }),
            Note::RungFailed { rung, fault, .. } => {
                // A relapse condemns the act of the incident before, too; here it is the last.
                let last = incident.acts.iter_mut().rev().find(|act| act.rung == *rung);
                if let Some(act) = last {
                    act.failed = true;
                }
                if matches!(fault, RungFault::Relapsed { .. }) {
                    incident.back_ms = None;
                }
            }
            Note::Back { down_ms, .. } => incident.back_ms = Some(*down_ms),
            Note::HandedOver { why, .. } => {
                incident.handed_over = Some(*why);
            }
            Note::Closed { class, ending, down_ms, .. } => {
                incident.reclass(*class);
                incident.ending = Some(*ending);
                incident.down_ms = Some(*down_ms);
                incident.closed = Some(now);
            }
            _ => {}
        });
        if let Note::Acted { intent, outcome, .. } = note {
            self.answered(*intent, |act| act.outcome = Some(*outcome));
        }
    }

    pub(crate) fn answered(&mut self, intent: IntentId, change: impl FnOnce(&mut Act)) {
        let found = self.of_intent(intent);
        if let Some(act) = found.and_then(|i| i.acts.iter_mut().find(|a| a.intent == intent)) {
            change(act);
        }
    }

    /// What the note says about the app's state.
    pub(super) fn turn(&mut self, app: AppId, note: &Note) {
        let now = self.now;
        let Some(view) = self.apps.get_mut(usize::from(app.0)) else { return };
        match note {
            Note::Up { .. } | Note::Cleared { .. } => view.turn(AppWord::Up, now),
            Note::Suspected { .. } => view.turn(AppWord::Suspect, now),
            Note::Opened { .. } | Note::RungFailed { .. } => view.turn(AppWord::Down, now),
            Note::Refused { .. } | Note::HandedOver { .. } => view.turn(AppWord::Waiting, now),
            Note::Ordered { .. } => view.turn(AppWord::Acting, now),
            Note::Acted { .. } | Note::Back { .. } => view.turn(AppWord::Verifying, now),
            Note::Closed { .. } => {
                view.incident = None;
                view.turn(AppWord::Up, now);
            }
            Note::Found { identity, .. } => view.process = Some(*identity),
            Note::Died { .. } => view.process = None,
            Note::Held { until, .. } => {
                view.held_until = Some(now.moved_to(until.0));
                view.turn(AppWord::Held, now);
            }
            Note::Released { .. } => {
                view.held_until = None;
                let word = if view.incident.is_some() { AppWord::Down } else { AppWord::Up };
                view.turn(word, now);
            }
            Note::Stopped { .. } => view.turn(AppWord::Stopped, now),
            Note::Resumed { .. } => view.turn(AppWord::Starting, now),
            Note::Capable { rungs, .. } => view.rungs = Some(*rungs),
            _ => {}
        }
    }
}

/// The app that a note is about; `None` where it is about defib itself.
pub(crate) fn app_of(note: &Note) -> Option<AppId> {
    match note {
        Note::Up { app }
        | Note::Suspected { app, .. }
        | Note::Cleared { app, .. }
        | Note::Died { app, .. }
        | Note::Found { app, .. }
        | Note::Opened { app, .. }
        | Note::Reclassed { app, .. }
        | Note::Decided { app, .. }
        | Note::Refused { app, .. }
        | Note::Spared { app, .. }
        | Note::Ordered { app, .. }
        | Note::Acted { app, .. }
        | Note::Back { app, .. }
        | Note::RungFailed { app, .. }
        | Note::HandedOver { app, .. }
        | Note::Closed { app, .. }
        | Note::Held { app, .. }
        | Note::Released { app, .. }
        | Note::Stopped { app }
        | Note::Resumed { app }
        | Note::Capable { app, .. }
        | Note::Alarm { app, .. }
        | Note::Host { app, .. } => Some(*app),
        Note::Doubted { .. } | Note::Trusted | Note::Frozen { .. } | Note::Thawed { .. } => None,
    }
}
