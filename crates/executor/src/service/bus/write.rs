//! Marshalling, little-endian, into a buffer that never grows past [`MESSAGE_MAX`].

use super::MESSAGE_MAX;

/// Writes values. Whatever cannot be written (too long, a NUL inside a string) marks the whole as
/// broken; [`Writer::bytes`] then gives nothing.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
    is_broken: bool,
}

impl Writer {
    /// An empty one.
    pub fn new() -> Writer {
        Writer::default()
    }

    /// What was written, unless it is broken.
    pub fn bytes(&self) -> Option<&[u8]> {
        (!self.is_broken).then_some(&self.bytes)
    }

    fn push(&mut self, bytes: &[u8]) -> &mut Writer {
        if self.bytes.len() + bytes.len() > MESSAGE_MAX {
            self.is_broken = true;
        }
        if !self.is_broken {
            self.bytes.extend_from_slice(bytes);
        }
        self
    }

    /// Zeros up to the next multiple of `to`.
    pub fn align(&mut self, to: usize) -> &mut Writer {
        let len = self.bytes.len().next_multiple_of(to) - self.bytes.len();
        self.push(&[0; 8][..len.min(8)])
    }

    /// `y`.
    pub fn byte(&mut self, value: u8) -> &mut Writer {
        self.push(&[value])
    }

    /// `u`.
    pub fn u32(&mut self, value: u32) -> &mut Writer {
        self.align(4).push(&value.to_le_bytes())
    }

    /// `i`.
    pub fn i32(&mut self, value: i32) -> &mut Writer {
        self.align(4).push(&value.to_le_bytes())
    }

    /// `t`.
    pub fn u64(&mut self, value: u64) -> &mut Writer {
        self.align(8).push(&value.to_le_bytes())
    }

    /// `b`.
    pub fn boolean(&mut self, value: bool) -> &mut Writer {
        self.u32(u32::from(value))
    }

    /// `s` or `o`.
    pub fn string(&mut self, value: &str) -> &mut Writer {
        if value.len() > MESSAGE_MAX || value.as_bytes().contains(&0) {
            self.is_broken = true;
            return self;
        }
        self.u32(value.len() as u32).push(value.as_bytes()).push(&[0])
    }

    /// `g`.
    pub fn signature(&mut self, value: &str) -> &mut Writer {
        let Ok(len) = u8::try_from(value.len()) else {
            self.is_broken = true;
            return self;
        };
        self.push(&[len]).push(value.as_bytes()).push(&[0])
    }

    /// An array whose element type is aligned to `alignment`.
    pub fn array(&mut self, alignment: usize, elements: impl FnOnce(&mut Writer)) -> &mut Writer {
        let length_at = self.u32(0).bytes.len();
        self.align(alignment);
        let start = self.bytes.len();
        elements(self);
        if !self.is_broken {
            let len = (self.bytes.len() - start) as u32;
            self.bytes[length_at - 4..length_at].copy_from_slice(&len.to_le_bytes());
        }
        self
    }

    /// A structure or a dictionary entry.
    pub fn structure(&mut self, members: impl FnOnce(&mut Writer)) -> &mut Writer {
        self.align(8);
        members(self);
        self
    }

    /// `v`.
    pub fn variant(&mut self, signature: &str, value: impl FnOnce(&mut Writer)) -> &mut Writer {
        self.signature(signature);
        value(self);
        self
    }

    /// One `(sv)` of a property list.
    pub fn property(
        &mut self,
        name: &str,
        signature: &str,
        value: impl FnOnce(&mut Writer),
    ) -> &mut Writer {
        self.structure(|entry| {
            entry.string(name).variant(signature, value);
        })
    }
}
