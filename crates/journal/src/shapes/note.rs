//! What the engine wants remembered.

use super::declare::{typed_enum, typed_struct};
use defib_engine::note::{Class, Ending, HandOver, Note, Refusal, RungFault, Tally, Thaw};

typed_enum!(Class {
    Intended,
    Dead,
    CrashLoop,
    KernelIo,
    Memory,
    Certificate,
    Outside,
    Dependency,
    Contract,
    Hung,
    Spinning,
    Erroring,
    Busy,
    BadChange,
    Exhausted,
    Proxy,
    Unknown,
});
typed_struct!(Tally { source, count, db });
typed_enum!(Refusal {
    Observing,
    ShuttingDown { until },
    Stopped,
    Held { until },
    Announced { until },
    ClassForbids { class },
    DependencyDown { probe },
    DependencyUnseen { probe },
    SupervisorFirst { until },
    StartGrace { until },
    BackOff { until },
    Spacing { until },
    SelfDoubt { level },
    TooFewLooks { have, need },
    BelowBar { have_db, need_db },
    Unclear { until },
    NotPermitted { rung },
    NotPossible { rung },
    BudgetSpent { used, limit, until },
    Frozen { reboots, limit, until },
    IncidentSpent { used, limit },
    MinUptime { have_ms, need_ms },
    ActRunning { app },
});
typed_enum!(Ending { Recovered { rung }, SelfHealed, Passed, Superseded });
typed_enum!(RungFault {
    NotDone(outcome),
    NoHealth { passes, need },
    DiedAgain { after_ms },
    Relapsed { after_ms },
});
typed_enum!(HandOver { LadderEnds, BudgetSpent, IncidentSpent, NoCure, CrashLoop, Frozen });
typed_enum!(Thaw { Recovery, Person, Time });
typed_enum!(Note {
    Up { app },
    Suspected { app, source, score_db },
    Cleared { app, after_ms },
    Died { app, identity, exit },
    Found { app, identity },
    Opened { app, incident, class, since },
    Reclassed { app, incident, from, to },
    Decided { app, incident, class, rung, purse, score_db, bar_db, evidence },
    Refused { app, incident, rung, refusal },
    Spared { app, incident, rung, seen },
    Ordered { app, incident, intent, rung, purse },
    Acted { app, incident, intent, rung, outcome },
    Back { app, incident, down_ms },
    RungFailed { app, incident, rung, fault },
    HandedOver { app, incident, why },
    Closed { app, incident, class, ending, down_ms },
    Held { app, until },
    Released { app, expired },
    Stopped { app },
    Resumed { app },
    Doubted { doubt, level },
    Trusted,
    Frozen { reboots, until },
    Thawed { by },
    Capable { app, rungs },
    Alarm { app, invariant },
    Host { app, incident, fact },
});
