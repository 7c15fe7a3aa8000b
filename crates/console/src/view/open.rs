//! A journal's folder, folded.

use crate::view::View;
use defib_journal::files::Reader;
use std::io;
use std::path::Path;

/// What was read.
#[derive(Debug, Default)]
pub struct Reading {
    /// The fold.
    pub view: View,
    /// Lines that are torn, or of a shape that this defib does not know: they never happened.
    pub torn: u64,
    /// Why reading ended early, if it did.
    pub error: Option<String>,
}

/// Folds every line of the folder's files, oldest first.
pub fn read_folder(folder: &Path) -> Reading {
    let mut reading = Reading::default();
    if let Err(error) = fold(folder, &mut reading) {
        reading.error = Some(format!("{}: {error}", folder.display()));
    }
    reading
}

fn fold(folder: &Path, reading: &mut Reading) -> io::Result<()> {
    let mut reader = Reader::open(folder)?;
    while let Some(entry) = reader.next_entry()? {
        reading.view.take(&entry);
    }
    reading.torn = reader.torn();
    Ok(())
}
