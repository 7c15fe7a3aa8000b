//! A journal line, as a step of the fold.

use crate::view::boot::BootEnd;
use crate::view::fold::View;
use crate::view::incident::{Item, Piece, Point, What};
use crate::words;
use defib_engine::effect::Rung;
use defib_engine::id::{AppId, ProbeId};
use defib_engine::policy::RungSet;
use defib_journal::drill::{DrillKind, DrillStage};
use defib_journal::line::{Entry, Line};

/// The most alarms that are remembered, the newest.
const ALARMS_MAX: usize = 16;

impl View {
    /// Takes the next line.
    pub fn take(&mut self, entry: &Entry) {
        self.now = Point { up_ms: entry.up.0, wall_ms: entry.wall_ms.cast_signed() };
        self.lines += 1;
        match &entry.line {
            Line::Started { .. } => self.guardian_started(),
            Line::Policy { policy } => self.policy(policy),
            Line::Note { note } => self.note(note),
            Line::Probe { app, probe, seen, detail, .. } => self.look(*app, *probe, *seen, detail),
            Line::Step { intent, step, at, .. } => {
                let item = Item {
                    at: self.now.moved_to(at.0),
                    what: What::Step { intent: *intent, step: *step },
                };
                if let Some(incident) = self.of_intent(*intent) {
                    incident.items.push(item);
                }
            }
            Line::Acted { intent, rung, outcome, detail, .. } => {
                let detail = detail.to_string();
                let at = self.now;
                self.answered(*intent, |act| {
                    act.outcome = Some(*outcome);
                    act.detail.clone_from(&detail);
                });
                let what =
                    What::Answered { intent: *intent, rung: *rung, outcome: *outcome, detail };
                if let Some(incident) = self.of_intent(*intent) {
                    incident.items.push(Item { at, what });
                }
            }
            Line::Evidence { incident, name, text, .. } => {
                let piece = Piece { name: name.to_string(), text: text.to_string() };
                self.evidence(*incident, piece);
            }
            Line::Config { accepted, message } => {
                self.config_error = if *accepted { None } else { Some(message.to_string()) };
            }
            Line::Alarm { message, .. } => self.alarm(message),
            Line::Boot { .. } => {
                if let Some(end) = BootEnd::of_line(&entry.line) {
                    self.booted(end);
                }
            }
            Line::Drill { app, drill, stage, detail } => self.drill(*app, *drill, *stage, detail),
            Line::Stopped { reason } => self.stopped = Some(reason.to_string()),
            Line::Capable { app, rungs, why_not } => self.capable(*app, *rungs, why_not),
            // What a hold means for its app is in the engine's note; the rest is for replay and
            // for graphs.
            Line::Hold { .. }
            | Line::Minute { .. }
            | Line::Checkpoint { .. }
            | Line::Event { .. }
            | Line::Order { .. } => {}
        }
    }

    fn capable(&mut self, app: AppId, rungs: RungSet, why_not: &str) {
        let Some(view) = self.apps.get_mut(usize::from(app.0)) else { return };
        view.rungs = Some(rungs);
        let why = words::why_no_start(why_not).filter(|_| !rungs.has(Rung::Start));
        let why = why.map(ToOwned::to_owned);
        let news = why.clone().filter(|_| view.unstartable != why);
        view.unstartable = why;
        if let Some(why) = news {
            self.happened(app, What::Unstartable(why));
        }
    }

    fn look(&mut self, app: AppId, index: u8, seen: defib_engine::seen::Seen, detail: &str) {
        let id = ProbeId { app, index };
        let what = What::Look {
            probe: self.names.probe(id),
            timeout_ms: self.names.timeout_ms(id),
            seen,
            detail: detail.to_owned(),
        };
        self.happened(app, what);
    }

    fn drill(&mut self, app: AppId, kind: DrillKind, stage: DrillStage, detail: &str) {
        let at = self.now;
        if let Some(view) = self.apps.get_mut(usize::from(app.0)) {
            match stage {
                DrillStage::Asked => {}
                DrillStage::Begun => view.drill = Some(at),
                DrillStage::Refused | DrillStage::Over => view.drill = None,
            }
        }
        self.happened(app, What::Drill { kind, stage, detail: detail.to_owned() });
    }

    fn alarm(&mut self, message: &str) {
        if self.alarms.len() == ALARMS_MAX {
            self.alarms.remove(0);
        }
        self.alarms.push(message.to_owned());
    }

    /// Forgets all apps but this one.
    pub(crate) fn keep_only(&mut self, app: &str) {
        self.apps.retain(|one| one.name == app);
        self.incidents.retain(|one| one.app == app);
    }
}
