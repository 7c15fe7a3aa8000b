//! The fold itself: one line at a time, in order, never backwards.

use crate::view::app::{AppView, AppWord};
use crate::view::incident::{Act, Incident, Item, Piece, Point, What};
use crate::view::keep::Kept;
use crate::words::Names;
use defib_engine::id::{AppId, IncidentId, IntentId};
use defib_engine::note::{Note, RungFault};
use defib_engine::policy::Policy;
use defib_engine::time::Moment;
use std::collections::VecDeque;
use std::rc::Rc;

/// The most incidents that are remembered; a journal of 30 days at the worst pace that budgets
/// allow has fewer. Older ones are in the files.
const INCIDENTS_MAX: usize = 4096;

/// What the journal says.
#[derive(Debug, Clone, Default)]
pub struct View {
    pub(crate) names: Rc<Names>,
    pub(crate) apps: Vec<AppView>,
    pub(crate) incidents: VecDeque<Incident>,
    pub(crate) now: Point,
    pub(crate) alarms: Vec<String>,
    pub(crate) stopped: Option<String>,
    pub(crate) config_error: Option<String>,
    pub(crate) lines: u64,
}

impl View {
    /// Nothing yet.
    pub fn new() -> View {
        View::default()
    }

    /// The apps of the last policy.
    pub fn apps(&self) -> &[AppView] {
        &self.apps
    }

    /// The incidents, oldest first.
    pub fn incidents(&self) -> impl DoubleEndedIterator<Item = &Incident> {
        self.incidents.iter()
    }

    /// The newest incident of this number.
    pub fn incident(&self, id: u32) -> Option<&Incident> {
        self.incidents.iter().rev().find(|incident| incident.id == id)
    }

    /// The names of the last policy.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The last line's point in time.
    pub fn now(&self) -> Point {
        self.now
    }

    /// Broken promises of our own, in words; the last few.
    pub fn alarms(&self) -> &[String] {
        &self.alarms
    }

    /// Why the guardian stopped, if the last thing it did was to stop in order.
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }

    /// What was wrong with the last reload, if it was refused.
    pub fn config_error(&self) -> Option<&str> {
        self.config_error.as_deref()
    }

    /// How many lines were folded.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    pub(crate) fn policy(&mut self, policy: &Policy) {
        self.names = Rc::new(Names::of(policy));
        let old = std::mem::take(&mut self.apps);
        let now = self.now;
        self.apps = (0..policy.apps.len())
            .map(|index| {
                let name = &policy.apps[index].name;
                let known = old.iter().find(|app| &app.name == name);
                known.cloned().unwrap_or_else(|| AppView::new(name.clone(), now))
            })
            .collect();
    }

    pub(crate) fn guardian_started(&mut self) {
        self.stopped = None;
        let at = self.now;
        for incident in self.incidents.iter_mut().filter(|i| i.ending.is_none()) {
            incident.items.push(Item { at, what: What::GuardianStarted });
        }
    }

    /// The open incident of an app.
    pub(crate) fn open_of(&mut self, app: AppId) -> Option<&mut Incident> {
        let id = self.apps.get(usize::from(app.0))?.incident?;
        self.incidents.iter_mut().rev().find(|incident| incident.id == id)
    }

    /// The incident to which an intent belongs; an act may end after its incident.
    pub(crate) fn of_intent(&mut self, intent: IntentId) -> Option<&mut Incident> {
        let has = |i: &Incident| i.acts.iter().any(|act| act.intent == intent);
        self.incidents.iter_mut().rev().find(|incident| has(incident))
    }

    /// Adds to the open incident of the app, or to what may become one.
    pub(crate) fn happened(&mut self, app: AppId, what: What) {
        let item = Item { at: self.now, what };
        if let Some(incident) = self.open_of(app) {
            incident.items.push(item);
        } else if let Some(app) = self.apps.get_mut(usize::from(app.0)) {
            app.pending.push(item);
        }
    }

    pub(crate) fn evidence(&mut self, id: IncidentId, piece: Piece) {
        let found = self.incidents.iter_mut().rev().find(|incident| incident.id == id.0);
        if let Some(incident) = found {
            incident.evidence.push(piece);
        }
    }

    /// One note of the engine.
    pub(crate) fn note(&mut self, note: &Note) {
        let Some(app) = app_of(note) else { return };
        match note {
            Note::Opened { incident, class, since, .. } => {
                self.open(app, *incident, note, *since);
                self.change(app, |incident| incident.reclass(*class));
            }
            Note::Cleared { .. } | Note::Up { .. } => self.settle(app),
            _ if self.is_told(app, note) => {}
            _ => self.happened(app, What::Note(note.clone())),
        }
        self.enrich(app, note);
        self.turn(app, note);
    }

    fn open(&mut self, app: AppId, id: IncidentId, note: &Note, since: Moment) {
        let at = self.now;
        let name = self.names.app(app);
        let Some(view) = self.apps.get_mut(usize::from(app.0)) else { return };
        view.incident = Some(id.0);
        let mut items = Kept::new(120, 120);
        let begun = |item: &Item| item.at.up_ms >= since.0;
        view.pending.drain().into_iter().filter(begun).for_each(|item| items.push(item));
        items.push(Item { at, what: What::Note(note.clone()) });
        if self.incidents.len() == INCIDENTS_MAX {
            self.incidents.pop_front();
        }
        self.incidents.push_back(Incident {
            id: id.0,
            app: name,
            app_id: app,
            classes: Vec::new(),
            opened: at,
            since: at.moved_to(since.0),
            items,
            acts: Kept::new(32, 32),
            evidence: Kept::new(48, 16),
            detected_ms: at.up_ms.saturating_sub(since.0),
            back_ms: None,
            down_ms: None,
            ending: None,
            closed: None,
            handed_over: None,
            names: Rc::clone(&self.names),
        });
    }

    /// Whether a line before says the same, with more words: the look that raised the suspicion,
    /// and the executor's own answer.
    fn is_told(&mut self, app: AppId, note: &Note) -> bool {
        match note {
            Note::Suspected { source: Some((_, saw)), .. } => {
                let pending = self.apps.get(usize::from(app.0)).map(|view| &view.pending);
                let last = pending.and_then(|items| items.iter().next_back());
                last.is_some_and(
                    |item| matches!(&item.what, What::Look { seen, .. } if seen == saw),
                )
            }
            Note::Acted { intent, .. } => self.of_intent(*intent).is_some_and(|incident| {
                incident.items.iter().any(
                    |item| matches!(&item.what, What::Answered { intent: one, .. } if one == intent),
                )
            }),
            _ => false,
        }
    }

    fn settle(&mut self, app: AppId) {
        if let Some(view) = self.apps.get_mut(usize::from(app.0)) {
            view.pending.drain();
        }
    }

    fn change(&mut self, app: AppId, change: impl FnOnce(&mut Incident)) {
        if let Some(incident) = self.open_of(app) {
            change(incident);
        }
    }

    /// What the note says about its incident.
    fn enrich(&mut self, app: AppId, note: &Note) {
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
    fn turn(&mut self, app: AppId, note: &Note) {
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
        | Note::Alarm { app, .. } => Some(*app),
        Note::Doubted { .. } | Note::Trusted => None,
    }
}
