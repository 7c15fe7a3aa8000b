//! The simulated machine as the executor may end it.

use super::seat::Seat;
use crate::fact::By;
use defib_executor::machine::ladder::LastDeed;
use defib_executor::machine::{Machine, NotDone};
use defib_executor::manager::{JobId, ServiceManager};

impl Machine for Seat {
    fn why_not(&self, manager: &dyn ServiceManager) -> Option<String> {
        manager.why_not()
    }

    fn reboot(&mut self, manager: &mut dyn ServiceManager, deadline_ms: u64) -> JobId {
        manager.reboot(deadline_ms)
    }

    fn last(&mut self, deed: LastDeed) -> Result<(), NotDone> {
        let step = match deed {
            // What was not synced by then is lost, as it may be.
            LastDeed::Sync | LastDeed::SysrqSync | LastDeed::SysrqReadOnly => return Ok(()),
            LastDeed::Reset => 3,
            LastDeed::SysrqReset => 4,
        };
        if self.is_dead() {
            return Ok(());
        }
        self.touch_reboot();
        if !self.world().reset(step, By::Agent) {
            return Err(NotDone::NotThere);
        }
        if deed == LastDeed::Reset {
            self.stop_dog();
        }
        Ok(())
    }
}
