//! Which orders are carried out: the config decides, whatever the guardian asks.
//!
//! Public because the model checker admits its orders by these very functions.

use defib_config::spec::{App, ChildSpec, Target};
use defib_engine::effect::{Order, Purse, Rung};
use defib_engine::event::{Failure, OrderRefusal, Outcome};
use defib_engine::freeze::{Freeze, VAIN_LIMIT};
use defib_engine::id::Identity;
use defib_engine::policy::{AppPolicy, Budget, Deadlines, Mode, Permission, Policy};
use defib_engine::time::Moment;
use defib_journal::ledger::Ledger;

/// A refusal and the two values that disagree.
pub type Refusal = (Outcome, String);

/// What admission must know besides the config.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Now.
    pub now: Moment,
    /// For how long the machine has been up.
    pub up_ms: u64,
    /// The living main process.
    pub main: Option<Identity>,
    /// Whether an act on this app runs.
    pub is_busy: bool,
    /// Whether a person has stopped the app.
    pub is_stopped: bool,
    /// What was accepted and paid before.
    pub ledger: &'a Ledger,
}

/// `Err`: why the order is not carried out.
pub fn admit(order: &Order, policy: &Policy, app: &App, facts: &Facts<'_>) -> Result<(), Refusal> {
    let rules = &policy.apps[usize::from(order.app.0)];
    if facts.is_busy {
        return refuse(OrderRefusal::Busy, "another act on this app is running".into());
    }
    check_permission(order, policy, rules, app)?;
    if facts.is_stopped && order.rung != Rung::Reboot {
        // The order and the stop met on the way: the guardian had not heard of it yet.
        return refuse(OrderRefusal::NotPermitted, "a person has stopped this app".into());
    }
    check_process(order, facts)?;
    match order.rung {
        Rung::Start | Rung::Reload => Ok(()),
        Rung::Clean if order.purse == Purse::Gentle => check_pause(rules, facts),
        Rung::Clean => {
            refuse(OrderRefusal::Budget, "a clean-up is paid from the gentle purse".into())
        }
        Rung::Restart | Rung::Kill => check_purse(order, rules, facts),
        Rung::Reboot => check_reboot(policy, facts),
    }
}

fn refuse(why: OrderRefusal, detail: String) -> Result<(), Refusal> {
    Err((Outcome::Refused(why), detail))
}

/// How far above the last accepted number a new one may be. Refused orders have used the numbers between, and
/// in a life there are not so many. One order with the highest number of all would be the last ever.
const LEAP_MAX: u64 = 1 << 32;

/// How long the act may take, in milliseconds: what the order says, and never more than the config does.
pub fn deadline_ms(order: &Order, policy: &Policy) -> u64 {
    let deadlines = &policy.apps[usize::from(order.app.0)].deadlines;
    let ours = match order.rung {
        Rung::Start => deadlines.start_ms,
        Rung::Reload => deadlines.reload_ms,
        Rung::Restart => deadlines.restart_ms,
        Rung::Kill => deadlines.kill_ms,
        Rung::Reboot => deadlines.reboot_ms,
        Rung::Clean => Deadlines::CLEAN_MS,
    };
    u64::from(ours.min(order.deadline_ms))
}

/// A number that was accepted before, or one below it, is never accepted again.
pub fn check_number(order: &Order, ledger: &Ledger) -> Result<(), Refusal> {
    if order.intent.0 <= ledger.last_intent {
        let last = ledger.last_intent;
        return refuse(
            OrderRefusal::Repeated,
            format!("intent {} is not above {last}, the last one accepted", order.intent.0),
        );
    }
    if order.intent.0 - ledger.last_intent > LEAP_MAX {
        let last = ledger.last_intent;
        let detail = format!("intent {} is no number after {last}", order.intent.0);
        return refuse(OrderRefusal::Repeated, detail);
    }
    Ok(())
}

/// An order that ends something relies on a look, and is not begun after the guardian's word on how long
/// that is fresh. Without a word it is judged by the rest alone.
pub fn check_fresh(order: &Order, until_ms: Option<u64>, now_ms: u64) -> Result<(), Refusal> {
    let late_ms = until_ms.map_or(0, |until_ms| now_ms.saturating_sub(until_ms));
    if order.rung.is_charged() && late_ms > 0 {
        let detail = format!("the order came {late_ms} ms after its look had ceased to be fresh");
        return refuse(OrderRefusal::Stale, detail);
    }
    Ok(())
}

fn check_permission(
    order: &Order,
    policy: &Policy,
    rules: &AppPolicy,
    app: &App,
) -> Result<(), Refusal> {
    if policy.mode == Mode::Observe {
        return refuse(OrderRefusal::NotPermitted, "the mode is observe".into());
    }
    if order.rung == Rung::Reboot && policy.reboot != Permission::Allowed {
        return refuse(OrderRefusal::NotPermitted, "reboot is not allowed by the config".into());
    }
    if !target_knows(app, order.rung) || !rules.rungs.has(order.rung) {
        let outcome = Outcome::Failed(Failure::NotPossible);
        return Err((outcome, format!("the target of {} knows no such rung", rules.name)));
    }
    Ok(())
}

