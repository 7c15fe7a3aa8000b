//! Invariants of one order, judged without the code that decided it.
//!
//! Every order passes here before it leaves [`step`](crate::step). A breach is a fault of ours: the
//! order is taken back, an alarm is recorded, and the app is only observed from then on. The numbers are
//! those of SPECIFICATION.md.

use crate::effect::{Effect, Order, Purse, Rung};
use crate::id::AppId;
use crate::note::{Class, Note};
use crate::policy::{Budget, Mode, Permission, Policy, View};
use crate::scale::DAY_MS;
use crate::state::{AppPhase, AppState, Incident, Stage, State, Used};

/// A broken promise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Breach {
    /// Over which app.
    pub app: AppId,
    /// Which invariant.
    pub invariant: u8,
}

/// Takes back every order among `effects[mark..]` that breaks a promise.
pub(crate) fn hold_back(state: &mut State, policy: &Policy, effects: &mut [Effect], mark: usize) {
    let mut index = mark;
    while let Some(effect) = effects.get(index) {
        let breach = match effect {
            Effect::Order(order) => judge(state, policy, &effects[mark..], order).err(),
            _ => None,
        };
        if let Some(Breach { app, invariant }) = breach {
            effects[index] = Effect::Note(Note::Alarm { app, invariant });
            if let Some(state) = state.apps.get_mut(usize::from(app.0)) {
                state.alarmed = Some(invariant);
                step_back(state);
            }
        }
        index += 1;
    }
}

fn step_back(app: &mut AppState) {
    match &mut app.phase {
        AppPhase::Incident(incident) => incident.stage = Stage::Judging,
        phase => *phase = AppPhase::Watching,
    }
}

/// Whether this order keeps every promise, given the state after the step that made it and the
/// effects of that step.
pub fn judge(
    state: &State,
    policy: &Policy,
    effects: &[Effect],
    order: &Order,
) -> Result<(), Breach> {
    let breach = |invariant| Err(Breach { app: order.app, invariant });
    let place = usize::from(order.app.0);
    let (Some(app), Some(rules)) = (state.apps.get(place), policy.apps.get(place)) else {
        return breach(21);
    };
    let ends = order.rung.is_disruptive();
    let pays = order.rung.is_charged();
    let checks: [(u8, bool); 15] = [
        (1, alone(app, effects, order)),
        (2, order.intent.0 + 1 == state.next_intent || !last_order(effects, order)),
        (3, !pays || state.charges.iter().any(|c| c.at == state.now && c.app == order.app)),
        (4, within_budget(state, policy, order)),
        (5, policy.mode == Mode::Act && app.alarmed.is_none() && permitted(order)),
        (6, !pays || looked_just_now(state, app, rules) || kernel_tells(state, app, order)),
        (7, app.incident().is_none_or(|i| i.disruptive <= rules.incident_limit)),
        (9, order.rung != Rung::Reboot || may_reboot(state, policy, app, rules, order)),
        (11, !matches!(order.class, Class::Dependency | Class::Outside | Class::Intended)),
        (13, order.class != Class::Unknown || order.rung != Rung::Reboot),
        (14, !pays || trusts(state, app, rules) || kernel_tells(state, app, order)),
        (16, !ends || app.grace_until.is_none_or(|until| state.now >= until)),
        (17, !app.stopped && app.held_until.is_none_or(|until| state.now >= until)),
        (20, !ends || order.identity == app.identity()),
        (23, order.rung != Rung::Reboot || has_not_rebooted_in_vain(state, order)),
    ];
    match checks.iter().find(|(_, kept)| !kept) {
        Some((invariant, _)) => breach(*invariant),
        None => Ok(()),
    }
}

fn alone(app: &AppState, effects: &[Effect], order: &Order) -> bool {
    let same = |effect: &&Effect| matches!(effect, Effect::Order(other) if other.app == order.app);
    app.acting() == Some((order.intent, order.rung)) && effects.iter().filter(same).count() == 1
}

fn last_order(effects: &[Effect], order: &Order) -> bool {
    let last = effects.iter().rev().find_map(|effect| match effect {
        Effect::Order(order) => Some(order.intent),
        _ => None,
    });
    last == Some(order.intent)
}

