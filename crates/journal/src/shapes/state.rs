//! The engine's memory, as a `checkpoint` line holds it.

use super::declare::{typed_enum, typed_struct};
use crate::json::{Fault, In, Out, ReadError, Shape};
use defib_engine::freeze::{Vain, VainReboot};
use defib_engine::state::{
    Announcement, AppPhase, AppState, Incident, LastAct, Look, ProbeState, Process, Recovery,
    SelfDoubt, Stage, Starts, State, Stretch, Used,
};

typed_struct!(State {
    now,
    next_incident,
    next_intent,
    booted_at,
    doubt,
    shutting_down,
    charges,
    apps,
    machine,
    vain,
    frozen_until,
});
typed_struct!(VainReboot { app, at });
/// Left out where there is none, and none where it is missing: a state of before it was known.
impl Shape for Vain {
    fn write(&self, out: &mut Out<'_>) {
        self.0.write(out);
    }

    fn read(input: &mut In<'_>) -> Result<Self, ReadError> {
        Shape::read(input).map(Vain)
    }

    fn absent() -> Option<Self> {
        Some(Vain::default())
    }

    fn write_field(&self, name: &str, out: &mut Out<'_>) {
        if !self.0.is_empty() {
            self.0.write_field(name, out);
        }
    }
}
#[cfg(test)]
crate::sample::sample_newtype!(Vain);
typed_struct!(SelfDoubt { level, since, falls_at });
typed_struct!(AppState {
    probes,
    process,
    grace_until,
    stopped,
    stop_told,
    held_until,
    announced,
    capable,
    starts,
    healthy_since,
    suspected_since,
    again_at,
    recovery,
    alarmed,
    phase,
    host,
});
typed_struct!(ProbeState {
    next_at,
    attempt,
    asked_at,
    last,
    db,
    stretch,
    telling,
    failed_at,
    passes,
    passing_since,
    fresh,
    cusum,
    cusum_at,
    ever_passed,
    absent,
});
typed_struct!(Look { seen, started, ended });
typed_struct!(Stretch { since, until, count });
typed_enum!(Process {
    Unknown,
    Alive { identity, since },
    Gone { at, supervisor_until },
    NotStarted,
});
typed_struct!(Announcement { since, until });
typed_struct!(Starts { count, last, undone, failed, retry_soon });
typed_struct!(Recovery { at, rung, used, disruptive });
/// A state of before a ladder was added has none of its steps taken.
impl Shape for Used {
    fn write(&self, out: &mut Out<'_>) {
        out.open_object();
        self.steps.write_field("steps", out);
        out.close_object();
    }

    fn read(input: &mut In<'_>) -> Result<Self, ReadError> {
        let Steps { steps } = Steps::read(input)?;
        let mut used = Used::default();
        if steps.len() > used.steps.len() {
            return Err(input.error(Fault::Range));
        }
        used.steps[..steps.len()].copy_from_slice(&steps);
        Ok(used)
    }
}

struct Steps {
    steps: Vec<u8>,
}

crate::shape_struct!(Steps { steps });
#[cfg(test)]
crate::sample::sample_struct!(Used { steps });
typed_enum!(AppPhase { Watching, Launching { intent }, Incident(incident) });
typed_struct!(Incident {
    id,
    class,
    since,
    stage,
    used,
    disruptive,
    acted,
    back_at,
    away_ms,
    bundled,
    refused,
    handed_over,
});
typed_struct!(LastAct { rung, ordered_at, ended_at, done, spared });
typed_enum!(Stage {
    Judging,
    Looking { rung, purse, since },
    Bundling { rung, purse, since },
    Acting { intent, rung, since, until, before },
    Verifying { rung, since },
});
