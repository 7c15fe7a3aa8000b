//! The `[machine]` section.

use crate::JournalLimits;
use crate::clean;
use crate::diagnostic::Problems;
use crate::section::Section;
use crate::spec::{CleanRule, Watchdog};
use crate::units::{duration, in_words, size};
use crate::value::{choice, number};
use defib_engine::policy::{Mode, Permission};

const MODES: [(&str, Mode); 2] = [("act", Mode::Act), ("observe", Mode::Observe)];
const PERMISSIONS: [(&str, Permission); 2] =
    [("never", Permission::Never), ("allowed", Permission::Allowed)];
const WATCHDOGS: [(&str, Watchdog); 2] = [("auto", Watchdog::Auto), ("off", Watchdog::Off)];

/// What holds for the whole machine.
pub(crate) struct Machine {
    pub(crate) mode: Mode,
    pub(crate) reboot: Permission,
    pub(crate) min_uptime_ms: u64,
    pub(crate) reboot_timeout_ms: u64,
    pub(crate) watchdog: Watchdog,
    pub(crate) journal: JournalLimits,
    pub(crate) clean: Vec<CleanRule>,
}

impl Machine {
    /// A text without `[machine]` acts, and never reboots.
    pub(crate) const DEFAULT: Machine = Machine {
        mode: Mode::Act,
        reboot: Permission::Never,
        min_uptime_ms: 900_000,
        reboot_timeout_ms: 30_000,
        watchdog: Watchdog::Auto,
        journal: JournalLimits { days: 30, bytes: 64 << 20 },
        clean: Vec::new(),
    };
}

/// Reads `[machine]`. It must say its `mode`, and be a section with a head line of its own: then
/// no single line can be lost or damaged so that defib does more than before.
pub(crate) fn read(section: &Section<'_>, text: &str, problems: &Problems) -> Machine {
    let default = Machine::DEFAULT;
    if !section.has("mode") {
        problems
            .error(section.span.clone(), "[machine] does not say its `mode`")
            .hint("add mode = \"act\", or mode = \"observe\" to record decisions and do nothing");
    }
    let before = text.get(..section.span.start).unwrap_or_default();
    if !before.trim_end_matches([' ', '\t']).ends_with('[') {
        problems
            .error(section.span.clone(), "`machine` must be a section")
            .hint("write the line [machine], and each key on a line below it");
    }
    let machine = Machine {
        mode: section.get("mode", choice(&MODES)).unwrap_or(Mode::Observe),
        reboot: section.get("reboot", choice(&PERMISSIONS)).unwrap_or(Permission::Never),
        min_uptime_ms: section
            .get("min_uptime", duration(0..=604_800_000))
            .unwrap_or(default.min_uptime_ms),
        reboot_timeout_ms: section
            .get("reboot_timeout", duration(1_000..=600_000))
            .unwrap_or(default.reboot_timeout_ms),
        watchdog: section.get("watchdog", choice(&WATCHDOGS)).unwrap_or(default.watchdog),
        journal: JournalLimits {
            days: section.get("journal_days", number(1..=3_650)).unwrap_or(30) as u16,
            bytes: section
                .get("journal_bytes", size(1 << 20..=64 << 30))
                .unwrap_or(default.journal.bytes),
        },
        clean: clean::read(section),
    };
    section.finish();
    if machine.reboot == Permission::Allowed && machine.min_uptime_ms < 300_000 {
        let uptime = in_words(machine.min_uptime_ms);
        problems
            .warning(
                section.span_of("min_uptime"),
                format!("the machine may reboot {uptime} after it came up"),
            )
            .hint("leave a person time to log in and stop it: 15m is the default");
    }
    machine
}
