//! An app's name in a fixed place.

use super::NAME_MAX;
use std::fmt;

/// A name of 1 to [`NAME_MAX`] bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name {
    bytes: [u8; NAME_MAX],
    length: u8,
}

impl Name {
    /// This name, if it fits.
    pub fn new(text: &str) -> Option<Name> {
        let mut bytes = [0; NAME_MAX];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        (!text.is_empty()).then_some(Name { bytes, length: text.len() as u8 })
    }

    /// It as text.
    pub fn as_str(&self) -> &str {
        // Made from a `str` and never changed, so the empty text is never given.
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
