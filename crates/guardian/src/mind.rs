//! The guardian's mind: all that it knows and decides, and nothing that waits. It has no descriptor, reads
//! no clock of its own and starts nothing: its [`Body`] and its [`Clocks`] do that for it, so that the
//! same code guards a machine and, in virtual time, a simulated one.
//!
//! Whoever owns a mind turns it like this, for ever:
//!
//! 1. [`Mind::rest`] says until when to wait. Wait until then, or until something comes.
//! 2. [`Mind::woke`], with what `rest` said: it feels whether we were late or asleep.
//! 3. Everything that came: [`Mind::report`], [`Mind::landed`], [`Mind::see_hold_files`], [`Mind::ask`].
//! 4. [`Mind::turn`]; and the end if it says so.

mod ask;
mod beat;
mod begin;
mod body;
mod boot;
mod drill;
mod effects;
mod greeting;
mod hearing;
mod holds;
mod observe;
mod reload;
mod reports;
mod turn;

pub use crate::clock::Clocks;
pub use crate::sense::host::Watched;
pub use crate::sense::reading::Reading;
pub use crate::sense::size::Size;
pub use ask::Answer;
pub use begin::{Birth, Newborn};
pub use body::{Body, Broken, Landing};
pub use greeting::{Greeting, HANDSHAKE_MS, Handshake};
pub use holds::HoldFiles;
pub use reload::{Accepted, ConfigText, accept};

use crate::clock::Clock;
use crate::evidence::Bundles;
use crate::looks::Looks;
use crate::mailbox::Mailbox;
use crate::record::Record;
use crate::record::fold::Folds;
use crate::recorder::Recorder;
use crate::sense::Sense;
use crate::sense::passes::Passes;
use crate::setup::Ended;
use crate::status::Sources;
use beat::Beat;
use defib_config::spec::Config;
use defib_engine::effect::Effect;
use defib_engine::event::Event;
use defib_engine::id::AppId;
use defib_engine::state::State;
use defib_engine::time::Moment;
use defib_journal::boot::LastBoot;
use defib_journal::line::{BootId, Line};
use defib_journal::order::Request;
use defib_journal::recorder::Summary;
use holds::Holds;
use std::collections::{BTreeMap, BTreeSet};

/// What the guardian was told about itself and its config.
struct Identity {
    version: &'static str,
    pid: u32,
    boot: BootId,
    is_root: bool,
    config_loaded_wall_ms: u64,
    config_error: Option<String>,
    /// Guardians before us died too often.
    is_observe_only: bool,
}

/// The guardian, but for what waits.
pub struct Mind<B: Body> {
    body: B,
    clock: Clock,
    sense: Sense,
    config: Config,
    state: State,
    mailbox: Mailbox,
    effects: Vec<Effect>,
    looks: Looks,
    folds: Folds,
    bundles: Bundles,
    record: Record,
    recorder: Recorder,
    holds: Holds,
    beat: Beat,
    passes: Passes,
    /// Kept for their room: a pass over the machine allocates nothing.
    watched: Vec<Watched>,
    readings: Vec<Event>,
    /// Why rungs are not possible, by app.
    why_not: Vec<String>,
    /// How the boot before this one ended.
    last_boot: Option<LastBoot>,
    /// What the flight recorder says of the machine at its end.
    last_summary: Option<Summary>,
    /// When the executor was last asked for an app's process.
    identify_asked: BTreeMap<AppId, u64>,
    identity: Identity,
    /// Apps with a drill under way.
    drilled: BTreeSet<AppId>,
    last_woke: Moment,
    status_is_old: bool,
    status_shown_ms: u64,
    ended: Option<Ended>,
}

impl<B: Body> Mind<B> {
    /// Its body.
    pub fn body(&self) -> &B {
        &self.body
    }

    /// Its body, to be served.
    pub fn body_mut(&mut self) -> &mut B {
        &mut self.body
    }

    /// What it knows, for checkers.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What it guards, and by which rules.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Now, on the up-time line.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Ends the guardian, if nothing else has yet. The next [`turn`](Mind::turn) says so.
    pub fn end(&mut self, ended: Ended) {
        self.ended.get_or_insert(ended);
    }

    /// A link that is broken ends us: the executor starts a new guardian, or is gone itself.
    pub fn lose_link(&mut self, broken: Broken) {
        self.end(broken.into());
    }

    fn send(&mut self, request: &Request) {
        if let Err(broken) = self.body.send(request) {
            self.lose_link(broken);
        }
    }

    fn write(&mut self, up: Moment, line: Line<'static>) {
        self.record.write(&self.config.policy, up, line);
    }

    fn sources(&self) -> Sources<'_> {
        Sources {
            config: &self.config,
            state: &self.state,
            looks: &self.looks,
            why_not: &self.why_not,
            drilled: &self.drilled,
            clock: &self.clock,
        }
    }

    /// The apps that a name or `*` means.
    fn apps_named(&self, name: &str) -> Vec<AppId> {
        let apps = self.config.apps.iter().enumerate();
        apps.filter(|(_, app)| name == "*" || app.name == name)
            .map(|(index, _)| AppId(index as u16))
            .collect()
    }
}

impl From<Broken> for Ended {
    fn from(broken: Broken) -> Ended {
        match broken {
            Broken::Closed => Ended::ExecutorGone,
            Broken::Protocol(why) => Ended::Failed(why),
        }
    }
}
