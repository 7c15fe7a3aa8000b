//! Lines of one file, with bounded memory, and again after its end when more was written.

use super::name::FileName;
use super::storage::Storage;
use crate::line::{Head, LINE_MAX, decode_head};
use std::io::{self, BufRead, BufReader, Read};

/// What [`LineScan::next`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// A whole line, now in [`LineScan::line`].
    Line,
    /// A line longer than [`LINE_MAX`]; none of ours is.
    TooLong,
    /// The file's end in the middle of a line; what there is of it is in [`LineScan::line`].
    Partial,
    /// The file's end.
    End,
}

pub(super) struct LineScan {
    file: BufReader<Box<dyn Read>>,
    line: Vec<u8>,
    /// `line` has been given out whole: the next call begins anew.
    complete: bool,
    too_long: bool,
    /// Where the line after `line` begins.
    offset: u64,
}

impl LineScan {
    pub(super) fn open(storage: &dyn Storage, name: FileName, offset: u64) -> io::Result<LineScan> {
        let file = storage.read_from(&name.text(), offset)?;
        let file = BufReader::with_capacity(64 << 10, file);
        Ok(LineScan { file, line: Vec::new(), complete: false, too_long: false, offset })
    }

    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn next(&mut self) -> io::Result<Scanned> {
        if self.complete {
            self.line.clear();
            self.complete = false;
            self.too_long = false;
        }
        loop {
            let chunk = match self.file.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if chunk.is_empty() {
                return Ok(if self.line.is_empty() { Scanned::End } else { Scanned::Partial });
            }
            let newline = chunk.iter().position(|byte| *byte == b'\n');
            let length = newline.unwrap_or(chunk.len());
            self.too_long |= self.line.len() + length >= LINE_MAX;
            if !self.too_long {
                self.line.extend_from_slice(&chunk[..length]);
            }
            let eaten = length + usize::from(newline.is_some());
            self.file.consume(eaten);
            self.offset += eaten as u64;
            if newline.is_some() {
                self.complete = true;
                return Ok(if self.too_long { Scanned::TooLong } else { Scanned::Line });
            }
        }
    }

    /// The next line that is whole and right, by its head; the last may lack its newline.
    pub(super) fn next_head(&mut self) -> io::Result<Option<Head<'_>>> {
        loop {
            match self.next()? {
                Scanned::TooLong => {}
                Scanned::Line if decode_head(&self.line).is_err() => {}
                Scanned::Line | Scanned::Partial => {
                    // A last line without its newline is given once, not for ever.
                    self.complete = true;
                    return Ok(decode_head(&self.line).ok());
                }
                Scanned::End => return Ok(None),
            }
        }
    }
}
