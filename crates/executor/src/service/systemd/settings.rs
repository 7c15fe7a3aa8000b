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
    /// The real ones.
    pub fn of_this_machine() -> Settings {
        let is_root = rustix::process::geteuid().is_root();
        let bus = std::env::var("DBUS_SYSTEM_BUS_ADDRESS").unwrap_or_else(|_| SYSTEM_BUS.into());
        let systemctl = ["/usr/bin/systemctl", "/bin/systemctl"].map(PathBuf::from);
        Settings {
            bus,
            private: is_root.then(|| PRIVATE.into()),
            systemctl: systemctl.into_iter().find(|program| program.exists()),
            has_transient: is_root,
            connect_ms: 5_000,
        }
    }

    pub(super) fn roads(&self) -> Vec<Road> {
        let buses = Address::list(&self.bus).into_iter().map(Road::Bus);
        let private = self.private.iter().map(|path| Road::Private(Address::Path(path.clone())));
        buses.chain(private).collect()
    }
}
