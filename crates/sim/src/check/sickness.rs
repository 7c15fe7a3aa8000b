//! How soon the app that has taken the machine is ended, while nothing else disturbs the agent: L4.

use super::scene::Scene;
use super::speed::{CALM_MS, hang_bound_ms, may_kill};
use super::{Check, Found};
use crate::fact::{Fact, Sickness};
use crate::plan::{AgentFault, Happening};
use defib_engine::effect::Rung;
use defib_engine::policy::Mode;

/// Memory is gone, or the processes: acted on within this, without fork (the house plan's promise).
const TAKEN_MS: u64 = 30_000;

/// An act that is owed.
#[derive(Clone, Copy)]
struct Debt {
    of: Sickness,
    since_ms: u64,
    due_ms: u64,
}

/// The checker.
pub(super) struct Sick {
    debts: Vec<Option<Debt>>,
}

impl Sick {
    pub(super) fn new(apps: usize) -> Sick {
        Sick { debts: vec![None; apps] }
    }
}

impl Check for Sick {
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found) {
        self.collect(at_ms, found);
        match *fact {
            Fact::Sickened { app, of } => {
                // Two sicknesses at once are nobody's debt.
                self.debts.fill(None);
                if let Some(app) = app {
                    self.debts[app] = owed(scene, at_ms, app, of);
                }
            }
            Fact::Began { app, rung, .. } if rung != Rung::Reboot => self.debts[app] = None,
            Fact::Eased { .. }
            | Fact::Began { .. }
            | Fact::Happened(
                Happening::App { .. } | Happening::Machine(_) | Happening::Person(_),
            )
            | Fact::Died { .. }
            | Fact::Wanted { .. }
            | Fact::Froze { .. }
            | Fact::GuardianEnded
            | Fact::ExecutorEnded
            | Fact::WentDown { .. }
            | Fact::AgentFault(
                AgentFault::StopExecutor { .. }
                | AgentFault::StopGuardian { .. }
                | AgentFault::CrashAtWrite { .. }
                | AgentFault::RefuseCall { .. },
            )
            | Fact::Healed => self.debts.fill(None),
            _ => {}
        }
    }

    fn finish(&mut self, _: &Scene, at_ms: u64, found: &mut Found) {
        self.collect(at_ms, found);
    }
}

impl Sick {
    fn collect(&mut self, at_ms: u64, found: &mut Found) {
        for (app, place) in self.debts.iter_mut().enumerate() {
            if let Some(debt) = place.take_if(|debt| at_ms > debt.due_ms) {
                let (of, ms) = (debt.of, debt.due_ms - debt.since_ms);
                found.breach("L4", at_ms, || {
                    format!("app {app} has had all of the machine's {of:?} for more than {ms} ms")
                });
            }
        }
    }
}

/// What is owed to the machine, if the agent has every reason to act on this app, and none not to.
fn owed(scene: &Scene, at_ms: u64, app: usize, of: Sickness) -> Option<Debt> {
    let (it, rules) = (&scene.apps[app], scene.rules(app));
    let fault_ms = it.faults.first().filter(|_| it.faults.len() == 1)?.since_ms;
    let long_before = |ms: u64| ms + CALM_MS <= fault_ms;
    // It has been seen well by this guardian: so it is known what it has grown by.
    let is_known = rules.process_known && long_before(scene.guardian_since_ms?);
    let was_well =
        long_before(it.born_ms + rules.start_grace_ms) && long_before(it.serves_since_ms);
    let is_free = it.is_wanted
        && (it.held_until_ms == 0 || long_before(it.held_until_ms))
        && it.acts.is_empty();
    let may = scene.policy().mode == Mode::Act && may_kill(rules) && scene.is_calm_for(CALM_MS);
    if !(is_known && was_well && is_free && may && at_ms >= scene.still_until_ms) {
        return None;
    }
    let due_ms = at_ms + hang_bound_ms(rules)?.max(TAKEN_MS);
    Some(Debt { of, since_ms: at_ms, due_ms })
}
