//! What the executor knows of one app while it runs.

use crate::act::Act;
use crate::adoption::Stranger;
use crate::boundary::{Group, Held};
use crate::manager::UnitState;
use defib_config::spec::{App, Endpoint, ProbeKind, ProcessSource};
use defib_engine::event::Exit;
use defib_engine::id::{Identity, IncidentId};
use std::net::{Ipv4Addr, SocketAddr};

/// One app, by its index in the config.
#[derive(Debug, Default)]
pub(crate) struct AppState {
    /// Its main process, while it is known and lives.
    pub(crate) main: Option<Held>,
    /// Its main process is this one, but there was no descriptor to hold it by: when that is tried again.
    pub(crate) unheld: Option<(u64, Identity)>,
    /// Its own cgroup, opened for the last main process that was known.
    pub(crate) group: Option<Box<dyn Group>>,
    /// How it ended, if it was our child and has been reaped before its pidfd was looked at, or if
    /// the service manager has said so.
    pub(crate) reaped: Option<(u32, Exit)>,
    /// How the last main process that we knew ended.
    pub(crate) last_exit: Option<Exit>,
    /// The act that runs on it.
    pub(crate) act: Option<Act>,
    /// Where its unit stands, as far as the manager said.
    pub(crate) unit: Option<UnitState>,
    /// Its unit's own restart comes in so many milliseconds; used up by the next death.
    pub(crate) restart_in_ms: Option<u32>,
    /// Its unit's process ended; told when the manager has said more, or then.
    pub(crate) unit_death: Option<(u64, Identity)>,
    /// The manager has said that its unit has no ExecReload=.
    pub(crate) cannot_reload: bool,
    /// A person has stopped its unit.
    pub(crate) is_stopped: bool,
    /// A death was told and no life since.
    pub(crate) told_dead: bool,
    /// The process that was found running, started by somebody else, when the app was not known to run.
    pub(crate) adopted: Option<Identity>,
    /// When the last known main process ended.
    pub(crate) died_ms: Option<u64>,
    /// What is left of an adopted life, whose processes have no session of their own: it ends before the next
    /// start.
    pub(crate) left: Vec<Identity>,
    /// Somebody else listens where it is to listen.
    pub(crate) stranger: Option<Stranger>,
    /// A bundle lacks the listener of the app's port: from when on, and of which incident.
    pub(crate) listener_due: Option<(u64, IncidentId)>,
}

impl AppState {
    /// Its main process, though it may not be held.
    pub(crate) fn known(&self) -> Option<Identity> {
        self.identity().or(self.unheld.map(|(_, identity)| identity))
    }

    /// The identity of its main process.
    pub(crate) fn identity(&self) -> Option<Identity> {
        self.main.as_ref().map(|main| main.identity)
    }
}

/// The port that the app is to listen on, as its process or its first look on this machine says.
pub(crate) fn port(app: &App) -> Option<u16> {
    if let ProcessSource::Port(port) = app.process {
        return Some(port);
    }
    address(app).map(|address| address.port())
}

/// The address of this machine at which the app is looked at first.
pub(crate) fn address(app: &App) -> Option<SocketAddr> {
    app.probes.iter().find_map(|probe| match &probe.kind {
        ProbeKind::Http(http) => local(&http.endpoint),
        ProbeKind::Tcp(endpoint) => local(endpoint),
        ProbeKind::Command(_) => None,
    })
}

fn local(endpoint: &Endpoint) -> Option<SocketAddr> {
    match endpoint {
        Endpoint::Ip(ip, port) if ip.is_loopback() => Some((*ip, *port).into()),
        Endpoint::Name { host, port, .. } if host == "localhost" => {
            Some((Ipv4Addr::LOCALHOST, *port).into())
        }
        _ => None,
    }
}
