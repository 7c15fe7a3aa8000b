//! Everything that can happen.

use crate::{shape_enum, shape_struct};
use defib_engine::event::{
    Charge, Doubt, Event, Exit, Failure, LedgerIntent, OrderRefusal, Outcome, StartCount, Started,
};

shape_struct!(Charge { app, rung, purse, at });
shape_struct!(LedgerIntent { app, intent, rung, outcome });
shape_struct!(StartCount { app, count, last });
shape_struct!(Started { booted_at, new_boot, last_intent, charges, intents, starts });
shape_enum!(Exit { Code(code), Signal(signal), Unseen });
shape_enum!(Doubt { LateTimer { late_ms }, Resumed { slept_ms }, ClockStepped { by_ms } });
shape_enum!(Outcome { Done, Failed(why), Refused(why), Interrupted });
shape_enum!(Failure {
    Deadline,
    OurLimit,
    NotStartable,
    ExitCode(code),
    Job,
    NoManager,
    Unkillable,
    NotPossible,
});
shape_enum!(OrderRefusal {
    Repeated,
    UnknownTarget,
    Budget,
    MinUptime,
    NotPermitted,
    WrongIdentity,
    Busy,
    LedgerUnwritable,
});
shape_enum!(Event {
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
    Woke,
});
