//! What carries a mind: everything that it does to the world, but for its journal.

use crate::probe::Look;
use crate::sense::host::Watched;
use crate::sense::reading::Reading;
use defib_config::spec::Config;
use defib_engine::event::Event;
use defib_engine::id::ProbeId;
use defib_journal::order::Request;

/// The way to the executor, and the probes. The guardian's own has sockets and epoll; the simulator's
/// has queues. A body never calls back: what comes in is given to the mind by whoever owns both.
pub trait Body {
    /// The probes of a config, ready to be run.
    type Probes;

    /// Says something to the executor: now, or as soon as it has room, in order.
    fn send(&mut self, request: &Request) -> Result<(), Broken>;

    /// Whether something waits that the executor has had no room for. No beat is queued behind it.
    fn is_backed_up(&self) -> bool;

    /// Prepares every probe of a config, beside those that are in use. The error is a sentence that
    /// names the probe that cannot be used.
    fn prepare(&self, config: &Config) -> Result<Self::Probes, String>;

    /// Takes new probes into use. Looks that are under way end without a landing.
    fn adopt(&mut self, probes: Self::Probes);

    /// Begins a look, at the latest in the next [`landings`](Body::landings). A look of the same probe
    /// that is under way is given up for it, unless it bears the same number.
    fn look(&mut self, probe: ProbeId, attempt: u32);

    /// Begins an extra look with every probe that is not looking.
    fn look_at_all(&mut self);

    /// Goes on with all looks that are due, and gives those that are over.
    fn landings(&mut self) -> Vec<Landing>;

    /// When the next look is due to be gone on with, in microseconds of CLOCK_BOOTTIME.
    fn deadline_us(&self) -> Option<u64>;

    /// Whether the machine can be read here; a body without a machine has nothing to read.
    fn has_host(&self) -> bool {
        false
    }

    /// Why nothing wakes it when memory is short; `None` if something does ([`Mind::press`](super::Mind::press)).
    fn why_no_trigger(&self) -> Option<&str> {
        Some("nothing here can tell")
    }

    /// Reads the machine and these apps, and appends what the engine is to be told.
    fn read_host(&mut self, watched: &[Watched], events: &mut Vec<Event>) {
        let _ = (watched, events);
    }

    /// The last reading, whole, for the flight recorder.
    fn reading(&self) -> Option<&Reading> {
        None
    }
}

/// A look that is over.
#[derive(Debug)]
pub struct Landing {
    /// Which probe.
    pub probe: ProbeId,
    /// `None` for an extra look, which the engine did not ask for and is not told: its weights hold
    /// for looks at its own pace, and two looks at once are one piece of evidence.
    pub attempt: Option<u32>,
    /// When it began, in microseconds of CLOCK_BOOTTIME.
    pub started_us: u64,
    /// When it ended.
    pub ended_us: u64,
    /// What it saw.
    pub look: Look,
}

/// Why the way to the executor is of no use any more.
#[derive(Debug)]
pub enum Broken {
    /// The executor has closed its end: it is gone, or we are to be.
    Closed,
    /// It says what we do not understand, or does not say what it must.
    Protocol(String),
}
