//! The engine's types in words for people. One place, so that the living line, the report and
//! the manual never call one thing by two names.

mod acts;
mod boots;
mod drill;
mod hosts;
mod looks;
mod names;
mod refusals;
mod span;

pub use acts::{cannot_start, rung_past, step, thaw, why_no_start};
pub use acts::{ending, exit, failure, hand_over, outcome, refused_order, rung, rung_fault, rungs};
pub use boots::{boot_end, boot_end_short, trace};
pub use drill::drill;
pub use hosts::host_fact;
pub use looks::{class, doubt, seen, seen_kind, view};
pub use names::Names;
pub use refusals::refusal;
pub use span::span;
