//! Before the machine is rebooted: S9, S22.

use super::scene::Scene;
use super::{Check, Found};
use crate::fact::Fact;
use defib_engine::effect::Rung;
use defib_engine::note::Note;

/// The checker: of each app, whether a lower rung was tried in the open incident or in the one that it
/// goes on from.
pub(super) struct Reboots {
    tried: Vec<bool>,
    closed_ms: Vec<Option<u64>>,
}

impl Reboots {
    pub(super) fn new(apps: usize) -> Reboots {
        Reboots { tried: vec![false; apps], closed_ms: vec![None; apps] }
    }
}

impl Check for Reboots {
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found) {
        match *fact {
            Fact::Noted(Note::Closed { app, .. }) => {
                self.closed_ms[usize::from(app.0)] = Some(at_ms);
            }
            Fact::Noted(Note::Opened { app, .. }) => {
                let app = usize::from(app.0);
                let relapse_ms = scene.rules(app).relapse_ms;
                if self.closed_ms[app].is_none_or(|closed| at_ms - closed >= relapse_ms) {
                    self.tried[app] = false;
                }
            }
            Fact::Began { app, rung: Rung::Reboot, .. } => self.reboots(scene, at_ms, app, found),
            Fact::Began { app, .. } => self.tried[app] = true,
            _ => {}
        }
    }
}

impl Reboots {
    fn reboots(&self, scene: &Scene, at_ms: u64, app: usize, found: &mut Found) {
        let (have_ms, need_ms) = (scene.uptime_ms(at_ms), scene.policy().min_uptime_ms);
        if have_ms < need_ms {
            found.breach("S9", at_ms, || {
                format!("a reboot after {have_ms} ms of up-time, of {need_ms}")
            });
        }
        let rungs = scene.rules(app).rungs;
        let has_lower = rungs.has(Rung::Restart) || rungs.has(Rung::Kill);
        if has_lower && !self.tried[app] {
            found.breach("S9", at_ms, || format!("a reboot for app {app}, nothing less was tried"));
        }
    }
}
