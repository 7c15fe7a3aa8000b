//! The checkers. They see what truly happens in the world and what passes between its parts, and share
//! no line with the engine or the executor: the rules are said here once more, from SPECIFICATION.md.

use super::rules as r;
use super::whole::{Health, Life, Whole};
use defib_engine::effect::{Order, Purse, Rung};
use defib_engine::event::{Event, Outcome};
use defib_engine::id::{AppId, IncidentId};
use defib_engine::note::{Class, Note};
use defib_engine::policy::{Mode, Policy};
use std::hash::{Hash, Hasher};

/// After the last disturbance everything is well, or in a person's hands, within this time: a spent
/// budget and a pause between gentle acts, each with its act, its grace and its verify window.
pub(crate) const SETTLED_MS: u64 = 60_000;

/// What the checkers remember.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    /// The promise that was broken first.
    pub(crate) broken: Option<&'static str>,
    /// When the world was last disturbed.
    disturbed: u64,
    is_timed: bool,
    apps: Vec<AppWatch>,
    pub(super) reboots: Vec<u64>,
    pub(super) executed: Vec<u64>,
    doubted: Option<u64>,
}

/// The same, of one app.
#[derive(Clone, Debug, Default)]
pub(super) struct AppWatch {
    /// The end of the last conclusive look that was told, and whether it failed.
    look: Option<(u64, bool)>,
    looks: u8,
    needs_down: bool,
    pub(super) acts: Vec<(u64, Purse)>,
    pub(super) last_act: Option<u64>,
    pub(super) incident: Option<(IncidentId, Vec<(Class, Rung)>)>,
    pub(super) tried: Option<IncidentId>,
    held: Option<u64>,
    stopped: bool,
    grace: Option<u64>,
    open: bool,
    handed_over: bool,
    /// It has failed in truth, or a person has done something to it.
    troubled: bool,
}

impl Watch {
    /// The checkers of a world with so many apps.
    pub(crate) fn new(apps: usize, is_timed: bool) -> Watch {
        Watch { apps: vec![AppWatch::default(); apps], is_timed, ..Watch::default() }
    }

    pub(super) fn check(&mut self, kept: bool, promise: &'static str) {
        if !kept && self.broken.is_none() {
            self.broken = Some(promise);
        }
    }

    pub(super) fn app(&mut self, app: AppId) -> &mut AppWatch {
        &mut self.apps[usize::from(app.0)]
    }

    /// Something in the world has changed that nobody of ours did.
    pub(crate) fn disturbed(&mut self, now: u64) {
        self.disturbed = now;
    }

    /// The app is not well, or was touched by a person.
    pub(crate) fn troubled(&mut self, app: usize) {
        self.apps[app].troubled = true;
    }

    /// The guardian begins anew: what it saw before does not count.
    pub(crate) fn guardian_started(&mut self) {
        self.apps.iter_mut().for_each(|app| app.looks = 0);
    }

    /// The machine went down: what the guardian was told is forgotten with it.
    pub(crate) fn rebooted(&mut self) {
        self.doubted = None;
        for app in &mut self.apps {
            (app.look, app.looks, app.held, app.grace) = (None, 0, None, None);
            (app.stopped, app.needs_down) = (false, false);
        }
    }

    /// The guardian is told.
    pub(crate) fn told(&mut self, now: u64, event: &Event) {
        match event {
            Event::Observed { probe, seen, .. } if probe.index > 0 => {
                self.app(probe.app).needs_down = seen.is_failure();
            }
            Event::Observed { probe, seen, started, ended, .. } => {
                let is_late = ended.since(*started) > r::TIMEOUT_MS + r::PACE_MS;
                let app = self.app(probe.app);
                if seen.is_failure() && !is_late {
                    app.look = Some((now, true));
                    app.looks = app.looks.saturating_add(1).min(3);
                } else if seen.is_good() {
                    app.look = Some((now, false));
                    app.looks = app.looks.saturating_add(1).min(3);
                    app.grace = None;
                }
            }
            Event::Found { app, .. } | Event::Resumed { app } => self.app(*app).stopped = false,
            Event::Died { app, .. } => self.app(*app).grace = None,
            Event::Stopped { app } => self.app(*app).stopped = true,
            Event::Held { app, .. } => self.app(*app).held = Some(u64::MAX),
            Event::Released { app } => self.app(*app).held = None,
            Event::Acted { app, outcome: Outcome::Done, .. } => {
                self.app(*app).grace = Some(now + r::GRACE_MS);
            }
            Event::Doubted(_) => {
                self.doubted = Some(now);
                self.apps.iter_mut().for_each(|app| app.looks = 0);
            }
            _ => {}
        }
    }

    /// A hold is told with its end in true time.
    pub(crate) fn held(&mut self, app: usize, until: u64) {
        self.apps[app].held = Some(until);
    }

    /// The guardian writes a note.
    pub(crate) fn noted(&mut self, note: &Note) {
        match note {
            Note::Opened { app, .. } => {
                let app = self.app(*app);
                (app.open, app.handed_over) = (true, false);
            }
            Note::HandedOver { app, .. } => self.app(*app).handed_over = true,
            Note::Reclassed { app, .. } => self.app(*app).handed_over = false,
            Note::Closed { app, .. } => {
                let app = self.app(*app);
                (app.open, app.handed_over) = (false, false);
            }
            Note::Alarm { .. } => self.check(false, "alarm"),
            _ => {}
        }
    }

