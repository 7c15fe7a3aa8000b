//! The pull parser: the caller says what comes next, so nothing is built that nobody asked for.

use std::borrow::Cow;
use std::fmt;

/// How deep objects and arrays may stand in each other. Each level of ours is one stack frame, so
/// the bound is what keeps a hostile line from using up the stack.
pub const DEPTH_MAX: u8 = 32;

/// Why a text could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The text ends too early.
    End,
    /// Something else was expected here.
    Unexpected,
    /// More than [`DEPTH_MAX`] levels.
    TooDeep,
    /// A broken string: a bare control byte, a bad escape, half a surrogate pair.
    Text,
    /// Not UTF-8.
    Utf8,
    /// Not a JSON number, or not a whole one.
    Number,
    /// A number that its type cannot hold, or a list of the wrong length.
    Range,
    /// A field that is needed and not there.
    Missing(&'static str),
    /// A field that is there twice.
    Repeated(&'static str),
    /// A variant that its type does not have.
    Variant,
}

/// Where and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// The byte, counted from 0.
    pub at: usize,
    /// What is wrong there.
    pub fault: Fault,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        match self.fault {
            Fault::End => write!(f, "the text ends too early, at byte {at}"),
            Fault::Unexpected => write!(f, "unexpected character at byte {at}"),
            Fault::TooDeep => write!(f, "nested more than {DEPTH_MAX} levels deep at byte {at}"),
            Fault::Text => write!(f, "broken string at byte {at}"),
            Fault::Utf8 => write!(f, "not UTF-8 at byte {at}"),
            Fault::Number => write!(f, "no whole number at byte {at}"),
            Fault::Range => write!(f, "value out of range at byte {at}"),
            Fault::Missing(name) => write!(f, "field '{name}' is missing before byte {at}"),
            Fault::Repeated(name) => write!(f, "field '{name}' is there twice, at byte {at}"),
            Fault::Variant => write!(f, "unknown name at byte {at}"),
        }
    }
}

impl std::error::Error for ReadError {}

/// A position in a JSON text.
pub struct In<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    depth: u8,
}

/// An object that is being read.
pub struct Object {
    first: bool,
}

/// An array that is being read.
pub struct List {
    first: bool,
}

impl<'a> In<'a> {
    /// Reads `bytes` from the beginning.
    pub fn new(bytes: &'a [u8]) -> In<'a> {
        In { bytes, at: 0, depth: 0 }
    }

    /// An error at this place.
    pub fn error(&self, fault: Fault) -> ReadError {
        ReadError { at: self.at, fault }
    }

    /// The next byte that is not white space, which stays.
    pub fn peek(&mut self) -> Result<u8, ReadError> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied().ok_or_else(|| self.error(Fault::End))
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), ReadError> {
        if self.peek()? != byte {
            return Err(self.error(Fault::Unexpected));
        }
        self.at += 1;
        Ok(())
    }

    /// Nothing but white space may follow.
    pub fn end(&mut self) -> Result<(), ReadError> {
        match self.peek() {
            Err(_) => Ok(()),
            Ok(_) => Err(self.error(Fault::Unexpected)),
        }
    }

    fn enter(&mut self, open: u8) -> Result<(), ReadError> {
        self.expect(open)?;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error(Fault::TooDeep));
        }
        Ok(())
    }

    /// Whether one more member follows; eats the comma before it, or the closing bracket.
    fn more(&mut self, first: &mut bool, close: u8) -> Result<bool, ReadError> {
        if self.peek()? == close {
            self.at += 1;
            self.depth -= 1;
            return Ok(false);
        }
        if !*first {
            self.expect(b',')?;
        }
        *first = false;
        Ok(true)
    }

    /// Begins to read an object.
    pub fn object(&mut self) -> Result<Object, ReadError> {
        self.enter(b'{')?;
        Ok(Object { first: true })
    }

    /// Begins to read an array.
    pub fn list(&mut self) -> Result<List, ReadError> {
        self.enter(b'[')?;
        Ok(List { first: true })
    }

    /// A string, borrowed where nothing in it is escaped.
    pub fn string(&mut self) -> Result<Cow<'a, str>, ReadError> {
        self.expect(b'"')?;
        self.string_rest()
    }

    /// `true` or `false`.
    pub fn boolean(&mut self) -> Result<bool, ReadError> {
        let value = self.peek()? == b't';
        self.word(if value { b"true" } else { b"false" })?;
        Ok(value)
    }

    /// Eats `null` if it comes next.
    pub fn null(&mut self) -> Result<bool, ReadError> {
        if self.peek()? != b'n' {
            return Ok(false);
        }
        self.word(b"null")?;
        Ok(true)
    }

    fn word(&mut self, word: &[u8]) -> Result<(), ReadError> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(self.error(Fault::Unexpected));
        }
        self.at += word.len();
        Ok(())
    }

    /// Passes over one value of any kind, as strictly as if it were wanted.
    pub fn skip(&mut self) -> Result<(), ReadError> {
        match self.peek()? {
            b'{' => {
                let mut object = self.object()?;
                while object.key(self)?.is_some() {
                    self.skip()?;
                }
                Ok(())
            }
            b'[' => {
                let mut list = self.list()?;
                while list.more(self)? {
                    self.skip()?;
                }
                Ok(())
            }
            b'"' => self.string().map(drop),
            b't' | b'f' => self.boolean().map(drop),
            b'n' => self.null().map(drop),
            _ => self.skip_number(),
        }
    }
}

impl Object {
    /// The next field's name, or `None` at the object's end. Its value must be read or skipped
    /// before the next call.
    pub fn key<'a>(&mut self, input: &mut In<'a>) -> Result<Option<Cow<'a, str>>, ReadError> {
        if !input.more(&mut self.first, b'}')? {
            return Ok(None);
        }
        let name = input.string()?;
        input.expect(b':')?;
        Ok(Some(name))
    }
}

impl List {
    /// Whether an element follows; it must be read or skipped before the next call.
    pub fn more(&mut self, input: &mut In<'_>) -> Result<bool, ReadError> {
        input.more(&mut self.first, b']')
    }
}
