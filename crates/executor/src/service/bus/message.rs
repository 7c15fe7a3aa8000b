//! One whole message: header and body.

use super::MESSAGE_MAX;
use super::read::Reader;
use super::write::Writer;

/// The name of the bus itself.
pub const BUS_NAME: &str = "org.freedesktop.DBus";

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A method call.
    Call,
    /// Its answer.
    Return,
    /// Its refusal.
    Error,
    /// A signal.
    Signal,
}

/// A message as it stands in the buffer. Absent header fields are empty or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its number.
    pub serial: u32,
    /// The call that it answers.
    pub reply_serial: u32,
    /// The object.
    pub path: &'a str,
    /// The interface.
    pub interface: &'a str,
    /// The method or signal.
    pub member: &'a str,
    /// The error's name.
    pub error: &'a str,
    /// For whom.
    pub destination: &'a str,
    /// From whom: filled in by the bus, so it can be believed.
    pub sender: &'a str,
    /// The body's types.
    pub signature: &'a [u8],
    /// The body.
    pub body: &'a [u8],
    /// How its numbers are written.
    pub big_endian: bool,
}

impl<'a> Message<'a> {
    /// An empty message of this kind, to be filled in.
    pub fn new(kind: Kind) -> Message<'a> {
        Message {
            kind,
            serial: 0,
            reply_serial: 0,
            path: "",
            interface: "",
            member: "",
            error: "",
            destination: "",
            sender: "",
            signature: b"",
            body: b"",
            big_endian: false,
        }
    }

    /// A cursor over the body.
    pub fn reader(&self) -> Reader<'a> {
        Reader::new(self.body, self.big_endian)
    }

    /// The text of an error, or nothing.
    pub fn error_text(&self) -> &'a str {
        if self.signature.first() == Some(&b's') {
            self.reader().string().unwrap_or("")
        } else {
            ""
        }
    }

    /// Reads exactly one message.
    pub fn parse(bytes: &'a [u8]) -> Option<Message<'a>> {
        let big_endian = match bytes.first()? {
            b'l' => false,
            b'B' => true,
            _ => return None,
        };
        let mut header = Reader::new(bytes, big_endian);
        header.byte()?;
        let kind = match header.byte()? {
            1 => Kind::Call,
            2 => Kind::Return,
            3 => Kind::Error,
            4 => Kind::Signal,
            _ => return None,
        };
        let mut message = Message { big_endian, ..Message::new(kind) };
        let _flags = header.byte()?;
        let version = header.byte()?;
        let body_len = header.u32()? as usize;
        message.serial = header.u32()?;
        if version != 1 || message.serial == 0 {
            return None;
        }
        let mut fields = header.array(8)?;
        while !fields.is_done() {
            message.read_field(&mut fields)?;
        }
        header.align(8)?;
        message.body = &bytes[header.position()..];
        (message.body.len() == body_len && message.is_complete()).then_some(message)
    }

    fn read_field(&mut self, fields: &mut Reader<'a>) -> Option<()> {
        fields.align(8)?;
        let code = fields.byte()?;
        let signature = fields.signature()?;
        match (code, signature) {
            (1, b"o") => self.path = fields.string()?,
            (2, b"s") => self.interface = fields.string()?,
            (3, b"s") => self.member = fields.string()?,
            (4, b"s") => self.error = fields.string()?,
            (5, b"u") => self.reply_serial = fields.u32()?,
            (6, b"s") => self.destination = fields.string()?,
            (7, b"s") => self.sender = fields.string()?,
            (8, b"g") => self.signature = fields.signature()?,
            (0..=8, _) | (_, b"") => return None,
            // Unknown fields are to be ignored (9 is the count of descriptors).
            (_, other) => fields.skip(other)?,
        }
        Some(())
    }

    fn is_complete(&self) -> bool {
        match self.kind {
            Kind::Call => !self.path.is_empty() && !self.member.is_empty(),
            Kind::Return => self.reply_serial != 0,
            Kind::Error => self.reply_serial != 0 && !self.error.is_empty(),
            Kind::Signal => {
                !self.path.is_empty() && !self.interface.is_empty() && !self.member.is_empty()
            }
        }
    }

    /// Appends the marshalled message to `out`; `None` if it cannot be written. Always
    /// little-endian, so the body must be too.
    pub fn write(&self, out: &mut Vec<u8>) -> Option<()> {
        let mut header = Writer::new();
        let kind = match self.kind {
            Kind::Call => 1,
            Kind::Return => 2,
            Kind::Error => 3,
            Kind::Signal => 4,
        };
        header.byte(b'l').byte(kind).byte(0).byte(1);
        header.u32(self.body.len() as u32).u32(self.serial);
        header.array(8, |fields| self.write_fields(fields));
        header.align(8);
        let header = header.bytes()?;
        if header.len() + self.body.len() > MESSAGE_MAX {
            return None;
        }
        out.extend_from_slice(header);
        out.extend_from_slice(self.body);
        Some(())
    }

    fn write_fields(&self, fields: &mut Writer) {
        let texts = [
            (1, "o", self.path),
            (2, "s", self.interface),
            (3, "s", self.member),
            (4, "s", self.error),
            (6, "s", self.destination),
            (7, "s", self.sender),
        ];
        for (code, signature, text) in texts.into_iter().filter(|field| !field.2.is_empty()) {
            fields.align(8).byte(code).signature(signature).string(text);
        }
        if self.reply_serial != 0 {
            fields.align(8).byte(5).signature("u").u32(self.reply_serial);
        }
        if !self.signature.is_empty() {
            let signature = core::str::from_utf8(self.signature).unwrap_or("");
            fields.align(8).byte(8).signature("g").signature(signature);
        }
    }
}
