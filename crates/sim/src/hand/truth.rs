//! What the executor truly does, as facts: from the ledger's bytes and from what it touches, never from
//! what it says.

use super::seat::Seat;
use crate::fact::Fact;
use defib_engine::effect::{Order, Rung};
use defib_journal::ledger::Ledger;

/// The orders that were heard, and those that are being carried out.
#[derive(Debug, Default)]
pub(super) struct Acting {
    heard: Vec<Order>,
    /// Durable and not finished; `true`: it has touched the world.
    open: Vec<(Order, bool)>,
}

/// The most orders that are remembered: those before have long been refused or carried out.
const HEARD_MAX: usize = 16;

impl Acting {
    /// The executor reads this order from its socket.
    pub(super) fn hear(&mut self, order: Order) {
        if self.heard.len() == HEARD_MAX {
            self.heard.remove(0);
        }
        self.heard.push(order);
    }
}

impl Seat {
    /// What these bytes make durable that was not before: intents, and the ends of acts.
    pub(super) fn newly_durable(&self, bytes: &[u8]) -> Vec<Fact> {
        let Ok(ledger) = Ledger::decode_slot(bytes) else { return Vec::new() };
        let records = || ledger.apps().iter().flat_map(|app| app.intents.iter());
        let told = &self.ground().0.told_intent;
        let mut fresh = Vec::new();
        let mut acting = self.acting();
        for record in records().filter(|record| record.intent.0 > told.get()) {
            let heard = acting.heard.iter().rev().find(|order| order.intent == record.intent);
            let Some(order) = heard.copied() else { continue };
            fresh.push(Fact::Intended { order, at: record.at });
            if record.outcome.is_none() {
                acting.open.push((order, false));
            }
        }
        told.set(told.get().max(ledger.last_intent));
        acting.open.retain(|(Order { intent, app, .. }, _)| {
            let (intent, app) = (*intent, usize::from(app.0));
            let record = records().find(|it| it.intent == intent);
            if let Some(outcome) = record.and_then(|it| it.outcome) {
                fresh.push(Fact::Finished { app, intent, outcome });
            }
            record.is_some_and(|it| it.outcome.is_none())
        });
        fresh
    }

    /// An act reaches the world: told once for each intent.
    pub(super) fn touch(&self, app: usize, ends: bool) {
        let begun = {
            let mut acting = self.acting();
            let open = acting.open.iter_mut().find(|(order, _)| usize::from(order.app.0) == app);
            open.filter(|(_, has_begun)| !has_begun).map(|(order, has_begun)| {
                *has_begun = true;
                *order
            })
        };
        if let Some(Order { intent, rung, .. }) = begun {
            self.world().tell(Fact::Began { intent, app, rung, ends });
        }
    }

    /// The same for the reboot that was asked for, whichever app it is for.
    pub(super) fn touch_reboot(&self) {
        let app = {
            let acting = self.acting();
            let reboot = acting.open.iter().find(|(order, _)| order.rung == Rung::Reboot);
            reboot.map(|(order, _)| usize::from(order.app.0))
        };
        if let Some(app) = app {
            self.touch(app, true);
        }
    }
}
