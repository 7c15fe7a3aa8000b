//! Names, time, and what a probe run saw.

use crate::{shape_enum, shape_newtype, shape_struct};
use defib_engine::id::{AppId, Identity, IncidentId, IntentId, ProbeId};
use defib_engine::seen::{BodyFault, Phase, Seen, TlsFault, UnknownWhy};
use defib_engine::time::Moment;

shape_newtype!(AppId, IncidentId, IntentId, Moment);
shape_struct!(ProbeId { app, index });
shape_struct!(Identity { pid, start_ticks });

shape_enum!(Phase { Resolve, Connect, Tls, FirstByte, Body, Command });
shape_enum!(TlsFault { Expired, NotYetValid, WrongName, UnknownAuthority, Protocol });
shape_enum!(BodyFault { Missing, TooLarge, Malformed, Truncated });
shape_enum!(UnknownWhy { Late, Unresolved, NothingThere, OurLimit, CommandUnsure, Cancelled });
shape_enum!(Seen {
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
