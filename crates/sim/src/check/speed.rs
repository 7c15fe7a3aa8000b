//! How soon, while nothing disturbs the agent: L3 (a death), L4 (a hang), L6 (the guardian's own).

use super::scene::Scene;
use super::{Check, Found};
use crate::fact::{By, Fact};
use crate::plan::{AgentFault, AppFault, Happening, Keeper, Noise};
use defib_engine::effect::Rung;
use defib_engine::policy::{AppPolicy, Mode, View};

/// A dead process without a supervisor is started within this.
const STARTED_MS: u64 = 2_000;

/// A killed guardian is back within this, beyond what its supervisor itself takes.
const GUARDIAN_BACK_MS: u64 = 5_000;

/// From the conviction until the act begins: evidence, ledger, order.
const ACT_MS: u64 = 1_500;

/// Machine and agent must have been undisturbed for so long before anything is demanded.
pub(super) const CALM_MS: u64 = 120_000;

/// The app must have been well for so long.
const WELL_MS: u64 = 1_900_000;

/// What is owed to an app.
#[derive(Clone, Copy)]
struct Debt {
    number: &'static str,
    since_ms: u64,
    due_ms: u64,
}

/// The checker.
pub(super) struct Speed {
    debts: Vec<Option<Debt>>,
    guardian_gone_ms: Option<u64>,
}

impl Speed {
    pub(super) fn new(apps: usize) -> Speed {
        Speed { debts: vec![None; apps], guardian_gone_ms: None }
    }
}

impl Check for Speed {
    fn take(&mut self, scene: &Scene, at_ms: u64, fact: &Fact, found: &mut Found) {
        self.collect(scene, at_ms, found);
        match *fact {
            // A person sees to it; and nothing is done on a machine that goes down.
            Fact::Happened(Happening::Person(_)) | Fact::Began { rung: Rung::Reboot, .. } => {
                self.debts.fill(None);
            }
            Fact::Began { app, .. } => self.debts[app] = None,
            Fact::Died { app, by: By::Itself, .. } => {
                self.debts[app] = owed_to_the_dead(scene, at_ms, app);
            }
            Fact::Happened(Happening::App { app, fault, .. }) => {
                let is_alone = scene.apps[app].faults.is_empty();
                self.debts[app] = owed_to_the_hung(scene, at_ms, app, fault).filter(|_| is_alone);
            }
            Fact::Serves { app, permille: 1.. }
            | Fact::Mended { app }
            | Fact::Wanted { app, .. } => {
                self.debts[app] = None;
            }
            // An executor that stands still starts nobody, and one that is gone neither.
            Fact::GuardianEnded if scene.executor_since_ms.is_some() => {
                self.guardian_gone_ms = Some(at_ms.max(scene.still_until_ms));
            }
            Fact::GuardianBegan
            | Fact::ExecutorEnded
            | Fact::WentDown { .. }
            | Fact::Froze { .. }
            | Fact::AgentFault(
                AgentFault::StopExecutor { .. }
                | AgentFault::CrashAtWrite { .. }
                | AgentFault::RefuseCall { .. },
            ) => {
                self.guardian_gone_ms = None;
            }
            _ => {}
        }
    }

    fn finish(&mut self, scene: &Scene, at_ms: u64, found: &mut Found) {
        self.collect(scene, at_ms, found);
    }
}

impl Speed {
    /// What was owed and has not come.
    fn collect(&mut self, scene: &Scene, at_ms: u64, found: &mut Found) {
        for (app, place) in self.debts.iter_mut().enumerate() {
            let Some(debt) = *place else { continue };
            if scene.calm_since_ms >= debt.since_ms {
                *place = None;
            } else if at_ms > debt.due_ms {
                *place = None;
                let waited_ms = at_ms - debt.since_ms;
                found.breach(debt.number, at_ms, || {
                    format!(
                        "app {app} has waited for {waited_ms} ms, of {}",
                        debt.due_ms - debt.since_ms
                    )
                });
            }
        }
        let back_ms = scene.plan.machine.agent_restart_ms + GUARDIAN_BACK_MS;
        // Where no process is to be had, none comes back.
        let due_ms = |gone_ms: u64| gone_ms.max(scene.no_processes_ms) + back_ms;
        let gone_ms = self.guardian_gone_ms.filter(|_| !scene.is_sick());
        if let Some(gone_ms) = gone_ms.filter(|gone_ms| at_ms > due_ms(*gone_ms)) {
            self.guardian_gone_ms = None;
            found.breach("L6", at_ms, || format!("the guardian is gone since {gone_ms}"));
        }
    }
}

