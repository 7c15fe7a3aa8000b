//! The production executor on the simulated world: what stands behind its
//! [boundary](defib_executor::boundary) here.
//!
//! [`Hand`] owns the real [`Executor`](defib_executor::Executor) and turns it as the real loop does. [`Ground`]
//! is what outlives it: the ledger's files, and processes that are no app's main process. A [`Seat`]
//! is one executor's place on that ground; when that executor dies, its seat is dead too, and
//! whatever is still asked of it has no effect.

mod agenda;
mod boots;
mod children;
mod disk;
mod doom;
mod ground;
mod guardians;
mod machine;
mod manager;
mod news;
mod owner;
mod processes;
mod quiet;
mod refusal;
mod seat;
mod slots;
mod truth;
mod units;
mod watchdog;

pub use doom::Doom;
pub use ground::Ground;
pub use guardians::{GuardianEnd, Message};
pub use owner::{Hand, Outcome};
