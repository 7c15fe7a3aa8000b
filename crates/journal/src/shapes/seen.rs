//! Names, time, and what a probe run saw.

use super::declare::{typed_enum, typed_newtype, typed_struct};
use defib_engine::id::{AppId, Identity, IncidentId, IntentId, ProbeId};
use defib_engine::seen::{BodyFault, Phase, Seen, TlsFault, UnknownWhy};
use defib_engine::time::Moment;

typed_newtype!(AppId, IncidentId, IntentId, Moment);
typed_struct!(ProbeId { app, index });
typed_struct!(Identity { pid, start_ticks });

typed_enum!(Phase { Resolve, Connect, Tls, FirstByte, Body, Command });
typed_enum!(TlsFault { Expired, NotYetValid, WrongName, UnknownAuthority, Protocol });
typed_enum!(BodyFault { Missing, TooLarge, Malformed, Truncated });
typed_enum!(UnknownWhy { Late, Unresolved, NothingThere, OurLimit, CommandUnsure, Cancelled });
typed_enum!(Seen {
    Pass,
    Slow,
    Refused,
    Reset,
    Timeout(phase),
    Tls(fault),
    Status { code, retry_after_s },
    Body(fault),
    Command(code),
    Unknown(why),
});
