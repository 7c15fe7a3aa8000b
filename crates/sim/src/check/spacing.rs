//! Room for an act to help: S8.

use super::scene::Scene;
use super::{Check, Found};
use crate::fact::Fact;

/// The checker.
pub(super) struct Spacing;

impl Check for Spacing {
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found) {
        let Fact::Began { intent, app, ends: true, .. } = *fact else { return };
        // An act that ended nothing, or that could not be done, has nothing to verify.
        let last = scene.apps[app].last_disruptive().filter(|act| act.ended && !act.failed);
        let Some(last) = last.filter(|act| act.order.intent != intent) else { return };
        let rules = scene.rules(app);
        let need_ms = rules.verify_ms.max(rules.start_grace_ms);
        let have_ms = at_ms - last.began_ms.unwrap_or(0);
        if have_ms < need_ms {
            let (first, second) = (last.order.intent.0, intent.0);
            found.breach("S8", at_ms, || {
                format!("intent {second} {have_ms} ms after {first} on app {app}, of {need_ms}")
            });
        }
    }
}
