//! What a person has decided beforehand. Built and validated by the config crate; the engine
//! takes it as given.

use crate::effect::Rung;
use crate::note::Class;
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
        Budget { short_ms: 3_600_000, short_limit: 4, long_ms: 86_400_000, long_limit: 10 };
    /// Reboot: 1 in 6 hours, 2 a day.
    pub const REBOOTS: Budget =
        Budget { short_ms: 21_600_000, short_limit: 1, long_ms: 86_400_000, long_limit: 2 };
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
    /// The way that users take to it; it may fail for reasons that are not the app's.
    UserPath,
    /// Something that the app needs.
    Dependency,
}

/// What each observation weighs, in decibans (docs/decisions/004).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Weights {
    /// The known process is gone.
    pub died_db: i16,
    /// Refused on loopback.
    pub refused_db: i16,
    /// No answer in time on loopback.
    pub timeout_db: i16,
    /// Reset, or closed without an answer.
    pub reset_db: i16,
    /// 5xx.
    pub server_error_db: i16,
    /// A wrong or broken body.
    pub body_db: i16,
    /// A check command says critical.
    pub command_db: i16,
    /// Any failure of the user path while no view of the app itself fails.
    pub outside_db: i16,
    /// A good look. Negative.
    pub pass_db: i16,
    /// The most that one sampled source may add before `window`.
    pub source_cap_db: i16,
    /// What a failed look adds to the CUSUM of partial failure (docs/decisions/004).
    pub cusum_fail: i16,
    /// What a good look takes from it.
    pub cusum_pass: i16,
}

impl Weights {
    /// The field's figures, argued in docs/decisions/004.
    pub const FIELD: Weights = Weights {
        died_db: 70,
        refused_db: 50,
        timeout_db: 27,
        reset_db: 27,
        server_error_db: 29,
        body_db: 29,
        command_db: 29,
        outside_db: 6,
        pass_db: -10,
        source_cap_db: 55,
        cusum_fail: 10,
        cusum_pass: 1,
    };
}

/// How much evidence each act needs, in decibans: 54 (the prior of a fresh fault) plus
/// 10·log10 of the odds at which acting is worth its price (docs/decisions/004).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Bars {
    /// Start what is dead.
    pub start_db: i16,
    /// Kill what hangs.
    pub kill_db: i16,
    /// Restart what answers wrongly.
    pub restart_db: i16,
    /// Reboot.
    pub reboot_db: i16,
    /// The CUSUM's alarm.
    pub cusum_alarm: i16,
}

impl Bars {
    /// The field's figures, argued in docs/decisions/004.
    pub const FIELD: Bars =
        Bars { start_db: 57, kill_db: 61, restart_db: 67, reboot_db: 69, cusum_alarm: 36 };
}

/// A set of rungs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct RungSet(pub u8);

impl RungSet {
    /// None.
    pub const NONE: RungSet = RungSet(0);

    /// This set and one more.
    #[must_use]
    pub const fn with(self, rung: Rung) -> RungSet {
        RungSet(self.0 | 1 << rung as u8)
    }

    /// Whether `rung` is in it.
    pub const fn has(self, rung: Rung) -> bool {
        self.0 & (1 << rung as u8) != 0
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: RungSet) -> RungSet {
        RungSet(self.0 & other.0)
    }
}

/// A set of fault classes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ClassSet(pub u32);

impl ClassSet {
    /// None.
    pub const NONE: ClassSet = ClassSet(0);
    /// The classes that a reboot may follow unless the config says otherwise.
    pub const REBOOT_DEFAULT: ClassSet = ClassSet::NONE
        .with(Class::Dead)
        .with(Class::Hung)
        .with(Class::Memory)
        .with(Class::KernelIo);

    /// This set and one more.
    #[must_use]
    pub const fn with(self, class: Class) -> ClassSet {
        ClassSet(self.0 | 1 << class as u32)
    }

    /// Whether `class` is in it.
    pub const fn has(self, class: Class) -> bool {
        self.0 & (1 << class as u32) != 0
    }
}
