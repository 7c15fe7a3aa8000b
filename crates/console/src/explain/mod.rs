//! The report of one incident: one line that stands alone, then the whole story.

mod advice;
mod evidence;
mod json;
mod machine;
mod runs;
mod story;
mod summary;
mod text;

pub use advice::advice;
pub use json::json;
pub(crate) use json::{boot, head};
pub use summary::summary;
pub use text::{Detail, text, text_with};
