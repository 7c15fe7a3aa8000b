//! Order: the last step before the executor.

use crate::effect::{Effect, Order, Purse, Rung};
use crate::event::{Charge, Outcome};
use crate::guards::Plan;
use crate::id::{IncidentId, IntentId};
use crate::note::Note;
use crate::policy::Deadlines;
use crate::state::Stage;
use crate::time::Moment;
use crate::turn::{Turn, id};

/// The executor answers within its deadline; this much later we stop waiting.
const ANSWER_SLACK_MS: u64 = 30_000;

impl Turn<'_> {
    /// The order leaves.
    pub(crate) fn go(&mut self, app: usize, plan: &Plan) {
        let Some(incident) = self.seen_app(app).incident() else { return };
        let number = incident.id;
        let intent = self.order(app, plan, number);
        let (rung, since) = (plan.rung, self.now);
        let until = since.plus(deadline_ms(&self.rules(app).deadlines, rung) + ANSWER_SLACK_MS);
        let Some(incident) = self.app(app).incident_mut() else { return };
        let before = incident.used;
        incident.stage = Stage::Acting { intent, rung, since, until, before };
        incident.back_at = None;
        if rung.is_disruptive() && plan.purse == Purse::Ladder {
            incident.disruptive = incident.disruptive.saturating_add(1);
        }
        if let Some((ladder, step)) = plan.step {
            incident.used.climb(ladder, step);
        }
    }

    pub(crate) fn order(&mut self, app: usize, plan: &Plan, incident: IncidentId) -> IntentId {
        let intent = IntentId(self.state.next_intent);
        self.state.next_intent += 1;
        let Plan { rung, purse, conviction, .. } = *plan;
        if rung.is_charged() {
            self.state.charges.push(Charge { app: id(app), rung, purse, at: self.now });
        }
        if rung == Rung::Reboot {
            self.reboot_in_vain(app);
        }
        let identity = self.seen_app(app).identity();
        let deadline_ms = deadline_ms(&self.rules(app).deadlines, rung) as u32;
        self.note(Note::Ordered { app: id(app), incident, intent, rung, purse });
        self.effects.push(Effect::Order(Order {
            intent,
            app: id(app),
            incident,
            rung,
            purse,
            class: conviction.class,
            identity,
            deadline_ms,
        }));
        intent
    }

    pub(crate) fn await_answer(&mut self, app: usize, until: Moment) {
        let intent = self.seen_app(app).acting();
        if let (true, Some((intent, _))) = (self.now >= until, intent) {
            self.acted(app, intent, Outcome::Interrupted);
        }
    }
}

/// How long a rung may take.
pub(crate) fn deadline_ms(deadlines: &Deadlines, rung: Rung) -> u64 {
    u64::from(match rung {
        Rung::Start => deadlines.start_ms,
        Rung::Reload => deadlines.reload_ms,
        Rung::Restart => deadlines.restart_ms,
        Rung::Kill => deadlines.kill_ms,
        Rung::Reboot => deadlines.reboot_ms,
        Rung::Clean => Deadlines::CLEAN_MS,
    })
}