    /// What the notes of a lost line said is forgotten with it.
    pub(crate) fn known(&mut self, app: usize, open: bool, handed_over: bool) {
        (self.apps[app].open, self.apps[app].handed_over) = (open, handed_over);
    }

    /// An order leaves the guardian.
    pub(crate) fn ordered(&mut self, whole: &Whole, policy: &Policy, order: &Order) {
        let now = whole.now;
        let app = self.apps[usize::from(order.app.0)].clone();
        let ends = order.rung.is_disruptive();
        let permitted = match order.class {
            Class::Dead => !matches!(order.rung, Rung::Reload | Rung::Restart),
            Class::CrashLoop => matches!(order.rung, Rung::Start | Rung::Kill),
            Class::Hung | Class::Erroring => ends,
            Class::Unknown => order.rung == Rung::Restart,
            _ => false,
        };
        self.check(permitted && policy.mode == Mode::Act, "S5");
        self.check(order.class != Class::Unknown || order.rung != Rung::Reboot, "S13");
        self.check(!app.stopped && app.held.is_none_or(|until| now >= until), "S17");
        if !ends {
            return;
        }
        let saw = app.look.is_some_and(|(at, failed)| failed && now - at <= 2_000);
        self.check(saw, "S6");
        self.check(!app.needs_down, "S11");
        let doubts = self.doubted.is_some_and(|at| now - at < 5_000);
        self.check(!doubts && app.looks >= 3, "S14");
        self.check(app.grace.is_none_or(|until| now >= until), "S16");
    }

    /// L1: what an act can cure is cured, or a person has been told.
    pub(crate) fn is_cured(&self, whole: &Whole) -> bool {
        self.is_unsettled(whole)
            || whole.lives.iter().zip(&self.apps).all(|(life, app)| {
                is_well(life) || life.stopped || app.handed_over || !whole.is_needed_up
            })
    }

    /// L2, L5: the incident of an app that is well, or stopped by a person, is closed.
    pub(crate) fn is_closed(&self, whole: &Whole) -> bool {
        self.is_unsettled(whole)
            || whole.lives.iter().zip(&self.apps).all(|(life, app)| {
                !app.open || !(is_well(life) && whole.is_needed_up || life.stopped)
            })
    }

    fn is_unsettled(&self, whole: &Whole) -> bool {
        !self.is_timed || whole.now - self.disturbed <= SETTLED_MS
    }

    /// Nothing is ended that has never failed.
    pub(crate) fn spares_the_well(&self) -> bool {
        self.apps.iter().all(|app| app.troubled || app.last_act.is_none())
            && self.reboots.is_empty()
    }

    /// What of this decides the future, with times as ages and numbers counted from the next intent.
    pub(crate) fn print(&self, now: u64, intent: u64, hasher: &mut impl Hasher) {
        let Watch { broken, disturbed, is_timed, apps, reboots, executed, doubted } = self;
        let within = |at: u64, cap_ms: u64| (now - at < cap_ms).then_some(now - at);
        let ahead = |until: Option<u64>| until.map(|until| until.saturating_sub(now));
        broken.hash(hasher);
        is_timed.then_some((now - disturbed).min(SETTLED_MS + 1)).hash(hasher);
        doubted.and_then(|at| within(at, 5_000)).hash(hasher);
        for at in reboots {
            within(*at, r::REBOOTS.long_ms).hash(hasher);
        }
        for number in executed.iter().filter(|number| **number + 4 >= intent) {
            (intent as i64 - *number as i64).hash(hasher);
        }
        for app in apps {
            let AppWatch {
                look,
                looks,
                needs_down,
                acts,
                last_act,
                incident,
                tried,
                held,
                stopped,
                grace,
                open,
                handed_over,
                troubled,
            } = app;
            look.map(|(at, failed)| ((now - at).min(2_001), failed)).hash(hasher);
            (looks, needs_down, stopped, open, handed_over, troubled).hash(hasher);
            for (at, purse) in acts {
                within(*at, r::ACTS.long_ms).map(|age| (age, purse)).hash(hasher);
            }
            last_act.and_then(|at| within(at, r::GRACE_MS)).hash(hasher);
            last_act.is_some().hash(hasher);
            let rungs = incident.as_ref().filter(|_| *open).map(|(_, done)| done);
            (rungs, tried.is_some() && *open).hash(hasher);
            (ahead(*held), ahead(*grace)).hash(hasher);
        }
    }

    /// Forgets what no window sees any more, so that the lists stay short.
    pub(crate) fn forget(&mut self, now: u64) {
        self.reboots.retain(|at| now - at < r::REBOOTS.long_ms);
        for app in &mut self.apps {
            app.acts.retain(|(at, _)| now - at < r::ACTS.long_ms);
        }
    }
}

fn is_well(life: &Life) -> bool {
    life.main.is_some() && life.health == Health::Well
}
