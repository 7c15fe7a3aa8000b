//! Numbers of the pull parser: whole ones are read exactly, others only passed over.

use super::input::{Fault, In, ReadError};

impl In<'_> {
    /// A whole number; `i128` holds every `u64` and every `i64`.
    pub fn integer(&mut self) -> Result<i128, ReadError> {
        let from = self.number_token()?;
        let token = &self.bytes[from..self.at];
        // 20 digits and a sign: what is longer is out of range for every type of ours.
        let text = std::str::from_utf8(token).map_err(|_| self.error(Fault::Number))?;
        if token.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
            return Err(ReadError { at: from, fault: Fault::Number });
        }
        text.parse().map_err(|_| ReadError { at: from, fault: Fault::Range })
    }

    pub(super) fn skip_number(&mut self) -> Result<(), ReadError> {
        self.number_token().map(drop)
    }

    /// Passes over one number by JSON's grammar, and says where it began.
    fn number_token(&mut self) -> Result<usize, ReadError> {
        self.peek()?;
        let from = self.at;
        self.at += usize::from(self.next_is(b"-"));
        if self.next_is(b"0") {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.next_is(b".") {
            self.at += 1;
            self.digits()?;
        }
        if self.next_is(b"eE") {
            self.at += 1;
            self.at += usize::from(self.next_is(b"+-"));
            self.digits()?;
        }
        if self.next_is(b"0123456789") {
            return Err(self.error(Fault::Number));
        }
        Ok(from)
    }

    fn next_is(&self, any: &[u8]) -> bool {
        self.bytes.get(self.at).is_some_and(|byte| any.contains(byte))
    }

    fn digits(&mut self) -> Result<(), ReadError> {
        let from = self.at;
        while self.next_is(b"0123456789") {
            self.at += 1;
        }
        if self.at == from {
            return Err(self.error(Fault::Number));
        }
        Ok(())
    }
}
