//! Processes by identity: what they are, who belongs to them, and how to end just them.

pub(crate) mod cgroup;
pub(crate) mod claim;
pub(crate) mod command;
pub(crate) mod evidence;
pub(crate) mod handle;
pub(crate) mod listener;
pub(crate) mod protect;
pub(crate) mod reclaim;
pub(crate) mod setting;
pub(crate) mod stat;
pub(crate) mod tree;
