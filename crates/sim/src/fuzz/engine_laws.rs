//! What holds after every event, whatever the events are. No code of the engine is asked, and its state only for the
//! bounds that are promised of it.

use defib_engine::effect::{Effect, Order, Purse, Rung};
use defib_engine::event::{Charge, Event, Outcome, Started};
use defib_engine::id::{AppId, IncidentId, IntentId};
use defib_engine::note::{Class, Note};
use defib_engine::policy::{Budget, Mode, Permission, Policy};
use defib_engine::time::Moment;
use std::collections::BTreeMap;

/// What has happened, as far as the laws ask.
#[derive(Default)]
pub(super) struct Laws {
    /// Acts that began and that the ledger counts.
    charges: Vec<Charge>,
    acting: BTreeMap<AppId, IntentId>,
    /// Ended acts of an incident that counts against its limit.
    tried: BTreeMap<(AppId, IncidentId), Vec<(Class, Rung)>>,
    orders: BTreeMap<IntentId, Order>,
    held: BTreeMap<AppId, Moment>,
    stopped: BTreeMap<AppId, bool>,
    booted_at: Moment,
    last_intent: u64,
}

impl Laws {
    /// To be told before the event is fed.
    pub(super) fn event(&mut self, policy: &Policy, now: Moment, event: &Event) {
        match event {
            Event::Started(started) => self.started(started),
            Event::Held { app, until } if *until > now => {
                self.held.insert(*app, *until);
            }
            Event::Released { app } => {
                self.held.remove(app);
            }
            Event::Stopped { app } if usize::from(app.0) < policy.apps.len() => {
                self.stopped.insert(*app, true);
            }
            Event::Resumed { app } => {
                self.stopped.insert(*app, false);
            }
            _ => {}
        }
    }

    fn started(&mut self, started: &Started) {
        self.charges.clone_from(&started.charges);
        self.booted_at = started.booted_at;
        self.last_intent = self.last_intent.max(started.last_intent);
        // A new executor runs nothing that it was not told of.
        self.acting.clear();
    }

    /// To be told of each effect of the event, in their order.
    pub(super) fn effect(&mut self, policy: &Policy, now: Moment, effect: &Effect) {
        match effect {
            Effect::Order(order) => self.order(policy, now, order),
            Effect::Note(Note::Acted { app, intent, outcome, .. }) => {
                self.ended(*app, *intent, *outcome);
            }
            Effect::Note(Note::Found { app, .. } | Note::Resumed { app }) => {
                // A process that shows up ends a stop.
                self.stopped.insert(*app, false);
            }
            Effect::Note(Note::Alarm { app, invariant }) => {
                panic!("S{invariant}: the engine took back an order of its own about {app:?}");
            }
            Effect::Probe { probe, .. } => {
                let app = policy.apps.get(usize::from(probe.app.0));
                assert!(app.is_some_and(|app| usize::from(probe.index) < app.probes.len()), "S21");
            }
            _ => {}
        }
    }

    fn ended(&mut self, app: AppId, intent: IntentId, outcome: Outcome) {
        self.acting.remove(&app);
        let Some(order) = self.orders.remove(&intent) else { return };
        let counts = order.rung.is_disruptive() && order.purse == Purse::Ladder;
        if counts && outcome == Outcome::Done {
            self.tried.entry((app, order.incident)).or_default().push((order.class, order.rung));
        }
    }

    fn order(&mut self, policy: &Policy, now: Moment, order: &Order) {
        let Some(rules) = policy.apps.get(usize::from(order.app.0)) else {
            panic!("S21: an order about {:?}", order.app);
        };
        assert!(self.acting.insert(order.app, order.intent).is_none(), "S1: two acts at a time");
        assert!(order.intent.0 > self.last_intent, "S2: intent {:?} again", order.intent);
        self.last_intent = order.intent.0;
        assert_eq!(policy.mode, Mode::Act, "S5: an order while observing");
        assert!(rules.rungs.has(order.rung), "S5: {:?} is not there", order.rung);
        assert!(!(order.class == Class::Unknown && order.rung == Rung::Reboot), "S13");
        let held = self.held.get(&order.app).is_some_and(|until| now < *until);
        assert!(
            !held && self.stopped.get(&order.app) != Some(&true),
            "S17: against a person's will"
        );
        if order.rung.is_disruptive() {
            let Order { app, rung, purse, .. } = *order;
            self.charges.push(Charge { app, rung, purse, at: now });
            self.budget(policy, now, order);
            self.rises(order);
        }
        self.orders.insert(order.intent, *order);
    }

    fn budget(&self, policy: &Policy, now: Moment, order: &Order) {
        let rules = &policy.apps[usize::from(order.app.0)];
        let within = |window_ms: u64, counts: &dyn Fn(&Charge) -> bool| {
            let young = self.charges.iter().filter(|c| now.0.saturating_sub(c.at.0) < window_ms);
            young.filter(|charge| counts(charge)).count()
        };
        let holds = |budget: Budget, counts: &dyn Fn(&Charge) -> bool| {
            within(budget.short_ms, counts) <= usize::from(budget.short_limit)
                && within(budget.long_ms, counts) <= usize::from(budget.long_limit)
        };
        let kept = match (order.rung, order.purse) {
            (Rung::Reboot, _) => {
                let up_ms = now.0.saturating_sub(self.booted_at.0);
                assert_eq!(policy.reboot, Permission::Allowed, "S9: a reboot that nobody allowed");
                assert!(up_ms >= policy.min_uptime_ms, "S9: a reboot after {up_ms} ms");
                assert!(rules.reboot_on.has(order.class), "S9: a reboot for {:?}", order.class);
                holds(policy.reboot_budget, &|charge| charge.rung == Rung::Reboot)
            }
            (_, Purse::Ladder) => holds(rules.budget, &|charge| {
                let ends = matches!(charge.rung, Rung::Restart | Rung::Kill);
                charge.app == order.app && ends && charge.purse == Purse::Ladder
            }),
            (Rung::Restart, Purse::Gentle) => {
                within(rules.gentle_every_ms, &|charge| charge.app == order.app) <= 1
            }
            _ => false,
        };
        assert!(kept, "S4: over the budget: {order:?}");
    }

    /// No rung below one that was carried out for the same class in the same incident.
    fn rises(&self, order: &Order) {
        if order.purse != Purse::Ladder {
            return;
        }
        let before = self.tried.get(&(order.app, order.incident)).map_or(&[][..], Vec::as_slice);
        let higher =
            before.iter().find(|(class, rung)| *class == order.class && *rung > order.rung);
        assert_eq!(higher, None, "S7: {order:?}");
    }
}
