//! Probes: one look at an app, as a state machine that is told the time and never blocks.
//!
//! The driver owns the clock and the epoll descriptor. It starts a run, calls
//! [`Run::advance`] at once, and again whenever the run's token is ready or its deadline has come,
//! until the run is done. Dropping a run ends and closes everything that it began.
//!
//! A new kind of probe is one file with a [`Kind`] and one line in [`kind_of`].

mod command;
mod dial;
mod errno;
mod http;
mod look;
mod looker;
mod once;
mod poller;
mod resolve;
mod stopwatch;
mod tcp;
mod time;
mod tls;

pub(crate) use http::judge_pieces;
pub use look::{Detail, Look, Phases};
pub use looker::{Looker, LookerSettings};
pub use once::{boottime, look_once};
pub use poller::{Interest, Poller};
pub use resolve::ResolverFiles;
pub use time::Micros;

use defib_config::spec::{ProbeKind, ProbeSpec};
use stopwatch::Stopwatch;

/// A probe that is ready to be run: what the config asked for, with patterns compiled and requests
/// spelled out once instead of at each run.
pub struct Probe {
    kind: Box<dyn Kind>,
    spec: ProbeSpec,
}

/// What the owner of a probe knows at the start of a run.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// After this long the run is over.
    pub timeout_ms: u32,
    /// Whether an earlier run of this probe has been answered ([`Look::answered`]). Until then a
    /// *derived* probe takes a refusal for "nothing listens on the loopback here", which says
    /// nothing about the app.
    pub listener_seen: bool,
}

/// One run of a probe.
pub trait Run {
    /// Goes as far as it can without waiting. `now` must not run backwards.
    ///
    /// The descriptors that it waits for are registered with `poller`, level triggered.
    fn advance(&mut self, looker: &mut Looker, poller: &Poller<'_>, now: Micros) -> Progress;
}

/// How far a run has come.
#[derive(Debug)]
pub enum Progress {
    /// Call again when the run's token is ready, and at `deadline` in any case.
    Waiting {
        /// When at the latest.
        deadline: Micros,
    },
    /// The run is over and holds nothing any more that waits; drop it.
    Done(Box<Look>),
}

impl Progress {
    /// The same, but to be called again at `at` if that is earlier.
    fn by(self, at: Micros) -> Progress {
        match self {
            Progress::Waiting { deadline } => Progress::Waiting { deadline: deadline.min(at) },
            done @ Progress::Done(_) => done,
        }
    }

    /// The same, with this text if it is over.
    fn with_detail(self, detail: Detail) -> Progress {
        match self {
            Progress::Done(look) => Progress::Done(Box::new(Look { detail, ..*look })),
            waiting @ Progress::Waiting { .. } => waiting,
        }
    }

    /// The same, and the other side has answered.
    fn answered(self) -> Progress {
        match self {
            Progress::Done(look) => Progress::Done(Box::new(Look { answered: true, ..*look })),
            waiting @ Progress::Waiting { .. } => waiting,
        }
    }
}

/// One way of looking.
trait Kind {
    /// Begins a run. Nothing is opened before its first `advance`.
    fn start(&self, terms: Terms, watch: Stopwatch) -> Box<dyn Run>;
}

/// The table of kinds.
fn kind_of(spec: &ProbeSpec) -> Result<Box<dyn Kind>, String> {
    Ok(match &spec.kind {
        ProbeKind::Http(http) => Box::new(http::HttpKind::new(http, spec.derived)?),
        ProbeKind::Tcp(endpoint) => Box::new(tcp::TcpKind::new(endpoint, spec.derived)),
        ProbeKind::Command(command) => Box::new(command::CommandKind::new(command)?),
    })
}

impl Probe {
    /// Prepares a probe. The error is a sentence about the value that cannot be used; a config
    /// that was validated gives none.
    pub fn new(spec: &ProbeSpec) -> Result<Probe, String> {
        Ok(Probe { kind: kind_of(spec)?, spec: spec.clone() })
    }

    /// What the config asked for.
    pub fn spec(&self) -> &ProbeSpec {
        &self.spec
    }

    /// Begins a run at `now`. Nothing happens before its first [`Run::advance`].
    pub fn start(&self, terms: Terms, now: Micros) -> Box<dyn Run> {
        let watch = Stopwatch::start(now, terms.timeout_ms, self.spec.phases, self.spec.slow_ms);
        self.kind.start(terms, watch)
    }
}

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Probe").field(&self.spec).finish()
    }
}
