//! The daily files: one writer that survives a full disk, and any number of readers that survive
//! whatever the files hold.

mod backlog;
mod error;
mod folder;
mod name;
mod page;
mod patience;
mod patient;
mod patient_file;
mod patient_ring;
mod prune;
mod reader;
mod ring_file;
mod scan;
mod storage;
mod tail;
mod turn;
mod writer;

pub use error::FileError;
pub use folder::Folder;
pub use patience::Patience;
pub use patient::{Patient, too_late};
pub use reader::Reader;
pub use storage::{Ring, Sheet, Storage};
pub use tail::{Tail, last_boot_in, tail_from_last_checkpoint, tail_from_last_checkpoint_in};
pub use writer::{Limits, Writer};
