//! The guardian on a simulated machine: the production mind, with a body of queues.

mod body;
mod clocks;
mod desk;
mod life;
mod tap;

pub use desk::Desk;
