//! Hardware watchdogs, through sysfs alone: to open one is to arm it.

use super::kernel::Kernel;
use super::root::Root;

/// The watchdogs of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Watchdogs {
    /// Those with a driver.
    pub(crate) devices: Vec<Device>,
    /// Whether a node is there, with a driver or without.
    pub(crate) has_node: bool,
    /// Whether the kernel could make one of a timer of its own.
    pub(crate) has_softdog: bool,
}

/// One watchdog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Device {
    /// Such as `watchdog0`.
    pub(crate) name: String,
    /// What its driver calls it.
    pub(crate) identity: String,
    /// Unfed for so long it resets the machine.
    pub(crate) timeout_s: Option<i64>,
    /// Whether it cannot be disarmed once it is armed.
    pub(crate) is_for_ever: bool,
    /// Whether somebody has armed it.
    pub(crate) is_armed: bool,
}

impl Watchdogs {
    pub(super) fn read(root: &Root, kernel: &Kernel) -> Watchdogs {
        const FOLDER: &str = "/sys/class/watchdog";
        let names = root.names(FOLDER);
        let devices = names.iter().map(|name| {
            let value = |key: &str| root.word(&format!("{FOLDER}/{name}/{key}"));
            Device {
                name: name.clone(),
                identity: value("identity").unwrap_or_default(),
                timeout_s: value("timeout").and_then(|text| text.parse().ok()),
                is_for_ever: value("nowayout").as_deref() == Some("1"),
                is_armed: value("state").as_deref() == Some("active"),
            }
        });
        Watchdogs {
            devices: devices.collect(),
            has_node: root.has("/dev/watchdog") || root.has("/dev/watchdog0"),
            has_softdog: kernel.has_module(root, "drivers/watchdog", "softdog"),
        }
    }
}
