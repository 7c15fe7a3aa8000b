//! Ending every process of an app: TERM, grace, KILL, and waiting until each is really gone.

use super::{Stage, Turn};
use crate::boundary::{Held, Signal, Token};
use crate::executor::Executor;
use defib_engine::effect::{Order, Rung};
use defib_engine::event::{Failure, Outcome};
use defib_engine::id::Identity;
use defib_journal::order::ActStep;

/// The longest grace of the rung *kill*: it is meant for what hangs.
const KILL_GRACE_MS: u64 = 2_000;

/// Processes on their way out.
#[derive(Debug)]
pub(crate) struct Ending {
    main: Identity,
    kill_at: Option<u64>,
    hunted: Vec<Held>,
    only_end: Option<(Failure, String)>,
}

impl Ending {
    pub(super) fn deadline_ms(&self) -> Option<u64> {
        self.kill_at
    }
}

impl Executor {
    /// Begins to end what the app has left running: its living process politely, orphans of an earlier
    /// life at once (they would hold the port).
    pub(super) fn begin_ending(
        &mut self,
        order: &Order,
        grace_ms: u32,
        now_ms: u64,
        end_at: u64,
    ) -> Turn {
        match self.ending_of(order, grace_ms, now_ms, end_at) {
            Some(ending) => Turn::Next(Stage::Ending(ending)),
            None => Turn::Next(Stage::Spawning(now_ms)),
        }
    }

    /// The same where nothing can be started afterwards: the manager is out of reach.
    pub(super) fn begin_only_ending(
        &mut self,
        order: &Order,
        why: (Failure, String),
        now_ms: u64,
        end_at: u64,
    ) -> Turn {
        match self.ending_of(order, KILL_GRACE_MS as u32, now_ms, end_at) {
            Some(ending) => Turn::Next(Stage::Ending(Ending { only_end: Some(why), ..ending })),
            None => Turn::End(Outcome::Failed(why.0), why.1),
        }
    }

    fn ending_of(
        &mut self,
        order: &Order,
        grace_ms: u32,
        now_ms: u64,
        end_at: u64,
    ) -> Option<Ending> {
        let main = self.last_main(order)?;
        let hunted = self.hold_members(main, Some(Token::Act(order.app)));
        if hunted.is_empty() {
            return None;
        }
        let mut ending = Ending { main, kill_at: None, hunted, only_end: None };
        if ending.has_main() && order.rung != Rung::Start {
            let grace_ms = match order.rung {
                Rung::Kill => u64::from(grace_ms).min(KILL_GRACE_MS),
                _ => u64::from(grace_ms),
            };
            self.signal_all(&ending.hunted, Signal::Term);
            // A stopped process takes its TERM only once it runs again.
            self.signal_all(&ending.hunted, Signal::Cont);
            // The grace is the app's: what the ledger's disk took before TERM is not its fault.
            let sent_ms = now_ms.max(self.clock.now_ms());
            // Half of the deadline is left for KILL and start, whatever the grace says.
            ending.kill_at = Some(sent_ms + grace_ms.min(end_at.saturating_sub(sent_ms) / 2));
            self.say_step(order, ActStep::TermSent);
        } else {
            self.signal_all(&ending.hunted, Signal::Kill);
            self.say_step(order, ActStep::OrphansEnded);
        }
        Some(ending)
    }

    /// The process that is the app now, or was the last that we knew.
    fn last_main(&self, order: &Order) -> Option<Identity> {
        let index = usize::from(order.app.0);
        let name = &self.config.apps[index].name;
        self.apps[index].identity().or_else(|| self.keeper.process(name))
    }

    pub(super) fn turn_ending(
        &mut self,
        order: &Order,
        mut ending: Ending,
        now_ms: u64,
        end_at: u64,
    ) -> Turn {
        ending.hunted.retain(|held| !self.processes.is_gone(held));
        let is_late = ending.kill_at.is_some_and(|at| now_ms >= at);
        let orphans = ending.kill_at.is_some() && !ending.has_main();
        if is_late || orphans || ending.kill_at.is_none() {
            // Whoever was forked since the last look is taken too, until none is left.
            let found = self.hunt_anew(order, &mut ending);
            if found || ending.kill_at.is_some() {
                self.signal_all(&ending.hunted, Signal::Kill);
            }
        }
        if ending.hunted.is_empty() {
            return self.ended(order, ending, now_ms);
        }
        if ending.kill_at.take_if(|_| is_late || orphans).is_some() {
            self.say_step(order, if orphans { ActStep::OrphansEnded } else { ActStep::KillSent });
        }
        if now_ms >= end_at {
            let pid = ending.hunted[0].identity.pid;
            let detail = format!("process {pid} is still there after KILL");
            return Turn::End(Outcome::Failed(Failure::Unkillable), detail);
        }
        Turn::Wait(Stage::Ending(ending))
    }

    /// Adds members that were not known yet; says whether there were any.
    fn hunt_anew(&mut self, order: &Order, ending: &mut Ending) -> bool {
        let known = |identity: &Identity| ending.hunted.iter().any(|it| it.identity == *identity);
        let members = self.processes.members(ending.main).into_iter();
        let token = Some(Token::Act(order.app));
        let mut fresh: Vec<Held> = members
            .filter(|identity| !known(identity))
            .filter_map(|identity| self.processes.hold(identity, token))
            .filter(|held| !self.processes.is_gone(held))
            .collect();
        let found = !fresh.is_empty();
        ending.hunted.append(&mut fresh);
        found
    }

    fn ended(&mut self, order: &Order, ending: Ending, now_ms: u64) -> Turn {
        self.say_step(order, ActStep::Ended);
        self.reap(now_ms);
        self.check_main(order.app, now_ms);
        // A death by our own hand waits for nobody's word, and comes before the act's end.
        self.tell_unit_death(order.app);
        match ending.only_end {
            Some((failure, why)) => {
                let detail =
                    format!("its processes were ended; starting it was not possible: {why}");
                Turn::End(Outcome::Failed(failure), detail)
            }
            None => Turn::Next(Stage::Spawning(now_ms)),
        }
    }
}

impl Ending {
    fn has_main(&self) -> bool {
        self.hunted.iter().any(|held| held.identity == self.main)
    }
}
