//! What must survive everything: which intents were accepted, what was paid for them, and which
//! processes are ours.
//!
//! [`Ledger`] is a plain value; it does no IO and its edits allocate nothing, because the last of
//! them happens when there is no memory left. The file holds two slots of [`SLOT_BYTES`] each, A
//! and B, written in turn: a write that is torn leaves the other slot whole. The executor does
//!
//! ```text
//! ledger.charge_and_intend(app, intent, rung, purse, at)?;
//! let length = ledger.encode_slot(&mut buffer);
//! pwrite(file, &buffer[..length], ledger.next_slot().offset()); fdatasync(file);
//! ledger.written();      // only after both succeeded; otherwise the same slot is written again
//! ```

mod boot;
mod codec;
mod edit;
mod few;
mod name;
mod query;
#[cfg(test)]
mod tests;
mod vain;
mod watchdog;

pub use boot::{Farewell, RebootMark};
pub use codec::Damaged;
pub use edit::EditError;
pub use few::Few;
pub use name::Name;
pub use watchdog::{BootEnd, WatchdogMark, WatchdogRecord, boot_end};

use crate::boot::LastBoot;
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::Outcome;
use defib_engine::freeze::{VAIN_LIMIT, VAIN_MAX};
use defib_engine::id::{AppId, Identity, IntentId};
use defib_engine::time::Moment;

/// Bytes of one slot: nine pages of 4 KiB.
pub const SLOT_BYTES: usize = 36_864;
/// The most apps that a ledger remembers.
pub const APPS_MAX: usize = 64;
/// The most bytes of an app's name.
pub const NAME_MAX: usize = 64;
/// The most charges of the ladder that are kept for one app. No budget above this can be proven, so
/// the config refuses one.
pub const CHARGES_MAX: usize = 32;
/// The most intents that are kept for one app.
pub const INTENTS_MAX: usize = 4;
/// The most reboots that are kept.
pub const REBOOTS_MAX: usize = 16;

/// Stands for an app that is not in the config, in a reboot's charge.
pub const NO_APP: AppId = AppId(u16::MAX);

/// One of the file's two slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// At offset 0.
    A,
    /// Right after it.
    B,
}

impl Slot {
    /// The slot of the record with this number.
    pub const fn of(seq: u64) -> Slot {
        if seq.is_multiple_of(2) { Slot::B } else { Slot::A }
    }

    /// Where it begins in the file.
    pub const fn offset(self) -> u64 {
        match self {
            Slot::A => 0,
            Slot::B => SLOT_BYTES as u64,
        }
    }
}

/// The ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// The number of the last record that is durable; 0 if none is.
    pub seq: u64,
    /// The boot that this was written in.
    pub boot_id: [u8; 16],
    /// The up-time of all earlier boots, in milliseconds.
    pub line_offset_ms: u64,
    /// CLOCK_BOOTTIME when this was last known to be true, in milliseconds.
    pub stamp_boottime_ms: u64,
    /// The highest intent accepted.
    pub last_intent: u64,
    /// Restarts of the machine, oldest first.
    pub reboots: Few<RebootCharge, REBOOTS_MAX>,
    /// What was last done with the hardware watchdog; `None`: it was never armed by us.
    pub watchdog: Option<WatchdogRecord>,
    /// The last reboot that we ordered, and how far it came.
    pub reboot_mark: Option<RebootMark>,
    /// We were told to end, and nobody has come since.
    pub farewell: Option<Farewell>,
    /// How the boot before ended.
    pub last_boot: Option<LastBoot>,
    /// Those of the restarts after which nobody has been seen well, oldest first.
    pub vain: Few<RebootCharge, VAIN_MAX>,
    apps: Vec<AppRecord>,
}

/// A restart of the machine that has been paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RebootCharge {
    /// The app that asked for it; `None` for a reset that nobody asked for (watchdog, panic).
    pub app: Option<Name>,
    /// When.
    pub at: Moment,
}

/// What is remembered of one app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppRecord {
    /// Its name in the config.
    pub name: Name,
    /// Its main process, if it is known.
    pub process: Option<KnownProcess>,
    /// Starts without a healthy stretch between them.
    pub start_count: u16,
    /// The last of them.
    pub last_start: Moment,
    /// Acts of the ladder, oldest first.
    pub ladder: Few<ActCharge, CHARGES_MAX>,
    /// The last gentle act. One is enough: the rule is a pause since the last.
    pub gentle: Option<ActCharge>,
    /// The last intents, oldest first.
    pub intents: Few<IntentRecord, INTENTS_MAX>,
}

/// A process that cannot be mistaken for one of another boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownProcess {
    /// Which.
    pub identity: Identity,
    /// In which boot.
    pub boot_id: [u8; 16],
}

/// A restart or kill that has been paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActCharge {
    /// Which of them.
    pub rung: Rung,
    /// When.
    pub at: Moment,
}

/// An accepted intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntentRecord {
    /// Its number.
    pub intent: IntentId,
    /// What was to be done.
    pub rung: Rung,
    /// What paid.
    pub purse: Purse,
    /// When it was accepted.
    pub at: Moment,
    /// How it ended; `None` while it runs, and for ever if the executor died in the middle.
    pub outcome: Option<Outcome>,
}

impl Ledger {
    /// The ledger of a machine that defib has never guarded.
    pub fn fresh(boot_id: [u8; 16]) -> Ledger {
        Ledger {
            seq: 0,
            boot_id,
            line_offset_ms: 0,
            stamp_boottime_ms: 0,
            last_intent: 0,
            reboots: Few::new(),
            watchdog: None,
            reboot_mark: None,
            farewell: None,
            last_boot: None,
            vain: Few::new(),
            apps: Vec::with_capacity(APPS_MAX),
        }
    }

    /// The ledger after both slots were lost: nobody knows what was done, so every budget of these
    /// apps and of the machine counts as spent just now. Starting what is not running stays free.
    pub fn pessimistic(names: &[&str], boot_id: [u8; 16], boottime_ms: u64) -> Ledger {
        let mut ledger = Ledger::fresh(boot_id);
        ledger.stamp_boottime_ms = boottime_ms;
        let at = ledger.now(boottime_ms);
        for _ in 0..REBOOTS_MAX {
            ledger.reboots.push(RebootCharge { app: None, at });
        }
        for _ in 0..VAIN_LIMIT {
            ledger.vain.push(RebootCharge { app: None, at });
        }
        for name in names {
            let Ok(app) = ledger.record(name) else { continue };
            app.gentle = Some(ActCharge { rung: Rung::Restart, at });
            for _ in 0..CHARGES_MAX {
                app.ladder.push(ActCharge { rung: Rung::Restart, at });
            }
        }
        ledger
    }

    /// The slot that the next record goes to.
    pub const fn next_slot(&self) -> Slot {
        Slot::of(self.seq.wrapping_add(1))
    }

    /// The record that [`Ledger::encode_slot`] made is durable.
    pub const fn written(&mut self) {
        self.seq = self.seq.wrapping_add(1);
    }

    /// The newer of the two slots' ledgers. An error if neither can be believed: that of the slot
    /// which was at least written, so that [`Damaged::Empty`] means a file without a ledger.
    pub fn newest(
        a: Result<Ledger, Damaged>,
        b: Result<Ledger, Damaged>,
    ) -> Result<Ledger, Damaged> {
        match (a, b) {
            (Ok(a), Ok(b)) => Ok(if a.seq > b.seq { a } else { b }),
            (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one),
            (Err(Damaged::Empty), Err(damaged)) | (Err(damaged), Err(_)) => Err(damaged),
        }
    }
}
