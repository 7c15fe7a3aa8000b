//! The binary layouts of the engine's types. Tags never change their meaning: the ledger on disk
//! outlives the binary that wrote it.

use crate::malformed::Malformed;
use crate::wire::{Pen, Source, Wire, wire_enum, wire_newtype, wire_struct};
use defib_engine::effect::{Order, Purse, Rung};
use defib_engine::event::{Charge, Exit, Failure, LedgerIntent, OrderRefusal, Outcome, StartCount};
use defib_engine::freeze::VainReboot;
use defib_engine::id::{AppId, Identity, IncidentId, IntentId};
use defib_engine::note::Class;
use defib_engine::policy::RungSet;
use defib_engine::time::Moment;

wire_newtype!(AppId, IncidentId, IntentId, Moment);
wire_struct!(Identity { pid, start_ticks });
wire_struct!(Charge { app, rung, purse, at });
wire_struct!(VainReboot { app, at });
wire_struct!(LedgerIntent { app, intent, rung, outcome });
wire_struct!(StartCount { app, count, last });
wire_struct!(Order { intent, app, incident, rung, purse, class, identity, deadline_ms });

wire_enum!(Rung { 0 = Start, 1 = Reload, 2 = Restart, 3 = Kill, 4 = Reboot, 5 = Clean });
wire_enum!(Purse { 0 = Free, 1 = Ladder, 2 = Gentle });
wire_enum!(Exit { 0 = Code(code), 1 = Signal(signal), 2 = Unseen });
wire_enum!(Outcome { 0 = Done, 1 = Failed(why), 2 = Refused(why), 3 = Interrupted });
wire_enum!(Failure {
    0 = Deadline,
    1 = OurLimit,
    2 = NotStartable,
    3 = ExitCode(code),
    4 = Job,
    5 = NoManager,
    6 = Unkillable,
    7 = NotPossible,
    8 = StillFull,
});
wire_enum!(OrderRefusal {
    0 = Repeated,
    1 = UnknownTarget,
    2 = Budget,
    3 = MinUptime,
    4 = NotPermitted,
    5 = WrongIdentity,
    6 = Busy,
    7 = LedgerUnwritable,
    8 = Stale,
    9 = Frozen,
});
wire_enum!(Class {
    0 = Intended,
    1 = Dead,
    2 = CrashLoop,
    3 = KernelIo,
    4 = Memory,
    5 = Certificate,
    6 = Outside,
    7 = Dependency,
    8 = Contract,
    9 = Hung,
    10 = Spinning,
    11 = Erroring,
    12 = Busy,
    13 = BadChange,
    14 = Exhausted,
    15 = Proxy,
    16 = Unknown,
});

impl Wire for RungSet {
    fn put(&self, pen: &mut Pen<'_>) {
        self.0.put(pen);
    }

    fn take(source: &mut Source<'_>) -> Result<Self, Malformed> {
        const ALL: RungSet = RungSet::NONE
            .with(Rung::Start)
            .with(Rung::Reload)
            .with(Rung::Restart)
            .with(Rung::Kill)
            .with(Rung::Reboot)
            .with(Rung::Clean);
        let set = RungSet(u8::take(source)?);
        if set.and(ALL) == set { Ok(set) } else { Err(Malformed::Tag) }
    }
}
