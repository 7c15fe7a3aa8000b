//! The report of one incident: one line that stands alone, then the whole story.

mod advice;
mod evidence;
mod json;
mod runs;
mod story;
mod summary;
mod text;

pub use advice::advice;
pub(crate) use json::head;
pub use json::json;
pub use summary::summary;
pub use text::{Detail, text};
