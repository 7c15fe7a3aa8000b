//! What a person has decided beforehand. Built and validated by the config crate; the engine
//! takes it as given.

mod sets;
mod weights;

pub use sets::{ClassSet, RungSet};
pub use weights::{Bars, Weights};

use crate::scale::{DAY_MS, HOUR_MS};
use alloc::string::String;
use alloc::vec::Vec;

/// All the rules.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Policy {
    /// Whether decisions are carried out.
    pub mode: Mode,
    /// Whether the machine may be rebooted at all.
    pub reboot: Permission,
    /// The least up-time before a reboot, in milliseconds.
    pub min_uptime_ms: u64,
    /// How often the machine may be rebooted.
    pub reboot_budget: Budget,
    /// The apps, by [`AppId`](crate::id::AppId).
    pub apps: Vec<AppPolicy>,
    /// What each observation weighs.
    pub weights: Weights,
    /// How much evidence each act needs.
    pub bars: Bars,
}

/// Whether decisions are carried out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mode {
    /// Decide, record, and do nothing.
    Observe,
    /// Decide, record and act.
    Act,
}

/// A choice that somebody made, or did not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Permission {
    /// Never.
    Never,
    /// When the rules say so.
    Allowed,
}

/// At most `short_limit` acts in any `short_ms`, and `long_limit` in any `long_ms`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Budget {
    /// The shorter window, in milliseconds.
    pub short_ms: u64,
    /// Acts in it.
    pub short_limit: u8,
    /// The longer window, in milliseconds.
    pub long_ms: u64,
    /// Acts in it.
    pub long_limit: u8,
}

impl Budget {
    /// Restart and kill: 4 an hour, 10 a day.
    pub const ACTS: Budget =
        Budget { short_ms: HOUR_MS, short_limit: 4, long_ms: DAY_MS, long_limit: 10 };
    /// Reboot: 1 in 6 hours, 2 a day.
    pub const REBOOTS: Budget =
        Budget { short_ms: 6 * HOUR_MS, short_limit: 1, long_ms: DAY_MS, long_limit: 2 };
}

/// The rules for one app.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AppPolicy {
    /// Its name, unique.
    pub name: String,
    /// How it is looked at. At least one has a view on the app itself.
    pub probes: Vec<ProbePolicy>,
    /// The rungs that its target knows at all.
    pub rungs: RungSet,
    /// Whether its main process can be known, so that its death is an event.
    pub process_known: bool,
    /// The classes that may end in a reboot (if reboots are allowed at all).
    pub reboot_on: ClassSet,
    /// One sampled source is capped until it has failed for this long, in milliseconds.
    pub window_ms: u64,
    /// Good looks in a row that verify a recovery.
    pub rise: u8,
    /// The least time that those good looks must span, in milliseconds.
    pub verify_ms: u64,
    /// After a start only death counts for this long, or until the first good look.
    pub start_grace_ms: u64,
    /// Down again within this time after a verified recovery counts against the rung.
    pub relapse_ms: u64,
    /// Healthy for this long: start back-off and rung memory are forgotten.
    pub healthy_reset_ms: u64,
    /// The first pause between two starts, in milliseconds; it doubles.
    pub backoff_first_ms: u64,
    /// The longest pause between two starts.
    pub backoff_max_ms: u64,
    /// How often restart and kill may be used.
    pub budget: Budget,
    /// The most disruptive acts of the ladder in one incident.
    pub incident_limit: u8,
    /// How often a gentle restart is made when the ladder is at its end.
    pub gentle_every_ms: u64,
    /// How long the conflicting or unclear is watched before the one gentle act.
    pub unknown_wait_ms: u64,
    /// How long each rung may take.
    pub deadlines: Deadlines,
}

impl AppPolicy {
    /// From one move of the CUSUM to the next, in milliseconds: at least an interval, and a third of the
    /// window, so that its alarm, which takes four failures, is never raised by one burst that is
    /// shorter than the window. Unless the failures are unbroken, the third is cut to whole intervals:
    /// looks come once an interval, and a pace of 5.3 s would count every second one of each 5 s.
    pub fn cusum_pace_ms(&self, interval_ms: u64, unbroken: bool) -> u64 {
        let third_ms = self.window_ms.div_ceil(3);
        let odd_ms = if unbroken { 0 } else { third_ms % interval_ms.max(1) };
        interval_ms.max(third_ms - odd_ms)
    }
}

/// How long each rung may take, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Deadlines {
    /// Start.
    pub start_ms: u32,
    /// Reload.
    pub reload_ms: u32,
    /// Restart.
    pub restart_ms: u32,
    /// Kill and start.
    pub kill_ms: u32,
    /// Reboot: the service manager's polite one.
    pub reboot_ms: u32,
}

impl Deadlines {
    /// Clean-up, in milliseconds; no key changes it. A folder of 100,000 files is read in less than a second,
    /// and a disk that is not sick deletes a thousand files in as much.
    pub const CLEAN_MS: u32 = 20_000;
}

/// How one probe is run and what it can witness.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ProbePolicy {
    /// Its name, unique within the app: `url`, `loopback`, `db`.
    pub name: String,
    /// What it looks at.
    pub view: View,
    /// Changes when the probe is aimed or judged differently: what an old one has seen pass says
    /// nothing about a new one.
    pub fingerprint: u64,
    /// From one start to the next while all is well, in milliseconds.
    pub interval_ms: u64,
    /// The same from the first failure on.
    pub fast_ms: u64,
    /// After this long a run is over, in milliseconds.
    pub timeout_ms: u64,
}

/// What a probe can witness.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum View {
    /// The app itself, on this machine's own loopback or unix socket, or by a command.
    App,
    /// Whether somebody listens, beside a view that asks for an answer. The kernel completes the handshake
    /// for a process that hangs or is stopped, so only a failure says something; but what is well again
    /// listens.
    Listener,
    /// The way that users take to it; it may fail for reasons that are not the app's.
    UserPath,
    /// Something that the app needs.
    Dependency,
}
