//! What an agent can notice of the world.

use defib_engine::event::Exit;
use defib_engine::id::Identity;
use defib_engine::seen::Seen;

/// One thing that can be noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// A look that the agent began has ended.
    Looked {
        /// Which app.
        app: usize,
        /// Which probe.
        probe: usize,
        /// The agent's own number for it.
        attempt: u32,
        /// When it began, in true time.
        began_ms: u64,
        /// When it ended, in true time.
        ended_ms: u64,
        /// What it saw.
        seen: Seen,
    },
    /// A main process ended.
    Died {
        /// Which app.
        app: usize,
        /// Which process.
        identity: Identity,
        /// How.
        exit: Exit,
        /// Its supervisor is going to start it again, after so long.
        restart_ms: Option<u64>,
    },
    /// A new main process of a unit is known (to the service manager).
    Born {
        /// Which app.
        app: usize,
        /// Which process.
        identity: Identity,
    },
    /// A person stopped the app.
    Stopped {
        /// Which app.
        app: usize,
    },
    /// A person's stop is over.
    Resumed {
        /// Which app.
        app: usize,
    },
    /// A person asks for quiet.
    Held {
        /// Which app.
        app: usize,
        /// For how long.
        ms: u64,
    },
    /// And ends it.
    Released {
        /// Which app.
        app: usize,
    },
    /// The config is to be read again.
    Reload,
    /// The machine is going down, politely.
    ShuttingDown,
    /// A job of the service manager ended.
    JobDone {
        /// The agent's own number for it.
        job: u64,
        /// Whether it did what it should.
        ok: bool,
    },
}