/// Whether there is anything that the rung could be done to.
pub fn target_knows(app: &App, rung: Rung) -> bool {
    match (&app.target, rung) {
        (_, Rung::Reboot | Rung::Clean) | (Target::Unit(_), _) => true,
        (Target::Nothing, _) | (Target::Recover(_), Rung::Reload) => false,
        (Target::Child(ChildSpec { reload_by_hup, .. }), Rung::Reload) => *reload_by_hup,
        (Target::Child(_) | Target::Recover(_), _) => true,
    }
}

fn check_process(order: &Order, facts: &Facts<'_>) -> Result<(), Refusal> {
    match (order.rung, facts.main, order.identity) {
        (Rung::Start, Some(main), _) => {
            refuse(OrderRefusal::Busy, format!("process {} of this app is alive", main.pid))
        }
        (Rung::Restart | Rung::Kill, Some(main), Some(judged)) if main != judged => refuse(
            OrderRefusal::WrongIdentity,
            format!("process {} was judged, but {} is the app now", judged.pid, main.pid),
        ),
        _ => Ok(()),
    }
}

fn check_purse(order: &Order, rules: &AppPolicy, facts: &Facts<'_>) -> Result<(), Refusal> {
    match order.purse {
        Purse::Free => {
            refuse(OrderRefusal::Budget, "an act that ends a process is never free".into())
        }
        Purse::Ladder => check_budget(&rules.budget, |window_ms| {
            facts.ledger.ladder_used(&rules.name, facts.now, window_ms)
        }),
        Purse::Gentle => check_pause(rules, facts),
    }
}

/// A gentle act is not a matter of number but of a pause since the last one.
fn check_pause(rules: &AppPolicy, facts: &Facts<'_>) -> Result<(), Refusal> {
    let last: Option<Moment> = facts.ledger.app(&rules.name).and_then(|app| Some(app.gentle?.at));
    if let Some(ago) = last.map(|at| facts.now.since(at)).filter(|ago| *ago < rules.gentle_every_ms)
    {
        return refuse(
            OrderRefusal::Budget,
            format!("{ago} ms since the last gentle act, {} needed", rules.gentle_every_ms),
        );
    }
    // Gentle means that nothing at all was ended for as long: the ladder's acts count too.
    let ladder = facts.ledger.ladder_used(&rules.name, facts.now, rules.gentle_every_ms);
    if ladder > 0 {
        let detail = format!("{ladder} acts in the last {} ms, 0 allowed", rules.gentle_every_ms);
        return refuse(OrderRefusal::Budget, detail);
    }
    Ok(())
}

fn check_reboot(policy: &Policy, facts: &Facts<'_>) -> Result<(), Refusal> {
    if facts.up_ms < policy.min_uptime_ms {
        let (up, least) = (facts.up_ms, policy.min_uptime_ms);
        return refuse(OrderRefusal::MinUptime, format!("up for {up} ms, {least} needed"));
    }
    check_freeze(facts)?;
    check_budget(&policy.reboot_budget, |window_ms| facts.ledger.reboots_used(facts.now, window_ms))
}

/// Whoever asks, and whatever the budget would still allow.
fn check_freeze(facts: &Facts<'_>) -> Result<(), Refusal> {
    let Some(Freeze { reboots, until }) = facts.ledger.freeze(facts.now) else { return Ok(()) };
    let minutes = until.since(facts.now).div_ceil(60_000);
    let detail = format!(
        "{reboots} reboots without a verified recovery, {VAIN_LIMIT} freeze; {minutes} min are left, or until \
         'defib resume'"
    );
    refuse(OrderRefusal::Frozen, detail)
}

/// Whether the budget has room for one more reboot. Allocates nothing.
pub fn has_reboot_room(policy: &Policy, ledger: &Ledger, now: Moment) -> bool {
    let Budget { short_ms, short_limit, long_ms, long_limit } = policy.reboot_budget;
    [(short_ms, short_limit), (long_ms, long_limit)]
        .into_iter()
        .all(|(window_ms, limit)| ledger.reboots_used(now, window_ms) < usize::from(limit))
}

fn check_budget(budget: &Budget, used_in: impl Fn(u64) -> usize) -> Result<(), Refusal> {
    for (window_ms, limit) in
        [(budget.short_ms, budget.short_limit), (budget.long_ms, budget.long_limit)]
    {
        let used = used_in(window_ms);
        if used >= usize::from(limit) {
            let minutes = window_ms / 60_000;
            let detail = format!("{used} acts in {minutes} min, {limit} allowed");
            return refuse(OrderRefusal::Budget, detail);
        }
    }
    Ok(())
}
