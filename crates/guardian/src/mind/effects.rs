//! Doing what the engine wants, in its order: whatever stands before an order is durable before the
//! order leaves.

use super::{Body, Mind};
use crate::record::Durable;
use defib_engine::effect::{Effect, Order, Rung};
use defib_engine::event::{Event, OrderRefusal, Outcome};
use defib_engine::id::{AppId, IncidentId};
use defib_engine::note::{Class, Note};
use defib_engine::time::Moment;
use defib_journal::line::{Line, evidence_text};
use defib_journal::order::Request;
use std::borrow::Cow;

/// How long an order may be on its way to the ledger. The sync of the journal before it does not count: on a
/// slow disk nothing would ever be done.
const FRESH_MS: u64 = 1_000;

impl<B: Body> Mind<B> {
    pub(super) fn carry_out(&mut self, now: Moment, effect: Effect) {
        match effect {
            Effect::Probe { probe, attempt } => self.body.look(probe, attempt),
            Effect::Gather { app, incident } => self.gather(now, app, incident),
            Effect::Note(note) => self.note(now, note),
            Effect::Order(order) => self.order(now, order),
            Effect::Recovered { app } => self.send(&Request::Recovered { app }),
        }
    }

    fn note(&mut self, now: Moment, note: Note) {
        let ends_incident = matches!(note, Note::Closed { .. });
        let recovered = match &note {
            Note::Back { app, .. } | Note::Up { app } => Some(*app),
            _ => None,
        };
        let out_of_memory = out_of_memory(&note);
        self.write(now, Line::Note { note: Cow::Owned(note) });
        if let Some((app, incident)) = out_of_memory {
            self.name_the_hog(now, app, incident);
        }
        if ends_incident {
            self.sync();
        }
        if let Some(app) = recovered {
            self.identify(app);
        }
    }

    /// Who has the memory that an app is down for want of.
    fn name_the_hog(&mut self, now: Moment, app: AppId, incident: IncidentId) {
        let Some(summary) = self.recorder.shortage() else { return };
        let text = summary.to_string().into();
        self.write(now, Line::Evidence { app, incident, name: "machine".into(), text });
    }

    fn gather(&mut self, now: Moment, app: AppId, incident: IncidentId) {
        let names: Vec<String> = self
            .config
            .policy
            .apps
            .get(usize::from(app.0))
            .map(|rules| rules.probes.iter().map(|probe| probe.name.clone()).collect())
            .unwrap_or_default();
        let looks = self.looks.as_evidence(app, &names, now);
        let text = evidence_text(looks.as_bytes()).into_owned();
        let line = Line::Evidence { app, incident, name: "looks".into(), text: text.into() };
        self.write(now, line);
        self.bundles.begin(app, incident, self.clock.now_ms());
        self.send(&Request::Evidence { app, incident });
    }

    fn order(&mut self, now: Moment, order: Order) {
        self.write(now, Line::Order { order });
        let durable = self.sync();
        if durable != Durable::Yes {
            self.alarm_about_journal(now, order.app);
        }
        if leaves(order.rung, durable) {
            if order.rung.is_charged() {
                self.send(&Request::Fresh { until_ms: self.clock.now_ms() + FRESH_MS });
            }
            self.send(&Request::Order(order));
            return;
        }
        let outcome = Outcome::Refused(OrderRefusal::LedgerUnwritable);
        self.mailbox.push(Event::Acted { app: order.app, intent: order.intent, outcome });
    }

    fn alarm_about_journal(&mut self, now: Moment, app: AppId) {
        let trouble = self.record.trouble().unwrap_or("the journal is not open").to_owned();
        let message = format!("an order leaves without a durable journal: {trouble}");
        self.write(now, Line::Alarm { app: Some(app), invariant: None, message: message.into() });
    }
}

/// The incident that is of class memory from now on.
const fn out_of_memory(note: &Note) -> Option<(AppId, IncidentId)> {
    match note {
        Note::Opened { app, incident, class: Class::Memory, .. }
        | Note::Reclassed { app, incident, to: Class::Memory, .. } => Some((*app, *incident)),
        _ => None,
    }
}

/// The executor's ledger is durable by itself and keeps every budget, so an app is brought back even when
/// our own disk is full. Nobody reboots a machine without a trace; a disk that stalls leaves that to the
/// ledger, which waits for its own and has its rule for a machine without one.
fn leaves(rung: Rung, durable: Durable) -> bool {
    rung != Rung::Reboot || durable != Durable::No
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_refuses_keeps_back_a_reboot_and_nothing_else() {
        let disks = [Durable::Yes, Durable::Late, Durable::No];
        for rung in [Rung::Start, Rung::Restart, Rung::Kill] {
            assert_eq!(disks.map(|durable| leaves(rung, durable)), [true; 3], "{rung:?}");
        }
        assert_eq!(disks.map(|durable| leaves(Rung::Reboot, durable)), [true, true, false]);
    }
}
