//! What the ledger knows.

use super::{ActCharge, AppRecord, Ledger, NO_APP, RebootCharge};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::Charge;
use defib_engine::id::AppId;
use defib_engine::time::Moment;

impl Ledger {
    /// This instant of CLOCK_BOOTTIME on the up-time line.
    pub const fn now(&self, boottime_ms: u64) -> Moment {
        Moment(self.line_offset_ms.saturating_add(boottime_ms))
    }

    /// When this boot began on the up-time line.
    pub const fn booted_at(&self) -> Moment {
        self.now(0)
    }

    /// What is remembered of this app, if anything is.
    pub fn app(&self, name: &str) -> Option<&AppRecord> {
        self.apps.iter().find(|app| app.name.as_str() == name)
    }

    /// All that is remembered.
    pub fn apps(&self) -> &[AppRecord] {
        &self.apps
    }

    /// Acts of the app's ladder in the window that ends now. A charge from the future counts.
    pub fn ladder_used(&self, name: &str, now: Moment, window_ms: u64) -> usize {
        let within = |charge: &&ActCharge| now.since(charge.at) < window_ms;
        self.app(name).map_or(0, |app| app.ladder.iter().filter(within).count())
    }

    /// Restarts of the machine in the window that ends now.
    pub fn reboots_used(&self, now: Moment, window_ms: u64) -> usize {
        self.reboots.iter().filter(|charge| now.since(charge.at) < window_ms).count()
    }

    /// Appends every charge in the engine's words, for
    /// [`Report::LedgerCharge`](crate::order::Report::LedgerCharge) and for
    /// `defib_engine::budget`. `id_of` knows the config's apps; charges of an app that left it are
    /// left out, except reboots, which count for all: they carry [`NO_APP`].
    pub fn charges(&self, id_of: impl Fn(&str) -> Option<AppId>, charges: &mut Vec<Charge>) {
        for RebootCharge { app, at } in self.reboots.iter().copied() {
            let app = app.and_then(|name| id_of(name.as_str())).unwrap_or(NO_APP);
            charges.push(Charge { app, rung: Rung::Reboot, purse: Purse::Ladder, at });
        }
        for record in &self.apps {
            let Some(app) = id_of(record.name.as_str()) else { continue };
            let ladder = record.ladder.iter().map(|charge| (Purse::Ladder, charge));
            let gentle = record.gentle.iter().map(|charge| (Purse::Gentle, charge));
            charges.extend(ladder.chain(gentle).map(|(purse, charge)| Charge {
                app,
                rung: charge.rung,
                purse,
                at: charge.at,
            }));
        }
        charges.sort_by_key(|charge| charge.at);
    }
}
