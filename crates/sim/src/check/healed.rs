//! After the world is healed: L1 (what an act could bring back is back), and what stays down is tried
//! again: L13.

use super::scene::Scene;
use super::{Check, Found};
use crate::fact::Fact;
use crate::plan::{AppFault, Keeper};
use defib_engine::effect::Rung;
use defib_engine::policy::Mode;

/// Detection, doubt at its worst, and the order's way.
const NOTICED_MS: u64 = 120_000;

/// The longest pause between two acts on one app.
const SPACING_MAX_MS: u64 = 1_800_000;

impl Scene {
    /// Since when the world has been fair to this app: nothing is broken, no person wants quiet, and the apps
    /// serve that it cannot work without. (Where they should and do not, that is a breach of their own; who
    /// only observes starts nobody.)
    pub(super) fn fair_since_ms(&self, app: usize) -> Option<u64> {
        let it = &self.apps[app];
        let since_ms = self.healed_ms?.max(it.held_until_ms).max(it.wanted_since_ms);
        let since_ms = since_ms.max(self.served_since_ms(app)?);
        let runs = self.guardian_since_ms.is_some() && self.is_up;
        (runs && it.is_wanted).then(|| since_ms.max(self.calm_since_ms))
    }

    /// Since when the apps serve that this one cannot work without; `None` while one of them does not.
    fn served_since_ms(&self, app: usize) -> Option<u64> {
        let mut needs = self.needs.of_app(app).map(|need| &self.apps[need]);
        needs.try_fold(0, |since_ms: u64, need| {
            (need.permille == 1_000).then_some(since_ms.max(need.serves_since_ms))
        })
    }

    /// How long an app may take to be back after that: a start that has failed backs off, an act that
    /// runs must end, then it warms up and its health must last.
    pub(super) fn comes_back_ms(&self, app: usize) -> u64 {
        let (rules, plan) = (self.rules(app), &self.plan.apps[app]);
        let longest_act_ms = u64::from(rules.deadlines.restart_ms.max(rules.deadlines.start_ms));
        let proven_ms = rules.verify_ms.max(60_000) + 2 * rules.start_grace_ms;
        NOTICED_MS + rules.backoff_max_ms + 2 * longest_act_ms + 2 * plan.warm_up_ms + proven_ms
    }

    /// Whether anybody may start it when it is down.
    fn is_startable(&self, app: usize) -> bool {
        let acts = self.policy().mode == Mode::Act && self.rules(app).rungs.has(Rung::Start);
        let restarts = matches!(self.plan.apps[app].keeper, Keeper::Unit { restart_ms: Some(_) });
        acts || restarts
    }
}

/// The checker: when an act on each app was last tried.
pub(super) struct Healed {
    tried_ms: Vec<u64>,
}

impl Healed {
    pub(super) fn new(apps: usize) -> Healed {
        Healed { tried_ms: vec![0; apps] }
    }
}

impl Check for Healed {
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found) {
        match *fact {
            Fact::Began { app, .. } => self.tried_ms[app] = at_ms,
            Fact::Looked { app, .. } => self.tried_again(scene, at_ms, app, found),
            _ => {}
        }
    }

    fn finish(&mut self, scene: &Scene, at_ms: u64, found: &mut Found) {
        for (app, it) in scene.apps.iter().enumerate() {
            let Some(since_ms) = scene.fair_since_ms(app) else { continue };
            let limit_ms = since_ms + scene.comes_back_ms(app);
            if it.permille == 1_000 || at_ms <= limit_ms {
                continue;
            }
            if scene.is_startable(app) || scene.policy().mode == Mode::Act && !it.handed_over {
                let (permille, fair_ms) = (it.permille, at_ms - since_ms);
                found.breach("L1", at_ms, || {
                    format!("app {app} serves {permille} of 1000, {fair_ms} ms after all is fair")
                });
            }
        }
    }
}

impl Healed {
    /// L13: what hangs and may be ended is tried again and again, ever so gently.
    fn tried_again(&mut self, scene: &Scene, at_ms: u64, app: usize, found: &mut Found) {
        let (it, rules) = (&scene.apps[app], scene.rules(app));
        let hangs = |fault: AppFault| matches!(fault, AppFault::Hang | AppFault::Stopped);
        let hung_since_ms = it.faults.first().filter(|active| hangs(active.fault));
        let Some(hung) = hung_since_ms.filter(|_| it.faults.len() == 1) else { return };
        let rungs = rules.rungs;
        let may = scene.policy().mode == Mode::Act
            && !scene.is_observing
            && (rungs.has(Rung::Restart) || rungs.has(Rung::Kill))
            && it.process.is_some()
            // What would be ended could not be started again, or not get the memory that it needs.
            && !scene.is_sick();
        // Nothing is ended for what another app owes it.
        let Some(served_ms) = scene.served_since_ms(app) else { return };
        let asleep_ms = it.held_until_ms.max(it.wanted_since_ms).max(scene.calm_since_ms);
        let asleep_ms = asleep_ms.max(served_ms);
        let last_ms = self.tried_ms[app].max(hung.since_ms).max(it.born_ms).max(asleep_ms);
        let limit_ms = 2 * rules.gentle_every_ms + SPACING_MAX_MS + scene.comes_back_ms(app);
        if may && it.is_wanted && !it.is_held(at_ms) && at_ms > last_ms + limit_ms {
            let waited_ms = at_ms - last_ms;
            found.breach("L13", at_ms, || format!("app {app} hangs, not tried for {waited_ms} ms"));
            self.tried_ms[app] = at_ms;
        }
    }
}
