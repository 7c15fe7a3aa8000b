//! Cutting a stream of bytes into messages, in one fixed buffer.

use super::MESSAGE_MAX;

/// The longest message that the specification allows; a longer one is no D-Bus.
const PROTOCOL_MAX: u64 = 128 * 1024 * 1024;
/// The header up to and with the length of its field array.
const FIXED_LEN: usize = 16;

/// What has arrived and was not read yet.
#[derive(Debug)]
pub struct Inbox {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Bytes of an oversize message that are still to come and to be dropped.
    to_skip: u64,
    /// How many messages were too long and were dropped.
    pub oversize_count: u32,
}

/// What the buffer holds next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// Not a whole message yet.
    More,
    /// One whole message.
    Whole(&'a [u8]),
    /// No D-Bus: the connection cannot be used any more.
    Garbage,
}

impl Default for Inbox {
    fn default() -> Inbox {
        Inbox {
            buffer: vec![0; MESSAGE_MAX].into_boxed_slice(),
            start: 0,
            end: 0,
            to_skip: 0,
            oversize_count: 0,
        }
    }
}

impl Inbox {
    /// Where the next bytes go; never empty after [`Inbox::next`] said [`Next::More`].
    pub fn space(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.buffer[self.end..]
    }

    /// `len` bytes were written to [`Inbox::space`].
    pub fn filled(&mut self, len: usize) {
        self.end = (self.end + len).min(self.buffer.len());
    }

    /// Puts bytes in; returns how many found room.
    pub fn put(&mut self, bytes: &[u8]) -> usize {
        let space = self.space();
        let len = bytes.len().min(space.len());
        space[..len].copy_from_slice(&bytes[..len]);
        self.filled(len);
        len
    }

    /// The bytes that wait, for whoever reads them before the first message.
    pub fn waiting(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// `len` of the waiting bytes were read.
    pub fn taken(&mut self, len: usize) {
        self.start = (self.start + len).min(self.end);
    }

    /// The next message, if all of it is there.
    pub fn next_message(&mut self) -> Next<'_> {
        loop {
            let dropped = self.to_skip.min(self.waiting().len() as u64);
            self.taken(dropped as usize);
            self.to_skip -= dropped;
            let waiting = self.waiting();
            if self.to_skip > 0 || waiting.len() < FIXED_LEN {
                return Next::More;
            }
            let Some(total) = total_len(waiting) else { return Next::Garbage };
            if total <= MESSAGE_MAX as u64 {
                return self.whole(total as usize);
            }
            self.to_skip = total;
            self.oversize_count = self.oversize_count.saturating_add(1);
        }
    }

    fn whole(&mut self, total: usize) -> Next<'_> {
        if self.waiting().len() < total {
            return Next::More;
        }
        let start = self.start;
        self.start += total;
        Next::Whole(&self.buffer[start..start + total])
    }
}

/// The length of the message that begins here.
fn total_len(head: &[u8]) -> Option<u64> {
    let number = |at: usize| -> Option<u64> {
        let bytes: [u8; 4] = head.get(at..at + 4)?.try_into().ok()?;
        match head[0] {
            b'l' => Some(u64::from(u32::from_le_bytes(bytes))),
            b'B' => Some(u64::from(u32::from_be_bytes(bytes))),
            _ => None,
        }
    };
    if head.get(3) != Some(&1) {
        return None;
    }
    let fields_len = number(12)?;
    let total = (FIXED_LEN as u64 + fields_len).next_multiple_of(8) + number(4)?;
    (total <= PROTOCOL_MAX).then_some(total)
}
