//! Values that lines alone have.

use crate::json::{Fault, In, Out, ReadError, Shape};
use std::borrow::Cow;
use std::fmt;

/// The most bytes of a piece of evidence.
const EVIDENCE_MAX: usize = 3072;

/// A boot, written as 32 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootId(pub [u8; 16]);

/// The CRC-32 of a text, written as 8 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextCrc(pub u32);

impl TextCrc {
    /// Of this text.
    pub fn of(text: &[u8]) -> TextCrc {
        TextCrc(crc32fast::hash(text))
    }
}

/// How long a phase took, in microseconds. A phase that did not happen is left out of the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhaseUs(pub Option<u32>);

/// What was read as evidence, as text of at most 3 KiB: what is no UTF-8 is replaced.
pub fn evidence_text(bytes: &[u8]) -> Cow<'_, str> {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..text.floor_char_boundary(EVIDENCE_MAX)]),
        Cow::Owned(mut text) => {
            text.truncate(text.floor_char_boundary(EVIDENCE_MAX));
            Cow::Owned(text)
        }
    }
}

impl fmt::Display for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Shape for BootId {
    fn write(&self, out: &mut Out<'_>) {
        out.hex_string(&self.0);
    }

    fn read(input: &mut In<'_>) -> Result<Self, ReadError> {
        read_hex(input).map(BootId)
    }
}

impl Shape for TextCrc {
    fn write(&self, out: &mut Out<'_>) {
        out.hex_string(&self.0.to_be_bytes());
    }

    fn read(input: &mut In<'_>) -> Result<Self, ReadError> {
        read_hex(input).map(|bytes| TextCrc(u32::from_be_bytes(bytes)))
    }
}

fn read_hex<const N: usize>(input: &mut In<'_>) -> Result<[u8; N], ReadError> {
    let text = input.string()?;
    hex_bytes(text.as_bytes()).ok_or_else(|| input.error(Fault::Range))
}

/// Exactly `N` bytes from lower-case hex digits.
pub(super) fn hex_bytes<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
    }
    Some(bytes)
}

const fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl Shape for PhaseUs {
    fn write(&self, out: &mut Out<'_>) {
        self.0.write(out);
    }

    fn read(input: &mut In<'_>) -> Result<Self, ReadError> {
        Option::read(input).map(PhaseUs)
    }

    fn absent() -> Option<Self> {
        Some(PhaseUs(None))
    }

    fn write_field(&self, name: &str, out: &mut Out<'_>) {
        if self.0.is_some() {
            out.key(name);
            self.write(out);
        }
    }
}
