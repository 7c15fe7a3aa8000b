//! The messages' layouts: a tag byte, then the fields in the order of the types.

use super::{ActStep, MESSAGE_MAX, Report, Request};
use crate::drill::{DrillKind, DrillStage};
use crate::malformed::Malformed;
use crate::wire::{Pen, Source, Wire, wire_enum};

wire_enum!(Request {
    1 = Hello { protocol },
    2 = Beat,
    3 = Order(order),
    4 = Identify { app },
    5 = Evidence { app, incident },
    6 = ConfigRead { accepted },
    7 = Fresh { until_ms },
    8 = Recovered { app },
    20 = Drill { app, kind, identity },
});

wire_enum!(Report {
    1 = Welcome { protocol, line_offset_ms, booted_at, boot_id, last_intent },
    2 = LedgerCharge(charge),
    3 = LedgerIntent(intent),
    4 = LedgerStarts(starts),
    5 = LedgerEnd,
    6 = Capable { app, rungs, why_not < 200 },
    7 = Found { app, identity },
    8 = Died { app, identity, exit, restart_in_ms },
    9 = Stopped { app },
    10 = Resumed { app },
    11 = Step { app, intent, step, at },
    12 = Acted { app, intent, rung, outcome, detail < 200 },
    13 = Evidence { app, incident, name < 32, bytes < 3072, last },
    14 = Config,
    15 = ConfigRefused { message < 1024 },
    16 = ShuttingDown,
    17 = Stop,
    18 = ObserveOnly { message < 200 },
    19 = LedgerVain(reboot),
    20 = Thawed,
    30 = LastBoot(last),
    40 = Drilled { app, kind, stage, detail < 200 },
});

wire_enum!(ActStep {
    0 = Written,
    1 = TermSent,
    2 = KillSent,
    3 = ReloadSent,
    4 = Ended,
    5 = OrphansEnded,
    6 = Started,
    7 = JobQueued,
    8 = JobDone,
    9 = CommandStarted,
    10 = RebootAsked,
    11 = RebootAccepted,
    12 = RebootForced,
    13 = ResetCalled,
    14 = SysrqSent,
    15 = FeedingEnded,
    20 = GroupKilled,
    21 = Frozen,
});

wire_enum!(DrillKind {
    0 = Kill,
    1 = Hang,
});

wire_enum!(DrillStage {
    0 = Asked,
    1 = Begun,
    2 = Refused,
    3 = Over,
});

impl Request {
    /// Replaces what `message` holds by this request as one message.
    pub fn encode(&self, message: &mut Vec<u8>) {
        encode(self, message);
    }

    /// The request that the whole of `message` is.
    pub fn decode(message: &[u8]) -> Result<Request, Malformed> {
        decode(message)
    }
}

impl Report {
    /// Replaces what `message` holds by this report as one message. Texts and evidence longer than
    /// their limits are cut.
    pub fn encode(&self, message: &mut Vec<u8>) {
        encode(self, message);
    }

    /// The report that the whole of `message` is.
    pub fn decode(message: &[u8]) -> Result<Report, Malformed> {
        decode(message)
    }
}

// The longest message is `Evidence`: 3072 + 32 bytes of runs and 14 of fixed parts, so nothing can
// overflow; a buffer that once held MESSAGE_MAX is never grown again.
fn encode<T: Wire>(value: &T, message: &mut Vec<u8>) {
    message.resize(MESSAGE_MAX, 0);
    let mut pen = Pen::new(message);
    value.put(&mut pen);
    let length = pen.finish().unwrap_or(0);
    message.truncate(length);
}

fn decode<T: Wire>(message: &[u8]) -> Result<T, Malformed> {
    if message.len() > MESSAGE_MAX {
        return Err(Malformed::TooLong);
    }
    let mut source = Source::new(message);
    let value = T::take(&mut source)?;
    source.end()?;
    Ok(value)
}
