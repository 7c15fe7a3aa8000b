//! Unmarshalling: a cursor that returns `None` at the first byte that breaks the rules.

/// How deep containers may be nested, by the specification's limit of 32 arrays and 32 structures.
const DEPTH_MAX: u8 = 64;

/// A cursor over marshalled values. Alignment counts from the first byte of the slice that it was
/// made from, so that slice must begin at a multiple of 8 within the message.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    big_endian: bool,
}

impl<'a> Reader<'a> {
    /// A cursor at the start of `bytes`.
    pub fn new(bytes: &'a [u8], big_endian: bool) -> Reader<'a> {
        Reader { bytes, at: 0, big_endian }
    }

    /// Whether every byte was read.
    pub fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// How many bytes were read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Moves to the next multiple of `to`.
    pub fn align(&mut self, to: usize) -> Option<()> {
        let at = self.at.checked_next_multiple_of(to)?;
        if at > self.bytes.len() {
            return None;
        }
        self.at = at;
        Some(())
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(len)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.align(N)?;
        let mut bytes: [u8; N] = self.take(N)?.try_into().ok()?;
        if self.big_endian {
            bytes.reverse();
        }
        Some(bytes)
    }

    /// `y`.
    pub fn byte(&mut self) -> Option<u8> {
        self.fixed::<1>().map(|bytes| bytes[0])
    }

    /// `u`.
    pub fn u32(&mut self) -> Option<u32> {
        self.fixed().map(u32::from_le_bytes)
    }

    /// `i`.
    pub fn i32(&mut self) -> Option<i32> {
        self.fixed().map(i32::from_le_bytes)
    }

    /// `t`.
    pub fn u64(&mut self) -> Option<u64> {
        self.fixed().map(u64::from_le_bytes)
    }

    /// `b`: anything but 0 and 1 is an error.
    pub fn boolean(&mut self) -> Option<bool> {
        match self.u32()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// `s` or `o`: UTF-8 without NUL, with a NUL after it.
    pub fn string(&mut self) -> Option<&'a str> {
        let len = self.u32()? as usize;
        let text = self.take(len)?;
        let end = self.byte()?;
        if end != 0 || text.contains(&0) {
            return None;
        }
        core::str::from_utf8(text).ok()
    }

    /// `g`.
    pub fn signature(&mut self) -> Option<&'a [u8]> {
        let len = self.byte()? as usize;
        let text = self.take(len)?;
        (self.byte()? == 0).then_some(text)
    }

    /// The elements of an array whose element type is aligned to `alignment`, as a cursor of
    /// their own; this cursor moves behind them.
    pub fn array(&mut self, alignment: usize) -> Option<Reader<'a>> {
        let len = self.u32()? as usize;
        self.align(alignment)?;
        let start = self.at;
        self.take(len)?;
        Some(Reader { bytes: &self.bytes[..self.at], at: start, big_endian: self.big_endian })
    }

    /// Moves behind one value of each type in `signature`.
    pub fn skip(&mut self, signature: &[u8]) -> Option<()> {
        let mut rest = signature;
        while !rest.is_empty() {
            rest = self.skip_one(rest, DEPTH_MAX)?;
        }
        Some(())
    }

    /// Skips a value of the first type in `signature`, and returns the types after it.
    fn skip_one<'s>(&mut self, signature: &'s [u8], depth: u8) -> Option<&'s [u8]> {
        let depth = depth.checked_sub(1)?;
        let (&first, rest) = signature.split_first()?;
        match first {
            b'y' => drop(self.byte()?),
            b'n' | b'q' => drop(self.fixed::<2>()?),
            b'b' | b'u' | b'i' | b'h' => drop(self.u32()?),
            b'x' | b't' | b'd' => drop(self.u64()?),
            b's' | b'o' => drop(self.string()?),
            b'g' => drop(self.signature()?),
            b'v' => {
                let inner = self.signature()?;
                if !self.skip_one(inner, depth)?.is_empty() {
                    return None;
                }
            }
            b'a' => return self.skip_array(rest, depth),
            b'(' => return self.skip_members(rest, b')', depth),
            b'{' => return self.skip_members(rest, b'}', depth),
            _ => return None,
        }
        Some(rest)
    }

    fn skip_array<'s>(&mut self, element: &'s [u8], depth: u8) -> Option<&'s [u8]> {
        let rest = after_one(element, depth)?;
        let mut elements = self.array(alignment(*element.first()?))?;
        while !elements.is_done() {
            let before = elements.at;
            elements.skip_one(element, depth)?;
            if elements.at == before {
                return None;
            }
        }
        Some(rest)
    }

    fn skip_members<'s>(&mut self, members: &'s [u8], end: u8, depth: u8) -> Option<&'s [u8]> {
        self.align(8)?;
        let mut rest = members;
        while *rest.first()? != end {
            rest = self.skip_one(rest, depth)?;
        }
        // The specification forbids empty structures.
        (rest.len() < members.len()).then(|| &rest[1..])
    }
}

/// What a type is aligned to.
pub fn alignment(first: u8) -> usize {
    match first {
        b'n' | b'q' => 2,
        b'b' | b'u' | b'i' | b'h' | b's' | b'o' | b'a' => 4,
        b'x' | b't' | b'd' | b'(' | b'{' => 8,
        _ => 1,
    }
}

/// What follows the first complete type of `signature`.
fn after_one(signature: &[u8], depth: u8) -> Option<&[u8]> {
    let depth = depth.checked_sub(1)?;
    let (&first, rest) = signature.split_first()?;
    let end = match first {
        b'a' => return after_one(rest, depth),
        b'(' => b')',
        b'{' => b'}',
        b')' | b'}' => return None,
        _ => return Some(rest),
    };
    let mut members = rest;
    while *members.first()? != end {
        members = after_one(members, depth)?;
    }
    Some(&members[1..])
}
