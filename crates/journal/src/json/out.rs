//! The writer.

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends JSON to a buffer. Commas are set from the last byte written: after `{`, `[` and `:`
/// none is needed, and a string can never leave one of those there, because it ends in a quote.
pub struct Out<'a> {
    bytes: &'a mut Vec<u8>,
}

impl<'a> Out<'a> {
    /// Appends to `bytes`.
    pub fn new(bytes: &'a mut Vec<u8>) -> Out<'a> {
        Out { bytes }
    }

    /// Begins an object.
    pub fn open_object(&mut self) {
        self.bytes.push(b'{');
    }

    /// Ends an object.
    pub fn close_object(&mut self) {
        self.bytes.push(b'}');
    }

    /// Begins an array.
    pub fn open_array(&mut self) {
        self.bytes.push(b'[');
    }

    /// Ends an array.
    pub fn close_array(&mut self) {
        self.bytes.push(b']');
    }

    /// A field's name; its value follows.
    pub fn key(&mut self, name: &str) {
        self.separate();
        self.string(name);
        self.bytes.push(b':');
    }

    /// Call before each element of an array.
    pub fn separate(&mut self) {
        if !matches!(self.bytes.last(), None | Some(b'{' | b'[' | b':')) {
            self.bytes.push(b',');
        }
    }

    /// A string, escaped.
    pub fn string(&mut self, text: &str) {
        self.bytes.push(b'"');
        let mut plain_from = 0;
        for (at, byte) in text.bytes().enumerate() {
            if byte >= 0x20 && byte != b'"' && byte != b'\\' && byte != 0x7f {
                continue;
            }
            self.bytes.extend_from_slice(&text.as_bytes()[plain_from..at]);
            self.escape(byte);
            plain_from = at + 1;
        }
        self.bytes.extend_from_slice(&text.as_bytes()[plain_from..]);
        self.bytes.push(b'"');
    }

    // DEL is escaped too, though JSON does not ask for it: lines are read in terminals.
    fn escape(&mut self, byte: u8) {
        match byte {
            b'"' => self.bytes.extend_from_slice(b"\\\""),
            b'\\' => self.bytes.extend_from_slice(b"\\\\"),
            b'\n' => self.bytes.extend_from_slice(b"\\n"),
            b'\r' => self.bytes.extend_from_slice(b"\\r"),
            b'\t' => self.bytes.extend_from_slice(b"\\t"),
            _ => {
                self.bytes.extend_from_slice(b"\\u00");
                self.hex(&[byte]);
            }
        }
    }

    /// Two lower-case hex digits a byte, without quotes.
    pub(crate) fn hex(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.bytes.push(HEX[usize::from(byte >> 4)]);
            self.bytes.push(HEX[usize::from(byte & 15)]);
        }
    }

    /// A string of hex digits.
    pub(crate) fn hex_string(&mut self, bytes: &[u8]) {
        self.bytes.push(b'"');
        self.hex(bytes);
        self.bytes.push(b'"');
    }

    /// A whole number.
    pub fn unsigned(&mut self, value: u64) {
        let mut digits = [0_u8; 20];
        let mut at = digits.len();
        let mut rest = value;
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.bytes.extend_from_slice(&digits[at..]);
    }

    /// A whole number with a sign.
    pub fn signed(&mut self, value: i64) {
        if value < 0 {
            self.bytes.push(b'-');
        }
        self.unsigned(value.unsigned_abs());
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, value: bool) {
        self.bytes.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// `null`.
    pub fn null(&mut self) {
        self.bytes.extend_from_slice(b"null");
    }
}
