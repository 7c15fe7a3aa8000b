//! PID 1, the roads to it, and what its own settings say.

use super::conf::{Amount, Settings, read_conf, time_span_ms};
use super::root::Root;

/// Where systemd's own settings are, the more important place first.
const FOLDERS: [&str; 5] =
    ["/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd"];

/// The service manager.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Manager {
    /// The name of PID 1.
    pub(crate) first_process: String,
    /// Whether systemd runs the machine (sd_booted(3)).
    pub(crate) is_systemd: bool,
    /// systemd's version, by the name of its library.
    pub(crate) version: Option<u32>,
    /// Whether the system bus is there.
    pub(crate) has_bus: bool,
    /// Whether PID 1's own socket is there.
    pub(crate) has_private: bool,
    /// Whether the log survives a boot.
    pub(crate) journal: Journal,
    /// What `RuntimeWatchdogSec=` says, unless it is off: then PID 1 has the watchdog.
    pub(crate) runtime_watchdog: Option<String>,
    /// `DefaultTimeoutStopSec=`.
    pub(crate) default_timeout_stop: Option<String>,
    /// `DefaultOOMPolicy=`.
    pub(crate) default_oom_policy: Option<String>,
}

/// Whether the log survives a boot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Journal {
    /// It does.
    Persistent,
    /// It does not.
    Volatile,
    /// There is no journald.
    #[default]
    Nothing,
}

impl Manager {
    pub(super) fn read(root: &Root) -> Manager {
        let is_systemd = root.has("/run/systemd/system");
        let system = read_conf(root, &FOLDERS, "system.conf");
        let get = |key: &str| system.get("Manager", key).map(ToOwned::to_owned);
        Manager {
            first_process: root.word("/proc/1/comm").unwrap_or_default(),
            is_systemd,
            version: version(root),
            has_bus: root.has("/run/dbus/system_bus_socket"),
            has_private: root.has("/run/systemd/private"),
            journal: if is_systemd { journal(root) } else { Journal::Nothing },
            runtime_watchdog: get("RuntimeWatchdogSec")
                .filter(|value| is_systemd && !is_off(value)),
            default_timeout_stop: get("DefaultTimeoutStopSec"),
            default_oom_policy: get("DefaultOOMPolicy"),
        }
    }

    /// Whether PID 1 can be asked for something.
    pub(crate) fn is_reachable(&self) -> bool {
        self.has_bus || self.has_private
    }
}

/// `default` and `infinity` leave the device its own time, and PID 1 feeds it all the same.
fn is_off(value: &str) -> bool {
    value == "off" || time_span_ms(value) == Some(Amount::Of(0))
}

/// `auto` is persistent where the folder is (journald.conf(5)).
fn journal(root: &Root) -> Journal {
    let settings: Settings = read_conf(root, &FOLDERS, "journald.conf");
    match settings.get("Journal", "Storage").unwrap_or("auto") {
        "persistent" => Journal::Persistent,
        "auto" if root.has("/var/log/journal") => Journal::Persistent,
        _ => Journal::Volatile,
    }
}

/// `libsystemd-shared-252.so`, `libsystemd-shared-256.7-1.fc41.so`: no process is started for a number.
fn version(root: &Root) -> Option<u32> {
    let usual = ["/usr/lib/systemd", "/lib/systemd", "/usr/lib64/systemd"].map(ToOwned::to_owned);
    let by_kind = root.names("/usr/lib").into_iter().filter(|name| name.contains("-linux-"));
    let folders = usual.into_iter().chain(by_kind.map(|name| format!("/usr/lib/{name}/systemd")));
    folders.flat_map(|folder| root.names(&folder)).find_map(|name| {
        let rest = name.strip_prefix("libsystemd-shared-")?;
        rest.split(|one: char| !one.is_ascii_digit()).next()?.parse().ok()
    })
}
