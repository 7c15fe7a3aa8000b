//! Strings of the pull parser.

use super::input::{Fault, In, ReadError};
use std::borrow::Cow;

impl<'a> In<'a> {
    /// What follows an opening quote, up to and with the closing one.
    pub(super) fn string_rest(&mut self) -> Result<Cow<'a, str>, ReadError> {
        let plain = self.plain_run()?;
        if self.bytes[self.at] == b'"' {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = String::from(plain);
        while self.bytes[self.at] != b'"' {
            self.at += 1;
            text.push(self.escaped()?);
            text.push_str(self.plain_run()?);
        }
        self.at += 1;
        Ok(Cow::Owned(text))
    }

    /// Everything up to the next quote or backslash, which stays and is certainly there.
    fn plain_run(&mut self) -> Result<&'a str, ReadError> {
        let from = self.at;
        let length = self.bytes[from..]
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
            .ok_or(ReadError { at: self.bytes.len(), fault: Fault::End })?;
        self.at = from + length;
        if self.bytes[self.at] < 0x20 {
            return Err(self.error(Fault::Text));
        }
        std::str::from_utf8(&self.bytes[from..self.at])
            .map_err(|error| ReadError { at: from + error.valid_up_to(), fault: Fault::Utf8 })
    }

    /// What follows a backslash.
    fn escaped(&mut self) -> Result<char, ReadError> {
        let kind = *self.bytes.get(self.at).ok_or_else(|| self.error(Fault::End))?;
        let plain = match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.code_point();
            }
            _ => return Err(self.error(Fault::Text)),
        };
        self.at += 1;
        Ok(plain)
    }

    /// Four hex digits, or two times four where the first is the high half of a surrogate pair.
    fn code_point(&mut self) -> Result<char, ReadError> {
        let from = self.at;
        let high = self.four_hex()?;
        let mut code = high;
        if (0xd800..0xdc00).contains(&high) && self.bytes[self.at..].starts_with(b"\\u") {
            self.at += 2;
            let low = self.four_hex()?;
            // A low half is 0xdc00..0xe000; anything else leaves `code` a lone half, refused below.
            if (0xdc00..0xe000).contains(&low) {
                code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            }
        }
        char::from_u32(code).ok_or(ReadError { at: from, fault: Fault::Text })
    }

    fn four_hex(&mut self) -> Result<u32, ReadError> {
        let mut code = 0;
        for _ in 0..4 {
            let byte = *self.bytes.get(self.at).ok_or_else(|| self.error(Fault::End))?;
            let digit = char::from(byte).to_digit(16).ok_or_else(|| self.error(Fault::Text))?;
            code = code << 4 | digit;
            self.at += 1;
        }
        Ok(code)
    }
}
