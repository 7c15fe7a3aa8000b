//! A short text in a fixed place, harmless wherever it is printed.

use crate::malformed::Malformed;
use crate::wire::{Pen, Source, Wire};
use std::fmt;

/// At most `N` bytes of printable ASCII.
///
/// Names of processes are chosen by whoever starts them, and what is recorded is printed at login: any other byte
/// is a `?`, when it is made and when it is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    length: u8,
}

impl<const N: usize> Text<N> {
    /// The beginning of these bytes.
    pub fn of(bytes: &[u8]) -> Text<N> {
        let mut text = Text::default();
        for (place, byte) in text.bytes.iter_mut().zip(bytes).take(usize::from(u8::MAX)) {
            *place = if byte.is_ascii_graphic() || *byte == b' ' { *byte } else { b'?' };
            text.length += 1;
        }
        text
    }

    /// It as text.
    pub fn as_str(&self) -> &str {
        let kept = self.bytes.get(..usize::from(self.length)).unwrap_or_default();
        std::str::from_utf8(kept).unwrap_or_default()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Text { bytes: [0; N], length: 0 }
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const N: usize> Wire for Text<N> {
    fn put(&self, pen: &mut Pen<'_>) {
        self.length.put(pen);
        pen.put(self.as_str().as_bytes());
    }

    fn take(source: &mut Source<'_>) -> Result<Self, Malformed> {
        let length = usize::from(u8::take(source)?);
        if length > N {
            return Err(Malformed::TooLong);
        }
        source.take(length).map(Text::of)
    }
}
