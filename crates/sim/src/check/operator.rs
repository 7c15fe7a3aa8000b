//! The operator wins: S17.

use super::scene::Scene;
use super::{Check, Found};
use crate::fact::{By, Fact};
use crate::plan::Keeper;

/// From a person's word until the agent has heard it: an event's way through the service manager.
const HEARD_MS: u64 = 500;

/// The checker.
pub(super) struct Operator;

impl Check for Operator {
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found) {
        match *fact {
            Fact::Ordered(order) | Fact::Intended { order, .. } => {
                let (app, rung) = (usize::from(order.app.0), order.rung);
                if is_stopped(scene, app, at_ms) {
                    found.breach("S17", at_ms, || format!("{rung:?} on app {app} that is stopped"));
                }
                if is_held(scene, app, at_ms) {
                    let until_ms = scene.apps[app].held_until_ms;
                    found.breach("S17", at_ms, || {
                        format!("{rung:?} on app {app} that is held until {until_ms}")
                    });
                }
            }
            Fact::Born { app, by: By::Agent, .. } if is_stopped(scene, app, at_ms) => {
                found.breach("S17", at_ms, || format!("app {app} is stopped, and was started"));
            }
            _ => {}
        }
    }
}

fn is_stopped(scene: &Scene, app: usize, at_ms: u64) -> bool {
    scene.apps.get(app).is_some_and(|it| {
        let known_ms = it.wanted_since_ms.max(scene.still_until_ms) + HEARD_MS;
        // Only of a unit can be seen that a person has stopped it. A child of defib's, or what a command
        // starts, is stopped by a hold: without one its end is a death like any other.
        let is_seen = matches!(scene.plan.apps[app].keeper, Keeper::Unit { .. });
        is_seen && !it.is_wanted && at_ms >= known_ms
    })
}

fn is_held(scene: &Scene, app: usize, at_ms: u64) -> bool {
    let is_known = |since_ms: u64| at_ms >= since_ms + HEARD_MS;
    scene.apps.get(app).is_some_and(|it| it.is_held(at_ms) && is_known(it.held_since_ms))
}
