//! A journal's folder, folded.

use crate::view::View;
use defib_journal::files::Reader;
use defib_journal::recorder::{FILE_NAME, RING_BYTES, Sample, read_ring};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// What was read.
#[derive(Debug, Default)]
pub struct Reading {
    /// The fold.
    pub view: View,
    /// What the flight recorder holds; nothing where there is none.
    pub samples: Vec<Sample>,
    /// Lines that are torn, or of a shape that this defib does not know: they never happened.
    pub torn: u64,
    /// Why reading ended early, if it did.
    pub error: Option<String>,
}

/// Folds every line of the folder's files, oldest first.
pub fn read_folder(folder: &Path) -> Reading {
    let mut reading = Reading { samples: read_recorder(folder), ..Reading::default() };
    if let Err(error) = fold(folder, &mut reading) {
        reading.error = Some(format!("{}: {error}", folder.display()));
    }
    reading
}

/// It is a witness beside the journal: one that cannot be read is one that says nothing.
fn read_recorder(folder: &Path) -> Vec<Sample> {
    let Ok(file) = File::open(folder.join(FILE_NAME)) else { return Vec::new() };
    let mut bytes = Vec::with_capacity(RING_BYTES);
    match file.take(RING_BYTES as u64).read_to_end(&mut bytes) {
        Ok(_) => read_ring(&bytes),
        Err(_) => Vec::new(),
    }
}

fn fold(folder: &Path, reading: &mut Reading) -> io::Result<()> {
    let mut reader = Reader::open(folder)?;
    while let Some(entry) = reader.next_entry()? {
        reading.view.take(&entry);
    }
    reading.torn = reader.torn();
    Ok(())
}
