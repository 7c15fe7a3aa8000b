//! The checkers of acts: what is accepted, what truly begins, and what was paid for it.

use super::rules as r;
use super::watch::Watch;
use super::whole::{Act, Whole};
use defib_engine::effect::{Order, Purse, Rung};
use defib_engine::policy::{Budget, Permission, Policy};

impl Watch {
    /// The executor accepts an order: the ledger holds it.
    pub(crate) fn accepted(&mut self, whole: &Whole, order: &Order) {
        self.check(!whole.is_busy(usize::from(order.app.0)), "S1");
        if order.rung != Rung::Reboot && order.rung.is_disruptive() {
            self.app(order.app).tried = Some(order.incident);
        }
    }

    /// The act truly begins: a process gets its TERM, the machine is asked to reboot, or what does not
    /// run is started.
    pub(crate) fn executes(&mut self, whole: &Whole, policy: &Policy, act: &Act) {
        let Act { order, victim, accepted, .. } = *act;
        let name = &policy.apps[usize::from(order.app.0)].name;
        let record = whole.ledger.app(name);
        let intent = record.and_then(|it| it.intents.iter().find(|it| it.intent == order.intent));
        self.check(intent.is_some(), "S2");
        self.check(!self.executed.contains(&order.intent.0), "S30");
        self.executed.push(order.intent.0);
        let keep = order.intent.0.saturating_sub(4);
        self.executed.retain(|intent| *intent > keep);
        if !order.rung.is_disruptive() {
            return;
        }
        let paid = match (order.rung, order.purse) {
            (Rung::Reboot, _) => {
                whole.ledger.reboots.iter().any(|it| Some(it.at) == intent.map(|i| i.at))
            }
            (_, Purse::Gentle) => record.is_some_and(|it| it.gentle.is_some()),
            _ => record
                .is_some_and(|it| it.ladder.iter().any(|it| Some(it.at) == intent.map(|i| i.at))),
        };
        self.check(paid, "S3");
        let judged = victim.is_none() || victim == order.identity;
        self.check(judged || order.rung == Rung::Reboot, "S20");
        self.budgets(policy, order, accepted);
        self.rungs(order);
        if victim.is_some() {
            self.spacing(order, accepted);
        }
        if order.rung == Rung::Reboot {
            let tried = self.app(order.app).tried == Some(order.incident);
            let up_ms = accepted - whole.booted;
            let allowed = policy.reboot == Permission::Allowed;
            self.check(tried && allowed && up_ms >= r::UPTIME_MS, "S9");
        }
    }

    /// What truly happened in each window that ends with this act.
    fn budgets(&mut self, policy: &Policy, order: Order, at: u64) {
        if order.rung == Rung::Reboot {
            self.reboots.push(at);
            let fits = fits(r::REBOOTS, at, &self.reboots.iter().copied());
            return self.check(fits, "S4");
        }
        let app = self.app(order.app);
        app.acts.push((at, order.purse));
        let ladder = app.acts.iter().filter(|(_, purse)| *purse == Purse::Ladder);
        let budget = policy.apps[usize::from(order.app.0)].budget;
        let fits = fits(budget, at, &ladder.map(|(at, _)| *at));
        let within = app.acts.iter().filter(|(then, _)| at - then < r::GENTLE_MS).count();
        let kept = match order.purse {
            Purse::Ladder => fits,
            Purse::Gentle => within <= 1 && order.rung == Rung::Restart,
            Purse::Free => false,
        };
        self.check(kept, "S4");
    }

    fn rungs(&mut self, order: Order) {
        let app = self.app(order.app);
        if order.purse == Purse::Ladder {
            let done = match &mut app.incident {
                Some((incident, done)) if *incident == order.incident => done,
                other => &mut other.insert((order.incident, Vec::new())).1,
            };
            let lower =
                done.iter().any(|(class, rung)| *class == order.class && *rung > order.rung);
            done.push((order.class, order.rung));
            let kept = !lower && done.len() <= usize::from(r::INCIDENT_LIMIT);
            self.check(kept, "S7");
        }
    }

    /// Two acts that end something have room between them.
    fn spacing(&mut self, order: Order, at: u64) {
        let room_ms = r::VERIFY_MS.max(r::GRACE_MS);
        let before = self.app(order.app).last_act.replace(at);
        self.check(before.is_none_or(|before| at - before >= room_ms), "S8");
    }

    /// A process is started.
    pub(crate) fn starts(&mut self, whole: &Whole, app: usize) {
        self.check(whole.lives[app].main.is_none(), "one life");
        self.check(!whole.lives[app].stopped, "S17");
    }
}

fn fits(budget: Budget, at: u64, acts: &(impl Iterator<Item = u64> + Clone)) -> bool {
    let within = |window_ms: u64| acts.clone().filter(|then| at - then < window_ms).count();
    within(budget.short_ms) <= usize::from(budget.short_limit)
        && within(budget.long_ms) <= usize::from(budget.long_limit)
}
