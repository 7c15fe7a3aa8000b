//! Acts and their intents: S1, S2, S20, S21, S30.

use super::scene::{AppScene, Scene};
use super::{Check, Found};
use crate::fact::{By, Fact};
use crate::plan::Keeper;
use defib_engine::effect::Rung;
use defib_engine::id::IntentId;

/// The checker. It remembers how far intents have come.
#[derive(Default)]
pub(super) struct Acts {
    last_intended: u64,
    /// The last that the disk can have kept.
    last_kept: u64,
}

impl Check for Acts {
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found) {
        match *fact {
            Fact::Intended { order, .. } => {
                self.once(order.intent, at_ms, found);
                if scene.is_kept() {
                    self.last_kept = self.last_intended;
                }
                if usize::from(order.app.0) >= scene.apps.len() {
                    let (app, have) = (order.app.0, scene.apps.len());
                    found.breach("S21", at_ms, || format!("intent on app {app} of {have}"));
                }
            }
            Fact::Began { intent, app, rung, ends } => {
                begun_once(scene, at_ms, intent, found);
                alone(scene, at_ms, (intent, app, rung, ends), found);
                judged(scene, at_ms, (intent, app, ends), found);
            }
            Fact::Died { app, by: By::Agent, .. } => whose(scene, at_ms, app, found),
            Fact::WentDown { by: By::Agent, .. } if scene.reboot.is_none() => {
                found.breach("S2", at_ms, || {
                    "the agent took the machine down without an act".into()
                });
            }
            // Numbers of which nothing is left are given again: in the next boot they name another act.
            Fact::WentDown { hard: true, .. } => self.last_intended = self.last_kept,
            _ => {}
        }
    }
}

impl Acts {
    /// S30: an intent is accepted once, whatever crashed in between.
    fn once(&mut self, intent: IntentId, at_ms: u64, found: &mut Found) {
        let last = self.last_intended;
        if intent.0 <= last {
            found.breach("S30", at_ms, || format!("intent {} accepted after {last}", intent.0));
        }
        self.last_intended = last.max(intent.0);
    }
}

fn begun_once(scene: &Scene, at_ms: u64, intent: IntentId, found: &mut Found) {
    match scene.act(intent) {
        None => {
            found.breach("S2", at_ms, || format!("intent {} begun, never written", intent.0));
        }
        Some(act) if act.began_ms.is_some() => {
            let first_ms = act.began_ms.unwrap_or(0);
            found.breach("S30", at_ms, || {
                format!("intent {} begun at {first_ms} and again at {at_ms}", intent.0)
            });
        }
        Some(_) => {}
    }
}

/// S1: nothing else that ends something is on its way there; a reboot is on its way everywhere.
fn alone(
    scene: &Scene,
    at_ms: u64,
    (intent, app, rung, ends): (IntentId, usize, Rung, bool),
    found: &mut Found,
) {
    if !ends {
        return;
    }
    for (index, other) in scene.apps.iter().enumerate() {
        let same = index == app || rung == Rung::Reboot;
        let mut running = other.in_flight().filter(|act| {
            act.order.intent != intent
                && (act.ends || act.ended)
                && (same || act.order.rung == Rung::Reboot)
        });
        if let Some(act) = running.next() {
            let first = act.order.intent.0;
            found.breach("S1", at_ms, || {
                format!("intent {} begun on app {app} while {first} is in flight", intent.0)
            });
        }
    }
}

/// S20: what runs now is what was judged.
fn judged(
    scene: &Scene,
    at_ms: u64,
    (intent, app, ends): (IntentId, usize, bool),
    found: &mut Found,
) {
    let Some(act) = scene.act(intent).filter(|_| ends) else { return };
    if act.order.rung == Rung::Reboot {
        return;
    }
    let (judged, there) = (act.order.identity, scene.apps[app].process);
    if judged.is_some() && judged != there {
        found.breach("S20", at_ms, || format!("{judged:?} was judged, {there:?} is ended"));
    }
}

/// A process that the agent ended was ended by an act on its own app.
fn whose(scene: &Scene, at_ms: u64, app: usize, found: &mut Found) {
    let is_disruptive = |rung: Rung| matches!(rung, Rung::Restart | Rung::Kill);
    let by_command = scene.plan.apps[app].keeper == Keeper::Command;
    let mut own = scene.apps[app].acts.iter().filter(|act| act.began_ms.is_some());
    if own.any(|act| by_command || is_disruptive(act.order.rung)) {
        return;
    }
    let mut others = scene.apps.iter().flat_map(AppScene::in_flight);
    if let Some(act) = others.find(|act| is_disruptive(act.order.rung)) {
        let (intent, other) = (act.order.intent.0, act.order.app.0);
        found.breach("S21", at_ms, || {
            format!("intent {intent} is on app {other}, a process of app {app} was ended")
        });
    } else {
        found.breach("S2", at_ms, || format!("a process of app {app} was ended without an act"));
    }
}
