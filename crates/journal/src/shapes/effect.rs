//! What the engine wants done.

use crate::{shape_enum, shape_struct};
use defib_engine::effect::{Effect, Order, Purse, Rung};

shape_enum!(Rung { Start, Reload, Restart, Kill, Reboot });
shape_enum!(Purse { Free, Ladder, Gentle });
shape_struct!(Order { intent, app, incident, rung, purse, class, identity, deadline_ms });
shape_enum!(Effect {
    Probe { probe, attempt },
    Gather { app, incident },
    Note(note),
    Order(order),
});