/// The charge of this order is already among the charges.
fn within_budget(state: &State, policy: &Policy, order: &Order) -> bool {
    let rules = &policy.apps[usize::from(order.app.0)];
    let ladder = |rungs: &'static [Rung]| {
        state.charges.iter().filter(move |charge| {
            charge.purse == Purse::Ladder
                && rungs.contains(&charge.rung)
                && (charge.app == order.app || charge.rung == Rung::Reboot)
        })
    };
    let fits = |budget: Budget, rungs: &'static [Rung]| {
        let within = |window_ms: u64| {
            ladder(rungs).filter(|charge| state.now.since(charge.at) < window_ms).count()
        };
        within(budget.short_ms) <= usize::from(budget.short_limit)
            && within(budget.long_ms) <= usize::from(budget.long_limit)
    };
    match (order.purse, order.rung) {
        (_, Rung::Start | Rung::Reload) => true,
        (Purse::Ladder, Rung::Reboot) => fits(policy.reboot_budget, &[Rung::Reboot]),
        (Purse::Ladder, Rung::Restart | Rung::Kill) => {
            fits(rules.budget, &[Rung::Restart, Rung::Kill])
        }
        (Purse::Gentle, Rung::Restart | Rung::Clean) => {
            let recent = state.charges.iter().filter(|charge| {
                charge.app == order.app && state.now.since(charge.at) < rules.gentle_every_ms
            });
            recent.count() <= 1
        }
        _ => false,
    }
}

/// The rungs that may ever follow a class, whatever the ladder code says.
fn permitted(order: &Order) -> bool {
    let rungs: &[Rung] = match order.class {
        Class::Dead => &[Rung::Start, Rung::Kill, Rung::Reboot],
        Class::CrashLoop => &[Rung::Start, Rung::Kill],
        Class::Hung | Class::Erroring | Class::Spinning => {
            &[Rung::Restart, Rung::Kill, Rung::Reboot]
        }
        Class::Memory => &[Rung::Restart, Rung::Kill, Rung::Reboot],
        // What sleeps in the kernel is out of reach of a signal; what only has an ill disk is not.
        Class::KernelIo if order.purse == Purse::Gentle => &[Rung::Restart],
        Class::KernelIo => &[Rung::Reboot],
        Class::Unknown => &[Rung::Restart],
        Class::Exhausted => &[Rung::Restart, Rung::Clean],
        _ => &[],
    };
    rungs.contains(&order.rung)
}

fn looked_just_now(state: &State, app: &AppState, rules: &crate::policy::AppPolicy) -> bool {
    app.probes.iter().zip(&rules.probes).any(|(probe, rules)| {
        rules.view != View::Dependency
            && probe
                .last
                .is_some_and(|look| look.seen.is_failure() && state.now.since(look.ended) <= 2_000)
    })
}

fn may_reboot(
    state: &State,
    policy: &Policy,
    app: &AppState,
    rules: &crate::policy::AppPolicy,
    order: &Order,
) -> bool {
    let lower = rules.rungs.has(Rung::Restart) || rules.rungs.has(Rung::Kill);
    let tried = !lower || app.incident().is_some_and(has_tried_lower);
    let others_rest = state.apps.iter().filter(|other| other.acting().is_some()).count() == 1;
    policy.reboot == Permission::Allowed
        && rules.reboot_on.has(order.class)
        && state.now.since(state.booted_at) >= policy.min_uptime_ms
        && (tried || order.class == Class::KernelIo || another_has_the_memory(state, app, order))
        && others_rest
}

/// Whether something was tried before this reboot. After a relapse the ladder goes on from where the incident
/// before it stood. (Weak: the reboot's own step counts as well; docs/simulation.md.)
fn has_tried_lower(incident: &Incident) -> bool {
    incident.acted.is_some() || incident.used != Used::default()
}

/// This reboot itself is already among those in vain.
fn has_not_rebooted_in_vain(state: &State, order: &Order) -> bool {
    let earlier = || state.vain.0.iter().filter(|it| it.at != state.now || it.app != order.app);
    earlier().count() < 2 || earlier().all(|it| state.now.since(it.at) >= DAY_MS)
}

/// To end the app would give nothing back: what it has grown by is less than a tenth of the machine's.
fn another_has_the_memory(state: &State, app: &AppState, order: &Order) -> bool {
    let (Some(host), Some((_, machine))) = (&app.host, &state.machine) else { return false };
    order.class == Class::Memory && host.facts.grown_kb < machine.memory_kb.div_ceil(10)
}

/// Two readings of a kernel fact, apart and not old, while nothing good was seen.
fn kernel_tells(state: &State, app: &AppState, order: &Order) -> bool {
    let Some(host) = &app.host else { return false };
    let runs = match order.class {
        Class::Memory => [host.memory, None],
        Class::Spinning => [host.storm, host.silent],
        _ => [None, None],
    };
    runs.into_iter().flatten().any(|run| {
        run.readings >= 2
            && run.until.since(run.since) >= 4_000
            && state.now.since(run.until) <= 15_000
    })
}

fn trusts(state: &State, app: &AppState, rules: &crate::policy::AppPolicy) -> bool {
    state.doubt.level == 0 && fresh(app, rules)
}

fn fresh(app: &AppState, rules: &crate::policy::AppPolicy) -> bool {
    app.probes
        .iter()
        .zip(&rules.probes)
        .any(|(probe, rules)| rules.view != View::Dependency && probe.fresh >= 3)
}
