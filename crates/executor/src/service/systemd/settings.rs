//! Where the service manager is to be reached.

use super::link::Road;
use crate::service::bus::address::{Address, SYSTEM_BUS};
use std::path::PathBuf;

/// PID 1's own socket, which answers without any bus.
const PRIVATE: &str = "/run/systemd/private";

/// How to reach systemd. Tests point all of it somewhere else.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The bus, as in `DBUS_SYSTEM_BUS_ADDRESS`.
    pub bus: String,
    /// PID 1's own socket, for when the bus is dead.
    pub private: Option<PathBuf>,
    /// The program for when neither answers.
    pub systemctl: Option<PathBuf>,
    /// Whether `start` apps may become transient units: only root may ask for them unasked.
    pub has_transient: bool,
    /// How long a connection may take until PID 1's first answer, in milliseconds.
    pub connect_ms: u64,
}

impl Settings {
    /// Those of this machine; if the environment names a bus, that one and no other way: whoever
    /// names it does not mean the PID 1 beside it.
    pub fn of_this_machine() -> Settings {
        let is_root = rustix::process::geteuid().is_root();
        let named = std::env::var("DBUS_SYSTEM_BUS_ADDRESS").unwrap_or_default();
        if !named.is_empty() {
            return Settings {
                bus: named,
                private: None,
                systemctl: None,
                has_transient: is_root,
                connect_ms: 5_000,
            };
        }
        let bus = SYSTEM_BUS.into();
        let systemctl = ["/usr/bin/systemctl", "/bin/systemctl"].map(PathBuf::from);
        Settings {
            bus,
            private: is_root.then(|| PRIVATE.into()),
            systemctl: systemctl.into_iter().find(|program| program.exists()),
            has_transient: is_root,
            connect_ms: 5_000,
        }
    }

    /// Whether there is a systemd behind them: sd_booted(3), or a bus that was named. A name that is
    /// no address, such as `disabled:`, means that there is none.
    pub(super) fn is_manager_here(&self) -> bool {
        if self.bus == SYSTEM_BUS {
            return std::path::Path::new("/run/systemd/system").is_dir();
        }
        !self.roads().is_empty()
    }

    pub(super) fn roads(&self) -> Vec<Road> {
        let buses = Address::list(&self.bus).into_iter().map(Road::Bus);
        let private = self.private.iter().map(|path| Road::Private(Address::Path(path.clone())));
        buses.chain(private).collect()
    }
}
