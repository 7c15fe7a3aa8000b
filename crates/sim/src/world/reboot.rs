//! The steps of the reboot ladder, as a machine takes them.

use super::machine::Power;
use super::{Due, World};
use crate::fact::{By, Fact};
use crate::world::news::News;

/// What a step of the reboot ladder meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meets {
    Refusal,
    Nothing,
    Success,
}

/// PID 1 without stop jobs: KILL to all, a sync, unmounting.
const FORCED_DOWN_MS: u64 = 1_000;

/// From the kernel's reset to darkness.
const RESET_MS: u64 = 10;

impl World {
    /// The polite reboot that the service manager was asked for. `false`: there is nobody to ask.
    pub fn reboot(&mut self, by: By) -> bool {
        if !self.machine.has_power() || self.machine.is_going_down {
            return false;
        }
        let meets = self.push(1, by);
        if meets != Meets::Refusal {
            self.news.push_back(News::ShuttingDown);
        }
        if meets == Meets::Success {
            self.machine.is_going_down = true;
            self.go_down_in(self.plan.machine.down_ms, by, false);
        }
        meets != Meets::Refusal
    }

    /// The same without stop jobs.
    pub fn force_reboot(&mut self, by: By) -> bool {
        if !self.machine.has_power() || !self.has_manager() {
            return false;
        }
        let meets = self.push(2, by);
        if meets == Meets::Success {
            self.machine.is_going_down = true;
            self.go_down_in(FORCED_DOWN_MS, by, false);
        }
        meets != Meets::Refusal
    }

    /// The kernel is told: step 3 is reboot(2), step 4 sysrq.
    pub fn reset(&mut self, step: u8, by: By) -> bool {
        if !self.machine.has_power() {
            return false;
        }
        let meets = self.push(step, by);
        if meets == Meets::Success {
            self.go_down_in(RESET_MS, by, true);
        }
        meets != Meets::Refusal
    }

    fn push(&mut self, step: u8, by: By) -> Meets {
        let now_ms = self.now_ms;
        let holds = |(until_ms, steps): (u64, u8)| now_ms < until_ms && step <= steps;
        let meets = match (holds(self.machine.refused), holds(self.machine.stuck)) {
            (true, _) => Meets::Refusal,
            (false, true) => Meets::Nothing,
            (false, false) => Meets::Success,
        };
        self.tell(Fact::Pushed { step, by, taken: meets != Meets::Refusal });
        meets
    }

    fn go_down_in(&mut self, ms: u64, by: By, hard: bool) {
        let down = Power::Down { by, hard, off_ms: 0 };
        self.inside(self.now_ms + ms, Due::Power(down));
    }
}
