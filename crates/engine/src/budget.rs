//! Budgets: how often something that runs may be ended. The engine asks before it decides, the
//! executor asks again before it acts, with the same functions.

use crate::effect::{Purse, Rung};
use crate::event::Charge;
use crate::id::AppId;
use crate::policy::{AppPolicy, Budget, Policy};
use crate::scale::DAY_MS;
use crate::time::Moment;
use alloc::vec::Vec;

/// A charge is remembered for a day: the longest window there is.
pub const MEMORY_MS: u64 = DAY_MS;

/// A budget that is spent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spent {
    /// Acts in the window.
    pub used: u8,
    /// Acts allowed in it.
    pub limit: u8,
    /// When the next one is free.
    pub until: Moment,
}

/// Whether `purse` pays for `rung` on `app` now.
pub fn allows(
    charges: &[Charge],
    policy: &Policy,
    app: AppId,
    rung: Rung,
    purse: Purse,
    now: Moment,
) -> Result<(), Spent> {
    let Some(rules) = policy.apps.get(usize::from(app.0)) else {
        return Err(Spent { used: 0, limit: 0, until: Moment(u64::MAX) });
    };
    match (purse, rung) {
        (_, Rung::Start | Rung::Reload) => Ok(()),
        (Purse::Ladder, Rung::Reboot) => windows(policy.reboot_budget, now, || reboots(charges)),
        (Purse::Ladder, Rung::Restart | Rung::Kill) => {
            windows(rules.budget, now, || ladder_acts(charges, app))
        }
        (Purse::Gentle, Rung::Restart | Rung::Kill | Rung::Clean) => {
            gentle(charges, rules, app, now)
        }
        _ => Err(Spent { used: 0, limit: 0, until: Moment(u64::MAX) }),
    }
}

/// Drops what no window can see any more.
pub fn prune(charges: &mut Vec<Charge>, now: Moment) {
    charges.retain(|charge| now.since(charge.at) < MEMORY_MS);
}

/// Acts of the ladder on this app, in the short and in the long window.
pub fn used(charges: &[Charge], budget: Budget, app: AppId, now: Moment) -> (u8, u8) {
    let count = |window_ms| within(ladder_acts(charges, app), window_ms, now).count() as u8;
    (count(budget.short_ms), count(budget.long_ms))
}

fn ladder_acts(charges: &[Charge], app: AppId) -> impl Iterator<Item = Moment> {
    charges
        .iter()
        .filter(move |c| c.app == app && c.purse == Purse::Ladder)
        .filter(|c| matches!(c.rung, Rung::Restart | Rung::Kill))
        .map(|c| c.at)
}

fn reboots(charges: &[Charge]) -> impl Iterator<Item = Moment> {
    charges.iter().filter(|c| c.rung == Rung::Reboot).map(|c| c.at)
}

fn within(
    acts: impl Iterator<Item = Moment>,
    window_ms: u64,
    now: Moment,
) -> impl Iterator<Item = Moment> {
    acts.filter(move |at| now.since(*at) < window_ms)
}

fn windows<I: Iterator<Item = Moment>>(
    budget: Budget,
    now: Moment,
    acts: impl Fn() -> I,
) -> Result<(), Spent> {
    window(acts(), budget.long_ms, budget.long_limit, now)?;
    window(acts(), budget.short_ms, budget.short_limit, now)
}

fn window(
    acts: impl Iterator<Item = Moment>,
    window_ms: u64,
    limit: u8,
    now: Moment,
) -> Result<(), Spent> {
    let mut recent: Vec<Moment> = within(acts, window_ms, now).collect();
    if recent.len() < usize::from(limit) {
        return Ok(());
    }
    recent.sort_unstable();
    // The act that has to leave the window before there is room for one more.
    let leaves = recent.len().checked_sub(usize::from(limit)).and_then(|i| recent.get(i));
    let until = leaves.map_or(Moment(u64::MAX), |at| at.plus(window_ms));
    Err(Spent { used: recent.len().min(255) as u8, limit, until })
}

/// A gentle restart or a clean-up: `gentle_every_ms` after the last paid act of any kind on this app.
fn gentle(charges: &[Charge], rules: &AppPolicy, app: AppId, now: Moment) -> Result<(), Spent> {
    let last = charges.iter().filter(|c| c.app == app).map(|c| c.at).max();
    match last {
        Some(at) if now.since(at) < rules.gentle_every_ms => {
            Err(Spent { used: 1, limit: 1, until: at.plus(rules.gentle_every_ms) })
        }
        _ => Ok(()),
    }
}
