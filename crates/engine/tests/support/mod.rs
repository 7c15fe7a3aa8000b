//! What the engine's tests share: a small world in virtual time, and the sentences of a story.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

pub mod check;
pub mod desk;
pub mod laws;
pub mod policy;
pub mod say;
pub mod script;
pub mod story;
pub mod world;
