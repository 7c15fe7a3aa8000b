//! What the engine wants done.

use super::declare::{typed_enum, typed_struct};
use defib_engine::effect::{Effect, Order, Purse, Rung};

typed_enum!(Rung { Start, Reload, Restart, Kill, Reboot, Clean });
typed_enum!(Purse { Free, Ladder, Gentle });
typed_struct!(Order { intent, app, incident, rung, purse, class, identity, deadline_ms });
typed_enum!(Effect {
    Probe { probe, attempt },
    Gather { app, incident },
    Note(note),
    Order(order),
    Recovered { app },
});
