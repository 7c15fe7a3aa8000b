//! What runs share, and keep between them.

use super::command::Graveyard;
use super::resolve::{Resolver, ResolverFiles};
use super::tls::Trusts;
use defib_config::spec::{ProbeKind, ProbeSpec};
use std::ffi::OsString;

/// Bytes read at once. One TLS record is at most 16 KiB; few answers to a probe are longer.
const BUFFER_LEN: usize = 16 * 1024;

/// What the looker is told once.
#[derive(Clone, Debug, Default)]
pub struct LookerSettings {
    /// How names are resolved here.
    pub resolver: ResolverFiles,
    /// The program and arguments of our own role that becomes another user and then executes a
    /// command, called as `exec_child... --user USER -- COMMAND...`. If it is empty, a check command
    /// that names a user cannot be started.
    pub exec_child: Vec<OsString>,
}

/// Owns what is shared by runs: certificate authorities (read when first needed, then kept), the
/// resolver with its answers, the read buffer, and ended check commands that have yet to be
/// reaped. One for each loop; make a new one when the config is loaded again.
#[derive(Debug)]
pub struct Looker {
    pub(super) resolver: Resolver,
    pub(super) trusts: Trusts,
    pub(super) buffer: Box<[u8]>,
    pub(super) exec_child: Vec<OsString>,
    pub(super) graveyard: Graveyard,
}

impl Looker {
    /// A new one. Reads nothing yet.
    pub fn new(settings: LookerSettings) -> Looker {
        Looker {
            resolver: Resolver::new(settings.resolver),
            trusts: Trusts::default(),
            buffer: vec![0; BUFFER_LEN].into_boxed_slice(),
            exec_child: settings.exec_child,
            graveyard: Graveyard::default(),
        }
    }

    /// Reads the authorities that these probes trust: before the first look, so that what reading leaves behind can
    /// be given back before memory is locked. What cannot be read is tried again, and told, by the look that needs it.
    pub fn read_authorities<'a>(&mut self, probes: impl Iterator<Item = &'a ProbeSpec>) {
        for probe in probes {
            if let ProbeKind::Http(http) = &probe.kind
                && let Some(tls) = &http.tls
            {
                let _ = self.trusts.of(tls.ca_file.as_deref());
            }
        }
    }
}
