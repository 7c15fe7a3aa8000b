//! Incidents: S7 (rungs never go down, and are limited) and L2 (each ends in exactly one way).
//!
//! What was noted and not yet synced can be lost with a guardian or the power, and then it never happened:
//! after a guardian's start an incident counts only once it is spoken of again.

use super::scene::Scene;
use super::{Check, Found};
use crate::fact::Fact;
use defib_engine::effect::{Order, Purse, Rung};
use defib_engine::id::IncidentId;
use defib_engine::note::{Class, Note};

/// How long an incident may stay open after the world is healed, beyond what the app itself needs.
const CLOSES_MS: u64 = 600_000;

/// One app's open incident.
#[derive(Clone, Default)]
struct Open {
    number: Option<IncidentId>,
    opened_ms: u64,
    /// A guardian has begun since it was spoken of last.
    is_doubtful: bool,
    acts: u32,
    /// The highest rung used for each class.
    highest: Vec<(Class, Rung)>,
}

/// The checker.
pub(super) struct Incidents {
    open: Vec<Open>,
    last_opened: u32,
    /// A guardian has begun since the last was opened.
    is_last_doubtful: bool,
}

impl Incidents {
    pub(super) fn new(apps: usize) -> Incidents {
        Incidents { open: vec![Open::default(); apps], last_opened: 0, is_last_doubtful: false }
    }
}

impl Check for Incidents {
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found) {
        match *fact {
            Fact::Noted(Note::Opened { app, incident, .. }) => {
                self.opens(at_ms, usize::from(app.0), incident, found);
            }
            Fact::Noted(Note::Closed { app, incident, .. }) => {
                let open = &mut self.open[usize::from(app.0)];
                if open.number != Some(incident) && !open.is_doubtful {
                    let number = open.number;
                    found.breach("L2", at_ms, || {
                        format!("incident {} closed, {number:?} is open", incident.0)
                    });
                }
                *open = Open::default();
            }
            Fact::GuardianBegan => {
                self.open.iter_mut().for_each(|open| open.is_doubtful = true);
                self.is_last_doubtful = true;
            }
            Fact::Noted(
                Note::Decided { app, incident, .. }
                | Note::Refused { app, incident, .. }
                | Note::Ordered { app, incident, .. }
                | Note::Back { app, incident, .. },
            ) => {
                let open = &mut self.open[usize::from(app.0)];
                open.is_doubtful &= open.number != Some(incident);
            }
            Fact::Began { intent, ends: true, .. } => {
                if let Some(act) = scene.act(intent) {
                    self.acts(scene, at_ms, &act.order, found);
                }
            }
            _ => {}
        }
    }

    fn finish(&mut self, scene: &Scene, at_ms: u64, found: &mut Found) {
        for (app, open) in self.open.iter().enumerate() {
            let Some(number) = open.number.filter(|_| !open.is_doubtful) else { continue };
            let Some(since_ms) = scene.fair_since_ms(app) else { continue };
            let allowed_ms = CLOSES_MS + scene.comes_back_ms(app);
            if at_ms > since_ms.max(open.opened_ms) + allowed_ms {
                let open_ms = at_ms - open.opened_ms;
                found.breach("L2", at_ms, || {
                    format!("incident {} of app {app} has been open for {open_ms} ms", number.0)
                });
            }
        }
    }
}

impl Incidents {
    fn opens(&mut self, at_ms: u64, app: usize, incident: IncidentId, found: &mut Found) {
        let open = &mut self.open[app];
        if let Some(before) = open.number.filter(|_| !open.is_doubtful) {
            found.breach("L2", at_ms, || {
                format!("incident {} of app {app} opened, {} has no end", incident.0, before.0)
            });
        }
        let last = self.last_opened;
        if incident.0 <= last && !self.is_last_doubtful {
            found.breach("L2", at_ms, || format!("incident {} opened after {last}", incident.0));
        }
        (self.last_opened, self.is_last_doubtful) = (incident.0, false);
        *open = Open { number: Some(incident), opened_ms: at_ms, ..Open::default() };
    }

    fn acts(&mut self, scene: &Scene, at_ms: u64, order: &Order, found: &mut Found) {
        let app = usize::from(order.app.0);
        let open = &mut self.open[app];
        if open.number != Some(order.incident) || order.purse != Purse::Ladder {
            return;
        }
        open.acts += 1;
        let (acts, limit) = (open.acts, u32::from(scene.rules(app).incident_limit));
        if acts > limit {
            found.breach("S7", at_ms, || {
                format!("{acts} acts in incident {} of app {app}, of {limit}", order.incident.0)
            });
        }
        let (class, rung) = (order.class, order.rung);
        match open.highest.iter_mut().find(|(of, _)| *of == class) {
            None => open.highest.push((class, rung)),
            Some((_, before)) if rung < *before => {
                let before = *before;
                found.breach("S7", at_ms, || {
                    format!("{rung:?} after {before:?} for {class:?} on app {app}")
                });
            }
            Some((_, before)) => *before = rung,
        }
    }
}
