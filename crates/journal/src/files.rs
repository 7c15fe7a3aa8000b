//! The daily files: one writer that survives a full disk, and any number of readers that survive
//! whatever the files hold.

mod backlog;
mod error;
mod name;
mod page;
mod prune;
mod reader;
mod scan;
mod tail;
mod writer;

pub use error::FileError;
pub use reader::Reader;
pub use tail::{Tail, tail_from_last_checkpoint};
pub use writer::{Limits, Writer};
