//! Noise that is no fault: lost looks, bursts, pauses, stolen CPU, deploys.
//!
//! The loss of looks is drawn as "how many looks until the next one is lost", so that a stretch without
//! any can be skipped and leaves the stream where it would have been.

use super::{Due, World};
use crate::chance::Chance;
use crate::fact::{By, Fact};
use crate::plan::{Happening, MachineFault, Noise, Plan};
use defib_engine::seen::{Phase, Seen};

/// A turn of the noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Burst,
    Pause,
    Steal,
    Deploy,
}

/// What a burst shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Burst {
    /// The app pauses (garbage collection, a compaction): looks wait for its end.
    Pause,
    /// Looks fail at once, in this way.
    Fails(Seen),
}

/// Where the noise stands.
#[derive(Clone, Debug)]
pub(super) struct NoiseState {
    rules: Noise,
    losses: Chance,
    turns: Chance,
    /// Looks of each probe until one is lost, by app and probe.
    until_lost: Vec<Vec<u64>>,
    /// Of each app: what it shows, and until when.
    bursts: Vec<Option<(u64, Burst)>>,
}

impl NoiseState {
    pub(super) fn new(plan: &Plan) -> NoiseState {
        NoiseState {
            rules: plan.noise,
            losses: Chance::new(plan.seed, "losses"),
            turns: Chance::new(plan.seed, "noise"),
            until_lost: Vec::new(),
            bursts: vec![None; plan.apps.len()],
        }
    }

    fn mean_ms(&self, turn: Turn) -> u64 {
        match turn {
            Turn::Burst => self.rules.burst_every_ms,
            Turn::Pause => self.rules.pause_every_ms,
            Turn::Steal => self.rules.steal_every_ms,
            Turn::Deploy => self.rules.deploy_every_ms,
        }
    }
}

impl World {
    pub(super) fn begin_noise(&mut self) {
        let chance_of_loss = self.noise.rules.loss_in_a_million;
        for app in &self.config.policy.apps {
            let losses = &mut self.noise.losses;
            let gaps = app.probes.iter().map(|_| losses.trials_until(chance_of_loss)).collect();
            self.noise.until_lost.push(gaps);
        }
        for turn in [Turn::Burst, Turn::Pause, Turn::Steal, Turn::Deploy] {
            self.plan_noise(turn);
        }
    }

    fn plan_noise(&mut self, turn: Turn) {
        let mean_ms = self.noise.mean_ms(turn);
        if mean_ms > 0 {
            let at_ms = self.now_ms + self.noise.turns.exponential_ms(mean_ms);
            self.outside(at_ms, Due::Noise(turn));
        }
    }

    pub(super) fn turn_noise(&mut self, turn: Turn) {
        if self.is_healed {
            return;
        }
        let app = self.noise.turns.below(self.apps.len() as u64) as usize;
        let rules = self.noise.rules;
        match turn {
            Turn::Burst => self.burst(app),
            Turn::Pause => self.freeze(rules.pause_ms, false),
            Turn::Steal => {
                let (ms, percent) = (rules.steal_ms, rules.steal_percent);
                self.machine.steal(self.now_ms + ms, percent);
                self.tell(Fact::Happened(Happening::Machine(MachineFault::Steal { ms, percent })));
            }
            Turn::Deploy => self.person_restarts(app),
        }
        self.plan_noise(turn);
    }

    /// Half of all bursts are pauses of the app, the others show a failure at once.
    fn burst(&mut self, app: usize) {
        let ms = self.noise.turns.exponential_ms(self.noise.rules.burst_ms);
        let until_ms = self.now_ms + ms;
        self.tell(Fact::Burst { app, ms });
        let failures =
            [Seen::Refused, Seen::Reset, Seen::Status { code: 500, retry_after_s: None }];
        let kind = match self.noise.turns.below(6) {
            index @ 0..3 => Burst::Fails(failures[index as usize]),
            _ => Burst::Pause,
        };
        self.noise.bursts[app] = Some((until_ms, kind));
    }

    /// What noise makes of a look that begins now.
    pub(super) fn lost(
        &mut self,
        app: usize,
        probe: usize,
        timeout_ms: u64,
    ) -> Option<(Seen, u64)> {
        let left = &mut self.noise.until_lost[app][probe];
        if *left == 0 {
            *left = self.noise.losses.trials_until(self.noise.rules.loss_in_a_million);
            let timeout = self.noise.losses.below(2) == 0;
            return Some(if timeout {
                (Seen::Timeout(Phase::FirstByte), timeout_ms)
            } else {
                (Seen::Reset, 1)
            });
        }
        *left -= 1;
        let (until_ms, kind) = self.noise.bursts[app].filter(|(until, _)| self.now_ms < *until)?;
        let left_ms = until_ms - self.now_ms;
        match kind {
            Burst::Fails(seen) => Some((seen, 1)),
            Burst::Pause if left_ms >= timeout_ms => {
                Some((Seen::Timeout(Phase::FirstByte), timeout_ms))
            }
            Burst::Pause => Some((Seen::Pass, left_ms + 1)),
        }
    }

    /// How many looks of this probe may be skipped before one is lost.
    pub(crate) fn looks_until_lost(&self, app: usize, probe: usize) -> u64 {
        self.noise.until_lost[app][probe]
    }

    /// So many looks of this probe were skipped.
    pub(crate) fn skip_looks(&mut self, app: usize, probe: usize, looks: u64) {
        self.noise.until_lost[app][probe] -= looks;
        self.next_flight += looks;
    }

    /// Whether looks that begin now are all good and take their usual time.
    pub(crate) fn is_calm(&self, app: usize) -> bool {
        let it = &self.apps[app];
        let burst = self.noise.bursts[app].is_some_and(|(until_ms, _)| self.now_ms < until_ms);
        !burst
            && it.faults.is_empty()
            && it.is_warm(self.now_ms)
            && self.machine.stolen_percent(self.now_ms) == 0
            && self.machine.frozen_until(self.now_ms).is_none()
            && !self.is_sickening()
    }

    pub(super) fn end_noise(&mut self) {
        self.noise.rules = Noise::default();
        self.noise.bursts.fill(None);
        for gaps in &mut self.noise.until_lost {
            gaps.fill(u64::MAX);
        }
    }

    /// A deploy: the person restarts the app in order.
    pub(super) fn person_restarts(&mut self, app: usize) {
        let Some(identity) = self.main(app) else { return };
        self.apps[app].is_in_hand = true;
        let stop_ms = self.apps[app].plan.stop_ms;
        let exit = defib_engine::event::Exit::Signal(15);
        let by = By::Person;
        self.inside(self.now_ms + stop_ms, Due::Dies { app, identity, exit, by });
        self.inside(self.now_ms + stop_ms + 200, Due::PersonStarts { app });
    }
}
