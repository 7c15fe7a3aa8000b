//! Everything that can happen.

use super::declare::{typed_enum, typed_struct};
use defib_engine::event::{
    Charge, Doubt, Event, Exit, Failure, LedgerIntent, OrderRefusal, Outcome, StartCount, Started,
};

typed_struct!(Charge { app, rung, purse, at });
typed_struct!(LedgerIntent { app, intent, rung, outcome });
typed_struct!(StartCount { app, count, last });
typed_struct!(Started {
    booted_at,
    new_boot,
    away_ms,
    last_intent,
    charges,
    intents,
    starts,
    vain
});
typed_enum!(Exit { Code(code), Signal(signal), Unseen });
typed_enum!(Doubt { LateTimer { late_ms }, Resumed { slept_ms }, ClockStepped { by_ms } });
typed_enum!(Outcome { Done, Failed(why), Refused(why), Interrupted });
typed_enum!(Failure {
    Deadline,
    OurLimit,
    NotStartable,
    ExitCode(code),
    Job,
    NoManager,
    Unkillable,
    NotPossible,
    StillFull,
});
typed_enum!(OrderRefusal {
    Repeated,
    UnknownTarget,
    Budget,
    MinUptime,
    Frozen,
    NotPermitted,
    WrongIdentity,
    Busy,
    LedgerUnwritable,
    Stale,
});
typed_enum!(Event {
    Started(started),
    Observed { probe, attempt, started, ended, seen },
    Found { app, identity },
    Died { app, identity, exit, restart_in_ms },
    Stopped { app },
    Resumed { app },
    Held { app, until },
    Released { app },
    Doubted(doubt),
    EvidenceClosed { app, incident, complete },
    Capable { app, rungs },
    Acted { app, intent, outcome },
    ShuttingDown,
    Thawed,
    Woke,
    Measured { app, facts },
    Machine(facts),
});
