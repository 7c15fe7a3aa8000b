//! What follows when guardians keep dying: observing only, said loudly.

use crate::admit::Refusal;
use crate::executor::Executor;
use defib_engine::effect::Rung;
use defib_engine::event::{OrderRefusal, Outcome};
use defib_journal::order::Report;

/// For people, and for the journal of the guardian that is started next.
const OBSERVE_ONLY: &str = "the guardian died 3 times in 5 min, which is defib's own fault: nothing is done but \
     observing for 24 h, or until defib is restarted";

impl Executor {
    /// A guardian is gone that nobody has asked to go.
    pub(crate) fn guardian_died(&mut self, now_ms: u64) {
        self.dog.lost_guardian();
        if self.deaths.died(now_ms) {
            self.notify.complain(OBSERVE_ONLY);
            self.tell_service_status();
        }
    }

    /// Part of the greeting.
    pub(crate) fn tell_observing(&mut self) {
        if self.deaths.is_observing() {
            self.guardian.say(&Report::ObserveOnly { message: OBSERVE_ONLY.into() });
        }
    }

    /// What a doubtful guardian may still ask for: starts of what is not running.
    pub(crate) fn check_observing(&self, rung: Rung) -> Result<(), Refusal> {
        if self.deaths.is_observing() && rung.is_charged() {
            return Err((Outcome::Refused(OrderRefusal::NotPermitted), OBSERVE_ONLY.into()));
        }
        Ok(())
    }

    /// The time is served: a new guardian is started, which may decide again.
    pub(crate) fn end_observing(&mut self, now_ms: u64) {
        if self.stopping.is_some() || !self.deaths.is_served(now_ms) {
            return;
        }
        let _ = self.guardian.lose(now_ms, "a guardian that may act takes its place");
        self.is_config_pending = false;
        self.dog.lost_guardian();
        self.notify
            .complain("24 h of observing are over: the guardian is started again and may act");
        self.tell_service_status();
    }
}
