//! Acts on a unit that do not wait for its manager: what must end at once, and what is done while nobody
//! answers.

use super::ending::{KILL_GRACE_MS, Then, is_abrupt};
use super::{Pause, Stage, Turn, UnitAct};
use crate::executor::Executor;
use defib_engine::effect::{Order, Rung};
use defib_engine::event::{Failure, Outcome};

impl Executor {
    /// Begins the act of a unit. An app that takes all memory or all of the CPU is ended first, in this
    /// very moment: the manager's own way begins with TERM, and with what it needs to think.
    pub(super) fn begin_unit(
        &mut self,
        order: &Order,
        act: UnitAct,
        now_ms: u64,
        end_at: u64,
    ) -> Turn {
        if is_abrupt(order) {
            return self.begin_ending(order, 0, Then::Jobs(act), now_ms, end_at);
        }
        Turn::Next(Stage::Unit(act))
    }

    /// What has to end is ended all the same; then the start is tried until the manager is there, or the
    /// order's time is over.
    pub(super) fn without_manager(
        &mut self,
        order: &Order,
        act: UnitAct,
        why: &str,
        now_ms: u64,
        end_at: u64,
    ) -> Turn {
        let pause = act.last_pause.unwrap_or(Pause::none(now_ms)).longer(now_ms, end_at);
        let is_pointless = order.rung == Rung::Reload;
        let Some(pause) = pause.filter(|_| !is_pointless) else {
            return not_started(&act, why);
        };
        let was_ended = act.is_ended;
        let act = act.start_again(pause, was_ended || order.rung.is_disruptive());
        if order.rung.is_disruptive() && !was_ended {
            return self.begin_ending(order, KILL_GRACE_MS, Then::Jobs(act), now_ms, end_at);
        }
        Turn::Wait(Stage::Unit(act))
    }

    /// It takes orders and answers nothing. What has to end is ended without it; a start is not waited for,
    /// since while it is open nothing else can be decided.
    pub(super) fn pass_manager_over(
        &mut self,
        order: &Order,
        act: UnitAct,
        now_ms: u64,
        end_at: u64,
    ) -> Turn {
        let why = "the service manager answers nothing";
        if order.rung.is_disruptive() && !act.is_ended {
            return self.without_manager(order, act, why, now_ms, end_at);
        }
        not_started(&act, why)
    }
}

fn not_started(act: &UnitAct, why: &str) -> Turn {
    let ended = if act.is_ended { "its processes were ended; " } else { "" };
    Turn::End(Outcome::Failed(Failure::NoManager), format!("{ended}{why}"))
}
