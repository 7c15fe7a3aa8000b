//! Fixed little-endian layouts over a caller's buffer: what orders and the ledger are made of.
//! Writing and reading allocate nothing but the strings that are read.

mod macros;

use crate::malformed::Malformed;
pub(crate) use macros::{put_field, take_field, wire_enum, wire_newtype, wire_struct};

/// Writes into a buffer of fixed size. What does not fit is remembered, not written.
pub(crate) struct Pen<'a> {
    bytes: &'a mut [u8],
    at: usize,
    overflowed: bool,
}

impl<'a> Pen<'a> {
    pub(crate) fn new(bytes: &'a mut [u8]) -> Pen<'a> {
        Pen { bytes, at: 0, overflowed: false }
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) {
        match self.bytes.get_mut(self.at..self.at + bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                self.at += bytes.len();
            }
            None => self.overflowed = true,
        }
    }

    /// Zeros up to this offset.
    pub(crate) fn pad_to(&mut self, offset: usize) {
        while self.at < offset && !self.overflowed {
            self.put(&[0]);
        }
    }

    pub(crate) fn written(&self) -> &[u8] {
        &self.bytes[..self.at]
    }

    /// The length, unless something did not fit.
    pub(crate) fn finish(self) -> Option<usize> {
        (!self.overflowed).then_some(self.at)
    }
}

/// Reads from a buffer, and never past its end.
pub(crate) struct Source<'a> {
    bytes: &'a [u8],
}

impl<'a> Source<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Source<'a> {
        Source { bytes }
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(Malformed::Short)?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(crate) fn take_array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or(Malformed::Short)?;
        self.bytes = rest;
        Ok(*taken)
    }

    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.bytes.is_empty() { Ok(()) } else { Err(Malformed::Trailing) }
    }
}

/// A type with one binary layout.
pub(crate) trait Wire: Sized {
    fn put(&self, pen: &mut Pen<'_>);
    fn take(source: &mut Source<'_>) -> Result<Self, Malformed>;
}

/// A type of varying length: cut when written, refused when read longer than its limit.
pub(crate) trait Limited: Sized {
    fn put_limited(&self, pen: &mut Pen<'_>, limit: usize);
    fn take_limited(source: &mut Source<'_>, limit: usize) -> Result<Self, Malformed>;
}

macro_rules! integer_wires {
    ($($type:ty),+) => {$(
        impl Wire for $type {
            fn put(&self, pen: &mut Pen<'_>) {
                pen.put(&self.to_le_bytes());
            }

            fn take(source: &mut Source<'_>) -> Result<Self, Malformed> {
                source.take_array().map(<$type>::from_le_bytes)
            }
        }
    )+};
}

integer_wires!(u8, u16, u32, u64);

impl Wire for bool {
    fn put(&self, pen: &mut Pen<'_>) {
        u8::from(*self).put(pen);
    }

    fn take(source: &mut Source<'_>) -> Result<Self, Malformed> {
        match u8::take(source)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed::Tag),
        }
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, pen: &mut Pen<'_>) {
        self.is_some().put(pen);
        if let Some(value) = self {
            value.put(pen);
        }
    }

    fn take(source: &mut Source<'_>) -> Result<Self, Malformed> {
        bool::take(source)?.then(|| T::take(source)).transpose()
    }
}

impl Wire for [u8; 16] {
    fn put(&self, pen: &mut Pen<'_>) {
        pen.put(self);
    }

    fn take(source: &mut Source<'_>) -> Result<Self, Malformed> {
        source.take_array()
    }
}

impl Limited for Vec<u8> {
    fn put_limited(&self, pen: &mut Pen<'_>, limit: usize) {
        put_run(pen, &self[..self.len().min(limit)]);
    }

    fn take_limited(source: &mut Source<'_>, limit: usize) -> Result<Self, Malformed> {
        take_run(source, limit).map(<[u8]>::to_vec)
    }
}

impl Limited for String {
    fn put_limited(&self, pen: &mut Pen<'_>, limit: usize) {
        put_run(pen, &self.as_bytes()[..self.floor_char_boundary(limit)]);
    }

    fn take_limited(source: &mut Source<'_>, limit: usize) -> Result<Self, Malformed> {
        let bytes = take_run(source, limit)?;
        std::str::from_utf8(bytes).map(String::from).map_err(|_| Malformed::Utf8)
    }
}

fn put_run(pen: &mut Pen<'_>, bytes: &[u8]) {
    (bytes.len() as u16).put(pen);
    pen.put(bytes);
}

fn take_run<'a>(source: &mut Source<'a>, limit: usize) -> Result<&'a [u8], Malformed> {
    let length = usize::from(u16::take(source)?);
    if length > limit {
        return Err(Malformed::TooLong);
    }
    source.take(length)
}
