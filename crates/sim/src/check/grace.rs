//! After a start only death counts: S16.

use super::scene::Scene;
use super::{Check, Found};
use crate::fact::{By, Fact};

/// The checker.
pub(super) struct Grace;

impl Check for Grace {
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found) {
        // (An order that its executor refuses ends nothing: the guardian may not have heard of the start yet.)
        let Fact::Intended { order, .. } = fact else { return };
        let app = usize::from(order.app.0);
        let Some(it) = scene.apps.get(app).filter(|it| it.process.is_some()) else { return };
        let rules = scene.rules(app);
        // Whoever started it, the agent can know of it; of a `recover` app it knows its own starts.
        let is_known = rules.process_known || it.born_by == By::Agent;
        let age_ms = at_ms - it.born_ms;
        let has_answered = it
            .own_probes(rules)
            .any(|probe| probe.good_ms.is_some_and(|ended_ms| ended_ms >= it.born_ms));
        let is_young = age_ms < rules.start_grace_ms && !has_answered && it.born_ms > 0;
        if order.rung.is_disruptive() && is_known && is_young {
            let need_ms = rules.start_grace_ms;
            found.breach("S16", at_ms, || {
                format!("an act on app {app} {age_ms} ms after its start, of {need_ms}")
            });
        }
    }
}
