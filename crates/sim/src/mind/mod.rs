//! The guardian on a simulated machine: the production mind, with a body of queues.

mod body;
mod clocks;
mod folder;
mod life;
mod side;
mod tap;

pub use side::GuardianSide;
