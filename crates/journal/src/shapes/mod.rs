//! The JSON shapes of the engine's types, one file for each of its modules.

mod effect;
mod event;
mod note;
mod policy;
mod seen;
mod state;
