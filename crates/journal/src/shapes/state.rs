//! The engine's memory, as a `checkpoint` line holds it.

use crate::{shape_enum, shape_struct};
use defib_engine::state::{
    Announcement, AppPhase, AppState, Incident, LastAct, Look, ProbeState, Process, Recovery,
    SelfDoubt, Stage, Starts, State, Stretch, Used,
};

shape_struct!(State {
    now,
    next_incident,
    next_intent,
    booted_at,
    doubt,
    shutting_down,
    charges,
    apps,
});
shape_struct!(SelfDoubt { level, falls_at });
shape_struct!(AppState {
    probes,
    process,
    grace_until,
    stopped,
    held_until,
    announced,
    capable,
    starts,
    healthy_since,
    suspected_since,
    recovery,
    alarmed,
    phase,
});
shape_struct!(ProbeState {
    next_at,
    attempt,
    asked_at,
    last,
    db,
    stretch,
    failed_at,
    passes,
    passing_since,
    fresh,
    cusum,
    cusum_at,
    ever_passed,
    absent,
});
shape_struct!(Look { seen, started, ended });
shape_struct!(Stretch { since, until, count });
shape_enum!(Process {
    Unknown,
    Alive { identity, since },
    Gone { at, supervisor_until },
    NotStarted,
});
shape_struct!(Announcement { since, until });
shape_struct!(Starts { count, last, undone, retry_soon });
shape_struct!(Recovery { at, rung, used, disruptive });
shape_struct!(Used { steps });
shape_enum!(AppPhase { Watching, Launching { intent }, Incident(incident) });
shape_struct!(Incident {
    id,
    class,
    since,
    stage,
    used,
    disruptive,
    acted,
    back_at,
    bundled,
    refused,
    handed_over,
});
shape_struct!(LastAct { rung, ordered_at, ended_at, again_at });
shape_enum!(Stage {
    Judging,
    Looking { rung, purse, since },
    Bundling { rung, purse, since },
    Acting { intent, rung, since, until, before },
    Verifying { rung, since },
});
