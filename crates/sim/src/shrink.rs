//! Makes a failing plan small: takes out whatever is not needed for the same failure.
//!
//! Delta debugging over the happenings (Zeller and Hildebrandt, *Simplifying and isolating failure-inducing
//! input*, 2002), then noise, then the time before the healing. The same plan and question always give
//! the same small plan.

use crate::plan::{Happening, Noise, Person, Plan};

/// How long after the last thing that happens the world is healed, if that still fails.
const BREATH_MS: u64 = 60_000;

/// The smallest plan that this finds for which `fails` still holds, and how often it asked. `fails` must
/// hold for `plan` itself, or that is what is given back.
pub fn shrink(plan: &Plan, mut fails: impl FnMut(&Plan) -> bool) -> (Plan, usize) {
    let mut hunt = Hunt { best: plan.clone(), asked: 0, fails: &mut fails };
    hunt.without_noise();
    hunt.fewer_happenings();
    hunt.earlier_healing();
    hunt.sooner_start();
    hunt.fewer_happenings();
    (hunt.best, hunt.asked)
}

struct Hunt<'a> {
    best: Plan,
    asked: usize,
    fails: &'a mut dyn FnMut(&Plan) -> bool,
}

impl Hunt<'_> {
    fn try_it(&mut self, candidate: Plan) -> bool {
        self.asked += 1;
        let is_better = candidate != self.best && (self.fails)(&candidate);
        if is_better {
            self.best = candidate;
        }
        is_better
    }

    fn without_noise(&mut self) {
        let all = self.best.noise;
        let parts: [fn(&mut Noise); 6] = [
            |noise| *noise = Noise::default(),
            |noise| noise.loss_in_a_million = 0,
            |noise| noise.burst_every_ms = 0,
            |noise| noise.pause_every_ms = 0,
            |noise| noise.steal_every_ms = 0,
            |noise| noise.deploy_every_ms = 0,
        ];
        for without in parts {
            let mut candidate = self.best.clone();
            without(&mut candidate.noise);
            if self.try_it(candidate)
                && self.best.noise == Noise::default()
                && all != self.best.noise
            {
                return;
            }
        }
    }

    /// Takes out pieces, each half as long as the one before, until no single thing can go.
    fn fewer_happenings(&mut self) {
        let mut len = self.best.happenings.len().div_ceil(2);
        while len > 0 {
            let mut at = 0;
            while at < self.best.happenings.len() {
                let mut candidate = self.best.clone();
                let end = (at + len).min(candidate.happenings.len());
                candidate.happenings.drain(at..end);
                if !self.try_it(candidate) {
                    at += len;
                }
            }
            len /= 2;
        }
    }

    fn earlier_healing(&mut self) {
        let last_ms = self.best.happenings.iter().map(|it| it.at_ms + own_ms(it.what)).max();
        let healed_ms = last_ms.unwrap_or(0) + BREATH_MS;
        for spare_ms in [0, 600_000, 7_200_000] {
            let at_ms = healed_ms + spare_ms;
            if at_ms < self.best.healed_at_ms {
                let mut candidate = self.best.clone();
                candidate.ends_at_ms -= candidate.healed_at_ms - at_ms;
                candidate.healed_at_ms = at_ms;
                if self.try_it(candidate) {
                    return;
                }
            }
        }
    }

    /// Nothing happens in the time before the first thing; half of it goes as long as that is enough.
    fn sooner_start(&mut self) {
        loop {
            let first_ms = self.best.happenings.first().map_or(0, |it| it.at_ms);
            let by_ms = first_ms / 2;
            if by_ms < 10_000 {
                return;
            }
            let mut candidate = self.best.clone();
            candidate.happenings.iter_mut().for_each(|it| it.at_ms -= by_ms);
            candidate.healed_at_ms -= by_ms.min(candidate.healed_at_ms);
            candidate.ends_at_ms -= by_ms.min(candidate.ends_at_ms);
            if !self.try_it(candidate) {
                return;
            }
        }
    }
}

/// How long what happens lasts by itself.
fn own_ms(what: Happening) -> u64 {
    match what {
        Happening::App { remedy, .. } => remedy.after_ms,
        Happening::Person(Person::Hold { ms, .. }) => ms,
        Happening::Machine(_) | Happening::Agent(_) | Happening::Person(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{AppFault, Profile, generate};

    /// A plan with many things, among them a hang.
    fn busy_plan() -> Plan {
        let has_hang = |plan: &Plan| plan.happenings.iter().any(|it| is_hang(it.what));
        let plans = (0..).map(|seed| generate(seed, Profile::Swarm));
        let mut wanted = plans.filter(|plan| plan.happenings.len() > 20 && has_hang(plan));
        wanted.next().expect("seeds do not end")
    }

    const fn is_hang(what: Happening) -> bool {
        matches!(what, Happening::App { fault: AppFault::Hang, .. })
    }

    #[test]
    fn what_matters_stays_and_all_else_goes() {
        let plan = busy_plan();
        let hangs = |plan: &Plan| plan.happenings.iter().any(|it| is_hang(it.what));
        let (small, asked) = shrink(&plan, hangs);
        assert_eq!(small.happenings.len(), 1);
        assert!(hangs(&small) && small.noise == Noise::default());
        assert!(small.healed_at_ms < plan.healed_at_ms && asked < 500, "{asked}");
        assert_eq!(shrink(&plan, hangs).0, small);
    }

    #[test]
    fn a_plan_that_does_not_fail_stays_as_it_is() {
        let plan = busy_plan();
        assert_eq!(shrink(&plan, |_| false).0, plan);
    }
}
