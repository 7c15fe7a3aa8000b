//! The chunked coding (RFC 9112, 7.1), byte by byte, so that a piece may end anywhere.

/// Bytes of chunk extensions and trailers that are read past in one body. Nobody honest sends them.
const SKIP_MAX: u32 = 16 * 1024;

/// Decodes one body.
#[derive(Clone, Debug)]
pub(super) struct Chunked {
    state: State,
    skipped: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the size; `digits` of it have been read.
    Size { size: u64, digits: u8 },
    /// Behind the size: extensions up to the line's end.
    Extension { size: u64 },
    /// In the data.
    Data { left: u64 },
    /// Behind the data: the line's end.
    DataEnd,
    /// In a line of the trailer; `len` bytes of it have been read.
    Trailer { len: u32 },
    /// Behind the last empty line.
    End,
}

/// What the next bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A piece of the body.
    Data(&'a [u8]),
    /// The body is over.
    End,
    /// More bytes are needed.
    More,
    /// This is not the chunked coding.
    Malformed,
}

impl Chunked {
    pub(super) fn new() -> Chunked {
        Chunked { state: State::Size { size: 0, digits: 0 }, skipped: 0 }
    }

    /// Takes bytes off the front of `bytes` up to the next piece of the body.
    pub(super) fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Part<'a> {
        loop {
            if let State::Data { left } = self.state
                && let Some(data) = self.data(left, bytes)
            {
                return Part::Data(data);
            }
            if self.state == State::End {
                return Part::End;
            }
            let Some((&byte, rest)) = bytes.split_first() else { return Part::More };
            *bytes = rest;
            match self.step(byte) {
                Some(state) => self.state = state,
                None => return Part::Malformed,
            }
        }
    }

    fn data<'a>(&mut self, left: u64, bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        if len == 0 {
            return None;
        }
        let (data, rest) = bytes.split_at(len);
        *bytes = rest;
        let left = left - len as u64;
        self.state = if left == 0 { State::DataEnd } else { State::Data { left } };
        Some(data)
    }

    /// One byte that is not data. A lone LF ends a line as well as CR LF does: RFC 9112, 2.2.
    fn step(&mut self, byte: u8) -> Option<State> {
        match self.state {
            State::Size { size, digits } => size_step(size, digits, byte),
            State::Extension { size } if byte == b'\n' => Some(after_size(size)),
            State::Extension { .. } => self.skip(self.state),
            State::DataEnd => match byte {
                b'\r' => Some(State::DataEnd),
                b'\n' => Some(State::Size { size: 0, digits: 0 }),
                _ => None,
            },
            State::Trailer { len } => match byte {
                b'\n' if len == 0 => Some(State::End),
                b'\n' => Some(State::Trailer { len: 0 }),
                b'\r' => Some(State::Trailer { len }),
                _ => self.skip(State::Trailer { len: len + 1 }),
            },
            State::Data { .. } | State::End => None,
        }
    }

    fn skip(&mut self, state: State) -> Option<State> {
        self.skipped += 1;
        (self.skipped <= SKIP_MAX).then_some(state)
    }
}

fn size_step(size: u64, digits: u8, byte: u8) -> Option<State> {
    if let Some(digit) = (byte as char).to_digit(16) {
        // 15 hex digits are beyond every body and cannot overflow.
        return (digits < 15)
            .then(|| State::Size { size: size * 16 + u64::from(digit), digits: digits + 1 });
    }
    match byte {
        _ if digits == 0 => None,
        b'\n' => Some(after_size(size)),
        b'\r' | b';' | b' ' | b'\t' => Some(State::Extension { size }),
        _ => None,
    }
}

fn after_size(size: u64) -> State {
    if size == 0 { State::Trailer { len: 0 } } else { State::Data { left: size } }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes pieces; the result is the body and whether it ended, or `None` if it is malformed.
    fn decode(pieces: &[&[u8]]) -> Option<(Vec<u8>, bool)> {
        let mut chunked = Chunked::new();
        let mut body = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            loop {
                match chunked.next(&mut rest) {
                    Part::Data(data) => body.extend_from_slice(data),
                    Part::More => break,
                    Part::End => return Some((body, true)),
                    Part::Malformed => return None,
                }
            }
        }
        Some((body, false))
    }

    #[test]
    fn bodies_are_put_together() {
        let whole: &[u8] =
            b"4\r\nWiki\r\n6;name=\"v\"\r\npedia \r\nE \n in\r\n\r\nchunks.\r\n0\r\nA: b\r\n\r\n";
        let body = b"Wikipedia  in\r\n\r\nchunks.".to_vec();
        assert_eq!(decode(&[whole]), Some((body.clone(), true)));
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(decode(&bytes), Some((body, true)));
        assert_eq!(decode(&[b"0\r\n\r\n"]), Some((vec![], true)));
    }

    #[test]
    fn what_is_cut_has_not_ended_and_what_is_wrong_is_malformed() {
        assert_eq!(decode(&[b"4\r\nWi"]), Some((b"Wi".to_vec(), false)));
        assert_eq!(decode(&[b"4\r\nWiki\r\n0\r\n"]), Some((b"Wiki".to_vec(), false)));
        for bad in
            [&b"\r\n"[..], b"x\r\n", b"4x\r\n", b"-1\r\n", b"2\r\nabc", b"1000000000000000\r\n"]
        {
            assert_eq!(decode(&[bad]), None, "{}", bad.escape_ascii());
        }
        let long = [b"1;".to_vec(), vec![b'x'; 20_000]].concat();
        assert_eq!(decode(&[&long]), None);
    }
}
