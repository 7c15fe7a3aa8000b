//! Ending every process of an app: TERM, grace, KILL, and waiting until each is really gone.

use super::strike::Hunt;
use super::{Pause, Stage, Turn, UnitAct};
use crate::boundary::{Held, Signal};
use crate::executor::Executor;
use defib_engine::effect::{Order, Rung};
use defib_engine::event::{Failure, Outcome};
use defib_engine::id::Identity;
use defib_engine::note::Class;
use defib_journal::order::ActStep;

/// The longest grace of the rung *kill*: it is meant for what hangs.
pub(super) const KILL_GRACE_MS: u32 = 2_000;

/// How soon what tells nobody of its end is looked at again: a cgroup, or processes that could not be
/// held for want of a descriptor.
const LOOK_MS: u64 = 50;

/// Processes on their way out.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(super) main: Identity,
    pub(super) kill_at: Option<u64>,
    look_at: Option<u64>,
    pub(super) hunted: Vec<Held>,
    /// Processes beside the main one that are the app's too, with all below them.
    pub(super) beside: Vec<Identity>,
    then: Then,
}

/// What comes when they are gone.
#[derive(Debug)]
pub(super) enum Then {
    /// The app is started.
    Start,
    /// The service manager goes on.
    Jobs(UnitAct),
    /// The user's command is run.
    Command,
}

impl Ending {
    pub(super) fn deadline_ms(&self) -> Option<u64> {
        self.kill_at.into_iter().chain(self.look_at).min()
    }
}

/// Whether an order leaves the app no time to end by itself: one that takes all memory or all of the CPU
/// cannot, and every moment of its grace is everybody's.
pub(super) const fn is_abrupt(order: &Order) -> bool {
    matches!(order.rung, Rung::Kill) && takes_all(order.class)
}

/// Whether the app has what others need, a process to be started for instance.
pub(super) const fn takes_all(class: Class) -> bool {
    matches!(class, Class::Memory | Class::Spinning)
}

impl Executor {
    /// Begins to end what the app has left running: its living process politely, orphans of an earlier
    /// life at once (they would hold the port).
    pub(super) fn begin_ending(
        &mut self,
        order: &Order,
        grace_ms: u32,
        then: Then,
        now_ms: u64,
        end_at: u64,
    ) -> Turn {
        let Some(main) = self.last_main(order) else { return Executor::go_on(then, now_ms) };
        // Whoever must end at once is not looked for with descriptors that may not be there.
        let beside = if is_abrupt(order) { Vec::new() } else { self.roots_beside(order, main) };
        let hunted = Vec::new();
        let mut ending = Ending { main, kill_at: None, look_at: None, hunted, beside, then };
        let hunt = self.hunt(order, &mut ending);
        if hunt.is_over() {
            return Executor::go_on(ending.then, now_ms);
        }
        if ending.has_main() && order.rung != Rung::Start && !is_abrupt(order) {
            let grace_ms = match order.rung {
                Rung::Kill => u64::from(grace_ms.min(KILL_GRACE_MS)),
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
        } else if ending.has_main() && order.rung != Rung::Start {
            self.strike(order, &mut ending, ActStep::KillSent);
        } else {
            self.strike(order, &mut ending, ActStep::OrphansEnded);
        }
        ending.look_at = hunt.must_look().then_some(now_ms + LOOK_MS);
        Turn::Next(Stage::Ending(ending))
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
        let mut hunt = Hunt::default();
        if is_late || orphans || ending.kill_at.is_none() {
            // Whoever was forked since the last look is taken too, until none is left.
            hunt = self.hunt(order, &mut ending);
            if ending.kill_at.take().is_some() {
                let step = if orphans { ActStep::OrphansEnded } else { ActStep::KillSent };
                if !hunt.is_over() {
                    self.strike(order, &mut ending, step);
                }
            } else if hunt.wants_blow() {
                self.strike_again(order, &mut ending);
            }
        }
        if ending.kill_at.is_none() && hunt.is_over() && ending.hunted.is_empty() {
            return self.ended(order, ending, now_ms);
        }
        if now_ms >= end_at {
            return Turn::End(Outcome::Failed(Failure::Unkillable), ending.who_is_left());
        }
        ending.look_at = hunt.must_look().then_some(now_ms + LOOK_MS);
        Turn::Wait(Stage::Ending(ending))
    }

    fn ended(&mut self, order: &Order, ending: Ending, now_ms: u64) -> Turn {
        self.say_step(order, ActStep::Ended);
        self.reap(now_ms);
        self.check_main(order.app, now_ms);
        // A death by our own hand waits for nobody's word, and comes before the act's end.
        self.tell_unit_death(order.app);
        Executor::go_on(ending.then, now_ms)
    }

    fn go_on(then: Then, now_ms: u64) -> Turn {
        Turn::Next(match then {
            Then::Start => Stage::Spawning(Pause::none(now_ms)),
            Then::Jobs(act) => Stage::Unit(act),
            Then::Command => Stage::Calling(Pause::over(now_ms)),
        })
    }
}

impl Ending {
    pub(super) fn has_main(&self) -> bool {
        self.hunted.iter().any(|held| held.identity == self.main)
    }

    fn who_is_left(&self) -> String {
        match self.hunted.first() {
            Some(held) => format!("process {} is still there after KILL", held.identity.pid),
            None => "processes of the app are still there after KILL".into(),
        }
    }
}
