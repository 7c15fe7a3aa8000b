//! The lines of the journal: one JSON object each, with a number, two times, a kind and a checksum.
//! `docs/formats/journal.md` is the contract.

mod codec;
mod kind;
mod plain;
#[cfg(test)]
mod tests;
mod wall;

pub use codec::{Head, LINE_MAX, Torn, VERSION, decode_head, decode_line, encode_line};
pub use plain::{BootId, PhaseUs, TextCrc, evidence_text};
pub use wall::{DayNumber, day_of, format_wall, parse_wall};

use crate::boot::{BootEnding, Trace};
use crate::drill::{DrillKind, DrillStage};
use crate::order::ActStep;
use crate::recorder::Summary;
use defib_engine::effect::{Order, Rung};
use defib_engine::event::{Event, Outcome};
use defib_engine::id::{AppId, IncidentId, IntentId};
use defib_engine::note::{Class, Note};
use defib_engine::policy::{Mode, Policy, RungSet};
use defib_engine::seen::Seen;
use defib_engine::state::State;
use defib_engine::time::Moment;
use std::borrow::Cow;

/// One line as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number: grows by one a line, across files and restarts.
    pub seq: u64,
    /// The wall clock, in milliseconds since 1970; for people only.
    pub wall_ms: u64,
    /// The engine's time.
    pub up: Moment,
    /// What it says.
    pub line: Line<'static>,
}

/// What a line says. Large and borrowed things are `Cow`, so that writing one clones nothing:
/// `Line::Checkpoint { state: Cow::Borrowed(&state) }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// The guardian starts.
    Started {
        /// The version of defib.
        version: Cow<'a, str>,
        /// The guardian's process.
        pid: u32,
        /// This boot.
        boot: BootId,
        /// Whether decisions are carried out.
        mode: Mode,
        /// The CRC-32 of the config's text.
        config: TextCrc,
    },
    /// The rules in force from here on.
    Policy {
        /// All of them.
        policy: Cow<'a, Policy>,
    },
    /// The engine's memory at this point.
    Checkpoint {
        /// All of it.
        state: Cow<'a, State>,
    },
    /// An event as it was fed to the engine.
    Event {
        /// Which.
        event: Cow<'a, Event>,
    },
    /// What the engine wants remembered.
    Note {
        /// Which.
        note: Cow<'a, Note>,
    },
    /// An order, written before it is sent.
    Order {
        /// Which.
        order: Order,
    },
    /// One look that is worth a line.
    Probe {
        /// Which app.
        app: AppId,
        /// Which of its probes.
        probe: u8,
        /// What it saw.
        seen: Seen,
        /// A sentence for people.
        detail: Cow<'a, str>,
        /// Name to address.
        resolve_us: PhaseUs,
        /// TCP or unix handshake.
        connect_us: PhaseUs,
        /// TLS handshake.
        tls_us: PhaseUs,
        /// Request to first byte.
        first_byte_us: PhaseUs,
        /// First byte to last.
        body_us: PhaseUs,
        /// A command's run.
        command_us: PhaseUs,
    },
    /// One minute of looks of one probe.
    Minute {
        /// Which app.
        app: AppId,
        /// Which of its probes.
        probe: u8,
        /// Plain passes.
        passes: u32,
        /// Slow passes.
        slow: u32,
        /// Failures.
        failed: u32,
        /// Looks that saw nothing.
        unknown: u32,
        /// The median of the good looks, in milliseconds; `None` without any.
        p50_ms: Option<u32>,
        /// The slowest good look.
        max_ms: Option<u32>,
    },
    /// A step of an act.
    Step {
        /// Which app.
        app: AppId,
        /// Which intent.
        intent: IntentId,
        /// What was done.
        step: ActStep,
        /// When.
        at: Moment,
    },
    /// An order ended.
    Acted {
        /// Which app.
        app: AppId,
        /// Which intent.
        intent: IntentId,
        /// Which rung.
        rung: Rung,
        /// How.
        outcome: Outcome,
        /// A sentence for people.
        detail: Cow<'a, str>,
    },
    /// A piece of evidence.
    Evidence {
        /// Which app.
        app: AppId,
        /// For which incident.
        incident: IncidentId,
        /// What it is.
        name: Cow<'a, str>,
        /// Its text; see [`evidence_text`].
        text: Cow<'a, str>,
    },
    /// What can be done for an app on this machine.
    Capable {
        /// Which app.
        app: AppId,
        /// The rungs.
        rungs: RungSet,
        /// Why not the others.
        why_not: Cow<'a, str>,
    },
    /// A person asked for quiet, or ended it.
    Hold {
        /// Which app.
        app: AppId,
        /// Its end; `None` for a release.
        until: Option<Moment>,
        /// Who.
        by: Cow<'a, str>,
        /// Why.
        reason: Cow<'a, str>,
    },
    /// A reload.
    Config {
        /// Whether the new text is in force.
        accepted: bool,
        /// What was wrong, or what changed.
        message: Cow<'a, str>,
    },
    /// A broken promise of our own.
    Alarm {
        /// Which app; `None` for the agent itself.
        app: Option<AppId>,
        /// Which invariant of the engine; `None` where it is none of those.
        invariant: Option<u8>,
        /// What happened.
        message: Cow<'a, str>,
    },
    /// The guardian stops in order.
    Stopped {
        /// Why.
        reason: Cow<'a, str>,
    },
    /// How the boot before this one ended: once, by the first guardian of a boot.
    Boot {
        /// This boot.
        boot: BootId,
        /// How the last one ended.
        ending: BootEnding,
        /// For which app it was ended, where it was ours.
        app: Option<Cow<'a, str>>,
        /// For which of its incidents.
        incident: Option<IncidentId>,
        /// By which intent.
        intent: Option<IntentId>,
        /// Why.
        class: Option<Class>,
        /// The step of the reboot that it had come to.
        step: Option<ActStep>,
        /// All that was found.
        traces: Vec<Trace>,
        /// When the last line before was written, by the wall clock, in milliseconds since 1970.
        last_wall_ms: Option<u64>,
        /// When this boot began, by the same clock.
        began_wall_ms: Option<u64>,
        /// How long nothing was heard of the machine, in milliseconds.
        gap_ms: Option<u64>,
        /// How much more time has passed by the wall clock than on the up-time line since the last line.
        away_ms: Option<u64>,
        /// What the flight recorder says of the machine at its end.
        machine: Option<Box<Summary>>,
    },
    /// A fault that a person asked for, to see it healed.
    Drill {
        /// Which app.
        app: AppId,
        /// Which fault.
        drill: DrillKind,
        /// How far it is.
        stage: DrillStage,
        /// A sentence for people.
        detail: Cow<'a, str>,
    },
}