/// Whether the agent has every reason to act on this app, and none not to.
fn may_be_demanded(scene: &Scene, at_ms: u64, app: usize) -> bool {
    let (it, rules) = (&scene.apps[app], scene.rules(app));
    // What is remembered of earlier trouble (back-off, spacing, relapse, budget) must be forgotten.
    let memory_ms = WELL_MS.max(rules.healthy_reset_ms).max(rules.relapse_ms);
    let budget_ms = rules.budget.short_ms.max(rules.budget.long_ms);
    let long_ago = |ms: u64, need_ms: u64| ms == 0 || at_ms >= ms + need_ms;
    let last_act_ms = it.acts.last().map_or(0, |act| act.intended_ms);
    scene.policy().mode == Mode::Act
        && scene.is_calm_for(CALM_MS)
        && at_ms >= scene.still_until_ms
        && long_ago(it.held_until_ms, CALM_MS)
        && long_ago(last_act_ms, budget_ms)
        && it.well_since_ms().is_some_and(|ms| long_ago(ms, memory_ms))
}

fn owed_to_the_dead(scene: &Scene, at_ms: u64, app: usize) -> Option<Debt> {
    let rules = scene.rules(app);
    let unsupervised = match scene.plan.apps[app].keeper {
        Keeper::Unit { restart_ms } => restart_ms.is_none(),
        Keeper::Agent => true,
        Keeper::Command => false,
    };
    let owed = unsupervised
        && rules.process_known
        && rules.rungs.has(Rung::Start)
        && may_be_demanded(scene, at_ms, app);
    let number = "L3";
    owed.then_some(Debt { number, since_ms: at_ms, due_ms: at_ms + STARTED_MS })
}

fn owed_to_the_hung(scene: &Scene, at_ms: u64, app: usize, fault: AppFault) -> Option<Debt> {
    let rules = scene.rules(app);
    let hangs = matches!(fault, AppFault::Hang | AppFault::Stopped | AppFault::Spin);
    let may = may_kill(rules);
    // A lost look at a dependency is reason enough to wait.
    let needs = rules.probes.iter().any(|probe| probe.view == View::Dependency);
    let is_noisy = scene.plan.noise != Noise::default();
    if needs && is_noisy || !hangs || !may || !may_be_demanded(scene, at_ms, app) {
        return None;
    }
    let bound_ms = hang_bound_ms(rules)?;
    Some(Debt { number: "L4", since_ms: at_ms, due_ms: at_ms + bound_ms })
}

/// Whether the rules leave room for a kill.
pub(super) fn may_kill(rules: &AppPolicy) -> bool {
    rules.rungs.has(Rung::Kill) && rules.incident_limit > 0 && rules.budget.short_limit > 0
}

/// The worst phase: the last good look of the slowest view has just begun.
pub(super) fn hang_bound_ms(rules: &AppPolicy) -> Option<u64> {
    let own = || rules.probes.iter().filter(|probe| probe.view == View::App);
    let first_ms = own().map(|probe| probe.interval_ms).max()?;
    let longest_ms = own().map(|probe| probe.timeout_ms.max(probe.fast_ms)).max()?;
    // A second view that has just begun a look agrees only when that has ended.
    let agree_ms = if own().count() > 1 { longest_ms } else { 0 };
    // Three fresh looks and the window, whichever takes longer.
    Some(first_ms + rules.window_ms.max(3 * longest_ms) + agree_ms + ACT_MS)
}
