//! The fold itself: one line at a time, in order, never backwards.

use crate::view::app::AppView;
use crate::view::boot::BootEnd;
use crate::view::incident::{Incident, Item, Piece, Point, What};
use crate::view::keep::Kept;
use crate::view::notes::app_of;
use crate::words::Names;
use defib_engine::id::{AppId, IncidentId, IntentId};
use defib_engine::note::Note;
use defib_engine::policy::Policy;
use defib_engine::time::Moment;
use std::collections::VecDeque;
use std::rc::Rc;

/// The most incidents that are remembered; a journal of 30 days at the worst pace that budgets
/// allow has fewer. Older ones are in the files.
const INCIDENTS_MAX: usize = 4096;

/// A drill lasts no longer; a fault after it is a fault.
const DRILL_MS: u64 = 60_000;

/// What the journal says.
#[derive(Debug, Clone, Default)]
pub struct View {
    pub(crate) names: Rc<Names>,
    pub(crate) apps: Vec<AppView>,
    pub(crate) incidents: VecDeque<Incident>,
    pub(crate) now: Point,
    pub(crate) last_boot: Option<BootEnd>,
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

    /// How the boot before the last line's ended.
    pub fn last_boot(&self) -> Option<&BootEnd> {
        self.last_boot.as_ref()
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

    /// The machine was away: every open incident counts that.
    pub(crate) fn booted(&mut self, end: BootEnd) {
        let at = self.now;
        for incident in self.incidents.iter_mut().filter(|it| it.ending.is_none()) {
            incident.back_ms = None;
            incident.boots.push((at, end.clone()));
            incident.items.push(Item { at, what: What::Booted(Box::new(end.clone())) });
        }
        self.last_boot = Some(end);
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
        let is_of_drill = |begun: Point| at.up_ms.saturating_sub(begun.up_ms) <= DRILL_MS;
        let drill = view.drill.take().is_some_and(is_of_drill);
        let mut items = Kept::new(120, 120);
        let begun = |item: &Item| item.at.up_ms >= since.0;
        view.pending.drain().into_iter().filter(begun).for_each(|item| items.push(item));
        items.push(Item { at, what: What::Note(note.clone()) });
        let is_told = |item: &Item| matches!(item.what, What::Unstartable(_));
        if let Some(why) = view.unstartable.clone().filter(|_| !items.iter().any(is_told)) {
            items.push(Item { at, what: What::Unstartable(why) });
        }
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
            boots: Kept::new(4, 12),
            detected_ms: at.up_ms.saturating_sub(since.0),
            back_ms: None,
            down_ms: None,
            ending: None,
            closed: None,
            handed_over: None,
            drill,
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

    pub(super) fn change(&mut self, app: AppId, change: impl FnOnce(&mut Incident)) {
        if let Some(incident) = self.open_of(app) {
            change(incident);
        }
    }
}
