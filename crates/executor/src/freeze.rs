//! After two reboots in vain there is none until a person has looked, or a day has passed (S23).
//!
//! The count is the ledger's. The guardian tells who is well again: one that lies gets the plain budget, and
//! no more. The person's yes comes as a file of ours, past the guardian.

use crate::executor::Executor;
use defib_engine::freeze::{FREEZE_MS, Freeze};
use defib_engine::id::AppId;
use defib_engine::scale::WINDOWS_SCALE;
use defib_journal::order::Report;

impl Executor {
    /// The guardian has seen an app well for as long as verifies a recovery; `None`: all of them at once.
    pub(crate) fn take_recovery(&mut self, app: Option<AppId>, now_ms: u64) {
        // Meanwhile the number may mean another app.
        if self.is_config_pending {
            return;
        }
        let was_frozen = self.keeper.freeze(now_ms).is_some();
        let apps = &self.config.apps;
        let is_news = match app.map(|app| apps.get(usize::from(app.0))) {
            Some(Some(spec)) => self.keeper.recovered(|name| name == Some(&spec.name), now_ms),
            Some(None) => false,
            None => {
                let is_known = |name: &str| apps.iter().any(|app| app.name == name);
                self.keeper.recovered(|name| !name.is_some_and(is_known), now_ms)
            }
        };
        if is_news && was_frozen {
            self.tell_service_status();
        }
    }

    /// Whether a person has said yes meanwhile. Asked only while there is something to say it to.
    pub(crate) fn hear_person(&mut self, now_ms: u64) {
        if self.keeper.ledger().vain.is_empty() || !self.files.take_resume() {
            return;
        }
        match self.keeper.thaw(now_ms) {
            Ok(true) => {
                self.notify.complain("a person has looked: reboots in vain no longer forbid one");
                self.guardian.say(&Report::Thawed);
                self.tell_service_status();
            }
            Ok(false) => {}
            Err(error) => self.notify.complain(&format!(
                "'defib resume' was said, and the ledger cannot be written ({error}): say it again"
            )),
        }
    }

    /// What was said before a reboot says nothing of what came of it.
    pub(crate) fn forget_person(&mut self) {
        let _ = self.files.take_resume();
    }

    /// Whether reboots in vain forbid that the watchdog ends the machine. Not behind a reboot that is under
    /// way: that is paid for, and may hang.
    pub(crate) fn freezes_watchdog(&self, now_ms: u64) -> bool {
        let ledger = self.keeper.ledger();
        self.keeper.freeze(now_ms).is_some() && !ledger.asked_for_reboot()
    }

    /// What is added to the line of `systemctl status`.
    pub(crate) fn freeze_status(&self) -> String {
        match self.keeper.freeze(self.clock.now_ms()) {
            Some(Freeze { reboots, .. }) => format!(
                "; frozen: {reboots} reboots without recovery, no other within {} h or before 'defib resume'",
                FREEZE_MS * WINDOWS_SCALE / 3_600_000
            ),
            None => String::new(),
        }
    }
}
