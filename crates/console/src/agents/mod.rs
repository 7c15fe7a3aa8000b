//! The agents on this machine: asked through their sockets, or, where one is silent, read from
//! its journal.

mod ask;
mod drill;
mod find;
mod hold;
mod resume;
mod status;
mod status_json;
mod status_text;
mod why;

pub(crate) use ask::unknown_app;
pub use drill::drill;
pub use find::{Agent, Asked, find};
pub use hold::{hold, release};
pub use resume::resume;
pub use status::{AgentStatus, AppStatus, ProbeStatus, status};
pub(crate) use status::{from_wire, live};
pub use why::why;
