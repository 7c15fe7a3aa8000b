//! What the machine says, told to the engine like a look: once every few seconds, if it matters.

use super::{Body, Mind, Watched};
use defib_engine::id::AppId;
use defib_engine::state::Process;

impl<B: Body> Mind<B> {
    /// Reads the machine, if that is due.
    pub(super) fn read_host(&mut self, now_ms: u64) {
        if !self.body.has_host() || !self.passes.begin(now_ms) {
            return;
        }
        self.watched.clear();
        for (app, state) in (0..).zip(&self.state.apps) {
            let Process::Alive { identity, .. } = state.process else { continue };
            let is_well = state.healthy_since.is_some()
                && state.suspected_since.is_none()
                && state.incident().is_none();
            self.watched.push(Watched { app: AppId(app), identity, is_well });
        }
        self.body.read_host(&self.watched, &mut self.readings);
        self.mailbox.extend(self.readings.drain(..));
    }

    /// Until when the next pass can wait for another wake-up.
    pub(super) fn host_deadline_ms(&self) -> Option<u64> {
        self.body.has_host().then(|| self.passes.deadline_ms())
    }
}
