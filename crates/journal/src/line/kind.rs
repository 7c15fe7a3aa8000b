//! The kinds and their fields, declared once for both directions.

use super::Line;
use crate::boot::{BootEnding, Trace};
use crate::drill::{DrillKind, DrillStage};
use crate::json::{Fault, In, Object, Out, ReadError, Shape};
use crate::order::ActStep;
use crate::shapes::declare::typed_enum;

typed_enum!(ActStep {
    Written,
    TermSent,
    KillSent,
    ReloadSent,
    Ended,
    OrphansEnded,
    Started,
    JobQueued,
    JobDone,
    CommandStarted,
    RebootAsked,
    GroupKilled,
    Frozen,
    RebootAccepted,
    RebootForced,
    ResetCalled,
    SysrqSent,
    FeedingEnded,
});

typed_enum!(BootEnding { Ours, Watchdog, Reset, Panic, OutOfMemory, Orderly, Cut, Unknown });

typed_enum!(Trace {
    Ordered,
    StepKnown,
    Starved,
    Armed,
    CardReset,
    PanicRecord,
    OutOfMemoryRecord,
    ShutdownTold,
    ToldToEnd,
    SoonAfter,
    SilentShort,
    SilentLong,
    LedgerLost,
});

typed_enum!(DrillKind { Kill, Hang });

typed_enum!(DrillStage { Asked, Begun, Refused, Over });

macro_rules! line_kinds {
    ($($kind:literal = $variant:ident { $($field:ident),+ $(,)? }),+ $(,)?) => {
        impl Line<'_> {
            /// The line's kind as it is written.
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Line::$variant { .. } => $kind,)+
                }
            }

            /// Appends the fields to an object that is open.
            pub(super) fn write_fields(&self, out: &mut Out<'_>) {
                match self {
                    $(Line::$variant { $($field),+ } => {
                        $($field.write_field(stringify!($field), out);)+
                    })+
                }
            }

            /// Reads the fields up to the object's end.
            pub(super) fn read_fields(
                kind: &str,
                object: &mut Object,
                input: &mut In<'_>,
            ) -> Result<Line<'static>, ReadError> {
                match kind {
                    $($kind => {
                        crate::read_fields!(input, object, $($field),+);
                        Ok(Line::$variant { $($field),+ })
                    })+
                    _ => Err(input.error(Fault::Variant)),
                }
            }
        }

        #[cfg(test)]
        crate::sample::sample_enum!(Line<'static> { $($variant { $($field),+ }),+ });
    };
}

line_kinds!(
    "started" = Started { version, pid, boot, mode, config },
    "policy" = Policy { policy },
    "checkpoint" = Checkpoint { state },
    "event" = Event { event },
    "note" = Note { note },
    "order" = Order { order },
    "probe" = Probe {
        app,
        probe,
        seen,
        detail,
        resolve_us,
        connect_us,
        tls_us,
        first_byte_us,
        body_us,
        command_us,
    },
    "minute" = Minute { app, probe, passes, slow, failed, unknown, p50_ms, max_ms },
    "step" = Step { app, intent, step, at },
    "acted" = Acted { app, intent, rung, outcome, detail },
    "evidence" = Evidence { app, incident, name, text },
    "capable" = Capable { app, rungs, why_not },
    "hold" = Hold { app, until, by, reason },
    "config" = Config { accepted, message },
    "alarm" = Alarm { app, invariant, message },
    "stopped" = Stopped { reason },
    "boot" = Boot {
        boot,
        ending,
        app,
        incident,
        intent,
        class,
        step,
        traces,
        last_wall_ms,
        began_wall_ms,
        gap_ms,
        away_ms,
        machine,
    },
    "drill" = Drill { app, drill, stage, detail },
);
