//! What a config means to the processes that do IO: where to look, and what to act on.
//!
//! `Config::apps[i]` and `Config::policy.apps[i]` describe the same app; `App::probes[j]` and
//! `AppPolicy::probes[j]` the same probe.

use defib_engine::policy::Policy;
use std::net::IpAddr;
use std::path::PathBuf;

/// A whole, validated config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The rules, for the engine.
    pub policy: Policy,
    /// The apps, for probes and acts.
    pub apps: Vec<App>,
    /// From the service manager's acceptance of a reboot until the machine must be gone, in milliseconds,
    /// 1 s to 10 min.
    pub polite_reboot_ms: u32,
    /// Whether a hardware watchdog may stand behind us.
    pub watchdog: Watchdog,
    /// What may be deleted when a disk is full.
    pub clean: Vec<CleanRule>,
}

/// Files that may be deleted when the disk that they lie on is full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanRule {
    /// Where they lie: an absolute, plain path that is not protected. Folders in it are never entered.
    pub folder: PathBuf,
    /// What they are called, with `*` and `?`.
    pub pattern: String,
    /// Not written to for so long, in milliseconds, 1 h to 365 d.
    pub older_ms: u64,
}

/// Whether a hardware watchdog may stand behind us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watchdog {
    /// Where the machine may be rebooted: a reset is a reboot.
    Auto,
    /// Never.
    Off,
}

/// What an order to reboot has for everything beside that, in milliseconds: 10 s for the service manager's
/// answer, 10 s for its reboot without stop jobs, 5 s for reboot(2), 5 s for sysrq, 120 s for a hardware
/// watchdog.
pub const AFTER_POLITE_MS: u32 = 150_000;

/// One app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Its name.
    pub name: String,
    /// Where to look.
    pub probes: Vec<ProbeSpec>,
    /// What to act on.
    pub target: Target,
    /// How its main process is known.
    pub process: ProcessSource,
}

/// How the main process of an app is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessSource {
    /// It is our child.
    Child,
    /// The service manager says.
    Unit,
    /// Whoever listens on this port of the loopback.
    Port(u16),
    /// A file holds its number.
    Pidfile(PathBuf),
    /// It is this one.
    Pid(u32),
    /// It is not known.
    Unknown,
}

/// What to act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A command that defib starts and keeps.
    Child(ChildSpec),
    /// A systemd unit.
    Unit(UnitSpec),
    /// A command of the user's that recovers the app.
    Recover(CommandSpec),
    /// Nothing: look and report.
    Nothing,
}

/// A command that defib starts and keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildSpec {
    /// Program and arguments; no shell.
    pub argv: Vec<String>,
    /// The user to run as; `None` keeps ours (never root: the config refuses it under root).
    pub user: Option<String>,
    /// The working directory.
    pub directory: Option<PathBuf>,
    /// Extra environment.
    pub environment: Vec<(String, String)>,
    /// A command for [`Rung::Reload`](defib_engine::effect::Rung::Reload) is not needed: HUP is sent
    /// if this is true.
    pub reload_by_hup: bool,
    /// Between TERM and KILL, in milliseconds.
    pub grace_ms: u32,
}

/// A systemd unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitSpec {
    /// Its full name, with suffix.
    pub name: String,
    /// Between TERM and KILL, in milliseconds.
    pub grace_ms: u32,
}

/// A command of the user's, as a probe or an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandSpec {
    /// Program and arguments; no shell.
    pub argv: Vec<String>,
    /// The user to run as.
    pub user: Option<String>,
}

/// One probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeSpec {
    /// What is done.
    pub kind: ProbeKind,
    /// The least duration of a *slow* pass, in milliseconds; 0 is off.
    pub slow_ms: u32,
    /// Made from `url` by defib: look at the local listener of that port with the same Host and
    /// SNI. If there is none, the run says
    /// [`NothingThere`](defib_engine::seen::UnknownWhy::NothingThere).
    pub derived: bool,
    /// A deadline for each phase, in milliseconds; 0 leaves the phase to the whole run's deadline,
    /// `ProbePolicy::timeout_ms`.
    pub phases: PhaseDeadlines,
}

/// A deadline for each phase, in milliseconds; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhaseDeadlines {
    /// Name to address.
    pub resolve_ms: u32,
    /// TCP or unix handshake.
    pub connect_ms: u32,
    /// TLS handshake.
    pub tls_ms: u32,
    /// Request to first byte.
    pub first_byte_ms: u32,
    /// First byte to last.
    pub body_ms: u32,
}

/// What a probe does. A new kind is a variant here, and one file and one line in the guardian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    /// One HTTP or HTTPS request.
    Http(Box<HttpSpec>),
    /// One TCP (or unix socket) connect.
    Tcp(Endpoint),
    /// One run of a command with Nagios' exit codes.
    Command(CommandSpec),
}

/// Where to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// An address.
    Ip(IpAddr, u16),
    /// A name, resolved at each run.
    Name {
        /// The name.
        host: String,
        /// The port.
        port: u16,
        /// Which kind of address to take.
        family: Family,
    },
    /// A unix socket.
    Unix(PathBuf),
}

/// Which kind of address to take. One address is tried, never a second: a probe must know what it
/// tested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// IPv4 if there is one, else IPv6.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// One HTTP request and what is expected of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSpec {
    /// Where to connect.
    pub endpoint: Endpoint,
    /// TLS, for https.
    pub tls: Option<TlsSpec>,
    /// GET, HEAD, ...
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The Host header.
    pub host: String,
    /// Further headers, in order.
    pub headers: Vec<(String, String)>,
    /// The expected statuses.
    pub expect: StatusSet,
    /// Text that the body must contain.
    pub body_contains: Option<String>,
    /// A pattern (regex-lite syntax, validated) that the body must match.
    pub body_regex: Option<String>,
    /// The most bytes of a body that are read. More is a fault only if `body_cap_is_fault`.
    pub body_max: u32,
    /// Whether a longer body is a fault; otherwise reading stops at the cap.
    pub body_cap_is_fault: bool,
    /// How many redirects are followed.
    pub redirects_max: u8,
}

/// TLS of one probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSpec {
    /// The name in SNI and in the certificate.
    pub server_name: String,
    /// Trust only this file's authorities; `None` trusts the system's.
    pub ca_file: Option<PathBuf>,
}

/// A set of HTTP statuses, as ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusSet(pub Vec<(u16, u16)>);

impl StatusSet {
    /// Whether `code` is expected.
    pub fn has(&self, code: u16) -> bool {
        self.0.iter().any(|&(low, high)| (low..=high).contains(&code))
    }
}
