//! Lines that are not in the file yet, and how they get there when the disk refuses.

use super::storage::Sheet;
use std::io;

pub(super) struct Backlog {
    pub(super) bytes: Vec<u8>,
    /// The file may end in the middle of a line: a newline goes first.
    pub(super) fresh_line: bool,
}

impl Backlog {
    pub(super) fn with_capacity(capacity: usize) -> Backlog {
        Backlog { bytes: Vec::with_capacity(capacity), fresh_line: false }
    }

    /// Writes everything, and says how many bytes went to the file. After an error the lines that
    /// are not whole in the file are still here, and the next attempt begins on a fresh line: how
    /// much of a failed write reached the file is not known for every error.
    pub(super) fn write_to(&mut self, sheet: &mut dyn Sheet) -> (u64, io::Result<()>) {
        let mut total = 0;
        if self.fresh_line && !self.bytes.is_empty() {
            if let Err(error) = write_run(sheet, b"\n", &mut total) {
                return (total, Err(error));
            }
            self.fresh_line = false;
        }
        let before = total;
        let result = write_run(sheet, &self.bytes, &mut total);
        match &result {
            Ok(()) => self.bytes.clear(),
            Err(_) => self.keep_after((total - before) as usize),
        }
        (total, result)
    }

    fn keep_after(&mut self, written: usize) {
        // A line that lacks only its newline is whole: readers take it, so it must not come twice.
        let seen = (written + 1).min(self.bytes.len());
        let newline = self.bytes[..seen].iter().rposition(|byte| *byte == b'\n');
        self.bytes.drain(..newline.map_or(0, |at| at + 1));
        self.fresh_line = true;
    }
}

fn write_run(sheet: &mut dyn Sheet, bytes: &[u8], total: &mut u64) -> io::Result<()> {
    let mut left = bytes;
    while !left.is_empty() {
        match sheet.append(left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                *total += count as u64;
                left = &left[count..];
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
