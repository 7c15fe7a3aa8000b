//! The JSON shapes of the engine's types, one file for each of its modules.

pub(crate) mod declare;
mod effect;
mod event;
mod host;
mod note;
mod policy;
mod seen;
mod state;
#[cfg(test)]
mod tests;
