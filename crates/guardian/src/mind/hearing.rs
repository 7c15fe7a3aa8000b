//! What the machine says, told to the engine like a look: once every few seconds, if it matters, and at once
//! when the kernel says that all tasks wait for memory.

use super::{Body, Mind, Watched};
use crate::recorder::Stamp;
use defib_engine::host::second_reading;
use defib_engine::id::AppId;
use defib_engine::state::Process;
use defib_journal::line::Line;

impl<B: Body> Mind<B> {
    /// All tasks wait for memory, as the kernel says: the machine is read in this turn, but at most once a second,
    /// and while one reading has found memory gone, when the second of the two can convict.
    pub fn press(&mut self) {
        self.passes.press();
    }

    /// Whether a reading that was asked for by [`press`](Mind::press) has not been made.
    pub fn is_pressed(&self) -> bool {
        self.passes.is_pressed()
    }

    /// The kernel says no more when tasks wait for memory. `why` is for people.
    pub(crate) fn lose_trigger(&mut self, why: &str) {
        let message = format!("memory stalls are found by a reading each 5 s from now on: {why}");
        let (app, invariant, message) = (None, None, message.into());
        self.write(self.clock.now(), Line::Alarm { app, invariant, message });
    }

    /// Reads the machine, if that is due.
    pub(super) fn read_host(&mut self, now_ms: u64) {
        if !self.body.has_host() {
            return;
        }
        let Some(pass) = self.passes.begin(now_ms, self.second_reading_ms()) else { return };
        self.watched.clear();
        for (app, state) in (0..).zip(&self.state.apps) {
            let Process::Alive { identity, .. } = state.process else { continue };
            let is_well = state.healthy_since.is_some()
                && state.suspected_since.is_none()
                && state.incident().is_none();
            let (app, is_paced) = (AppId(app), pass.is_paced);
            self.watched.push(Watched { app, identity, is_well, is_paced });
        }
        self.body.read_host(&self.watched, &mut self.readings);
        self.mailbox.extend(self.readings.drain(..));
        self.record_reading();
    }

    fn record_reading(&mut self) {
        let Some(reading) = self.body.reading() else { return };
        let readings = self.clock.readings();
        let stamp = Stamp {
            boottime_ms: readings.boot_ms,
            wall_ms: readings.wall_ms,
            has_incident: self.state.apps.iter().any(|app| app.incident().is_some()),
        };
        if let Some(trouble) = self.recorder.put(reading, &self.config, stamp) {
            self.alarm(Some(trouble));
        }
    }

    /// Until when the next pass can wait for another wake-up.
    pub(super) fn host_deadline_ms(&self) -> Option<u64> {
        self.body.has_host().then(|| self.passes.deadline_ms(self.second_reading_ms()))
    }

    fn second_reading_ms(&self) -> Option<u64> {
        second_reading(&self.state).map(|due| self.clock.boot_ms(due))
    }
}
