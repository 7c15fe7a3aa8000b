//! Budgets over what was truly executed: S4 in true time, S3 in time with power.

use super::scene::{Act, Scene};
use super::{Check, Found};
use crate::fact::{By, Fact};
use defib_engine::effect::{Purse, Rung};
use defib_engine::id::IntentId;
use defib_engine::policy::Budget;

/// Acts that were executed, each by the moment of its intent: in true time, and in time with power.
#[derive(Default)]
struct Executed {
    acts: Vec<(u64, u64)>,
    last: Option<IntentId>,
}

/// The checker.
pub(super) struct Budgets {
    ladder: Vec<Executed>,
    reboots: Executed,
    /// The last act of any purse on each app, and the one before it.
    any: Vec<Option<(u64, IntentId)>>,
}

impl Budgets {
    pub(super) fn new(apps: usize) -> Budgets {
        let ladder = (0..apps).map(|_| Executed::default()).collect();
        Budgets { ladder, reboots: Executed::default(), any: vec![None; apps] }
    }
}

impl Check for Budgets {
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found) {
        match *fact {
            Fact::Began { intent, ends: true, .. } => {
                if let Some(act) = scene.act(intent) {
                    self.executed(scene, at_ms, act, found);
                }
            }
            // An act that found nothing to end, and met a process after all.
            Fact::Died { app, by: By::Agent, .. } => {
                let acts = scene.apps[app].acts.iter().rev();
                let last = acts
                    .filter(|act| act.began_ms.is_some())
                    .find(|act| matches!(act.order.rung, Rung::Restart | Rung::Kill));
                if let Some(act) = last.filter(|act| !act.ends && !act.ended) {
                    self.executed(scene, at_ms, act, found);
                }
            }
            _ => {}
        }
    }
}

impl Budgets {
    fn executed(&mut self, scene: &Scene, at_ms: u64, act: &Act, found: &mut Found) {
        let app = usize::from(act.order.app.0);
        let dated = (act.intended_ms, scene.powered_ms(act.intended_ms));
        let before = self.any[app].replace((act.intended_ms, act.order.intent));
        let rules = scene.rules(app);
        match (act.order.rung, act.order.purse) {
            (Rung::Reboot, _) => {
                let budget = scene.policy().reboot_budget;
                self.reboots.spend(act.order.intent, dated, budget, "reboots", at_ms, found);
            }
            (_, Purse::Gentle) => {
                let need_ms = rules.gentle_every_ms;
                let since_ms = before.map(|(at, _)| act.intended_ms - at);
                if let Some(have_ms) = since_ms.filter(|ms| *ms < need_ms) {
                    found.breach("S4", at_ms, || {
                        format!(
                            "a gentle act on app {app} {have_ms} ms after another, of {need_ms}"
                        )
                    });
                }
            }
            _ => {
                let (spent, what) = (&mut self.ladder[app], "acts on one app");
                spent.spend(act.order.intent, dated, rules.budget, what, at_ms, found);
            }
        }
    }
}

impl Executed {
    fn spend(
        &mut self,
        intent: IntentId,
        dated: (u64, u64),
        budget: Budget,
        what: &str,
        at_ms: u64,
        found: &mut Found,
    ) {
        if self.last == Some(intent) {
            return;
        }
        self.last = Some(intent);
        let longest_ms = budget.short_ms.max(budget.long_ms);
        self.acts.retain(|(_, powered)| dated.1 - powered < longest_ms);
        self.acts.push(dated);
        let windows = [(budget.short_ms, budget.short_limit), (budget.long_ms, budget.long_limit)];
        for (window_ms, limit) in windows {
            let within = |now: u64, at: u64| now - at < window_ms;
            let in_true = self.acts.iter().filter(|it| within(dated.0, it.0)).count();
            let powered = self.acts.iter().filter(|it| within(dated.1, it.1)).count();
            if in_true > usize::from(limit) {
                let why = format!("{in_true} {what} in {window_ms} ms, of {limit}");
                found.breach("S4", at_ms, || why);
            } else if powered > usize::from(limit) {
                let why = format!("{powered} {what} in {window_ms} ms of up-time, of {limit}");
                found.breach("S3", at_ms, || why);
            }
        }
    }
}
