//! The loop: probes, engine, journal, control socket.

mod alone;
mod clock;
mod confine;
mod control;
mod datagram;
mod driver;
mod evidence;
mod executor_link;
#[doc(hidden)]
pub mod fuzz;
mod holds;
mod looks;
mod mailbox;
pub mod mind;
pub mod probe;
mod record;
mod recorder;
mod restart;
mod runs;
mod sense;
mod setup;
mod signals;
mod status;
mod survive;

pub use confine::confine;
pub use driver::run;
pub use sense::trigger::Trigger;
pub use setup::{Ended, Narrate, Setup};
pub use status::{AppStatus, ProbeStatus};
