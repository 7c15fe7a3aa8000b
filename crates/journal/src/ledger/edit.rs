//! Changes of the ledger. None of them allocates: the list of apps has its room from the start.

use super::{APPS_MAX, ActCharge, AppRecord, Few, IntentRecord, KnownProcess, Ledger, Name};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::Outcome;
use defib_engine::id::{Identity, IntentId};
use defib_engine::time::Moment;
use std::fmt;

/// Why the ledger was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditError {
    /// This intent, or a later one, was already accepted.
    Repeated,
    /// The name is empty or longer than [`NAME_MAX`](super::NAME_MAX).
    Name,
    /// [`APPS_MAX`] apps are remembered, and each of them for a reason.
    Full,
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            EditError::Repeated => "the ledger already holds this intent or a later one",
            EditError::Name => "the app's name is empty or longer than 64 bytes",
            EditError::Full => "the ledger remembers 64 apps already",
        })
    }
}

impl std::error::Error for EditError {}

impl Ledger {
    /// Accepts an intent and pays for it, in one change: a record that holds the one holds the
    /// other. A start is counted for the back-off.
    pub fn charge_and_intend(
        &mut self,
        name: &str,
        intent: IntentId,
        rung: Rung,
        purse: Purse,
        at: Moment,
    ) -> Result<(), EditError> {
        if intent.0 <= self.last_intent {
            return Err(EditError::Repeated);
        }
        let app = self.record(name)?;
        app.intents.push(IntentRecord { intent, rung, purse, at, outcome: None });
        let owner = app.name;
        match (rung, purse) {
            (Rung::Start, _) => {
                app.start_count = app.start_count.saturating_add(1);
                app.last_start = at;
            }
            (Rung::Reboot, _) => self.charge_reboot(Some(owner), at),
            (_, Purse::Ladder) => app.ladder.push(ActCharge { rung, at }),
            (_, Purse::Gentle) => app.gentle = Some(ActCharge { rung, at }),
            (_, Purse::Free) => {}
        }
        self.last_intent = intent.0;
        Ok(())
    }

    /// An accepted intent ended. False if it is not remembered any more.
    pub fn finish(&mut self, intent: IntentId, outcome: Outcome) -> bool {
        let mut intents = self.apps.iter_mut().flat_map(|app| app.intents.iter_mut());
        let Some(record) = intents.find(|record| record.intent == intent) else { return false };
        record.outcome = Some(outcome);
        true
    }

    /// The app's main process is this one now, started by us or found.
    pub fn started(&mut self, name: &str, identity: Identity) -> Result<(), EditError> {
        let boot_id = self.boot_id;
        self.record(name)?.process = Some(KnownProcess { identity, boot_id });
        Ok(())
    }

    /// The app's main process is gone.
    pub fn ended(&mut self, name: &str) {
        if let Some(app) = self.find_mut(name) {
            app.process = None;
        }
    }

    /// The app has been well for long enough: its starts are forgotten.
    pub fn settled(&mut self, name: &str) {
        if let Some(app) = self.find_mut(name) {
            app.start_count = 0;
        }
    }

    /// A reset that nobody asked for (watchdog, panic) is charged to the machine.
    pub fn charge_reset(&mut self, at: Moment) {
        self.charge_reboot(None, at);
    }

    /// It is true at this instant of CLOCK_BOOTTIME.
    pub fn stamp(&mut self, boottime_ms: u64) {
        self.stamp_boottime_ms = self.stamp_boottime_ms.max(boottime_ms);
    }

    /// If this is another boot than the ledger's: its up-time is added to the line, and processes
    /// are forgotten. True if so.
    ///
    /// After a hard reset the stamp may be minutes old. The line then goes on from the stamp or from
    /// the last act, whichever is later: no charge ever lies in the future, and charges look younger
    /// than they are, not older.
    pub fn next_boot(&mut self, boot_id: [u8; 16]) -> bool {
        if boot_id == self.boot_id {
            return false;
        }
        let stamped = self.now(self.stamp_boottime_ms);
        self.line_offset_ms = stamped.max(self.last_moment()).0;
        self.boot_id = boot_id;
        self.stamp_boottime_ms = 0;
        for app in &mut self.apps {
            app.process = None;
        }
        true
    }

    fn last_moment(&self) -> Moment {
        let intents = self.apps.iter().flat_map(|app| app.intents.iter().map(|record| record.at));
        let reboots = self.reboots.iter().map(|charge| charge.at);
        intents.chain(reboots).max().unwrap_or_default()
    }

    /// Forgets charges and starts older than `keep_ms`, and apps of which nothing is left to know.
    /// Call it with the longest window of the config, at least a day.
    pub fn prune(&mut self, now: Moment, keep_ms: u64) {
        let young = |at: Moment| now.since(at) < keep_ms;
        self.reboots.retain(|charge| young(charge.at));
        self.vain.retain(|charge| young(charge.at));
        for app in &mut self.apps {
            app.ladder.retain(|charge| young(charge.at));
            app.gentle = app.gentle.filter(|charge| young(charge.at));
            app.intents.retain(|record| young(record.at));
            if !young(app.last_start) {
                app.start_count = 0;
            }
        }
        self.apps.retain(|app| !app.is_blank());
    }

    fn find_mut(&mut self, name: &str) -> Option<&mut AppRecord> {
        self.apps.iter_mut().find(|app| app.name.as_str() == name)
    }

    /// The app's record, made if there is none.
    pub(super) fn record(&mut self, name: &str) -> Result<&mut AppRecord, EditError> {
        let at = match self.apps.iter().position(|app| app.name.as_str() == name) {
            Some(at) => at,
            None => self.seat(Name::new(name).ok_or(EditError::Name)?)?,
        };
        Ok(&mut self.apps[at])
    }

    fn seat(&mut self, name: Name) -> Result<usize, EditError> {
        if self.apps.len() == APPS_MAX {
            return Err(EditError::Full);
        }
        self.apps.push(AppRecord::new(name));
        Ok(self.apps.len() - 1)
    }
}

impl AppRecord {
    pub(super) const fn new(name: Name) -> AppRecord {
        AppRecord {
            name,
            process: None,
            start_count: 0,
            last_start: Moment(0),
            ladder: Few::new(),
            gentle: None,
            intents: Few::new(),
        }
    }

    fn is_blank(&self) -> bool {
        self.process.is_none()
            && self.start_count == 0
            && self.ladder.is_empty()
            && self.gentle.is_none()
            && self.intents.is_empty()
    }
}
