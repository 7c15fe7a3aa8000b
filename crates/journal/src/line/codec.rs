//! One line's bytes.

use super::plain::hex_bytes;
use super::{Entry, Line, format_wall, parse_wall};
use crate::json::{Fault, In, Object, Out, ReadError, Shape};
use defib_engine::time::Moment;
use std::borrow::Cow;
use std::fmt;

/// The version of the lines' shape.
pub const VERSION: u64 = 1;

/// The most bytes of one line with its newline. A checkpoint of 64 apps is a third of that.
pub const LINE_MAX: usize = 1 << 20;

/// `,"crc":"xxxxxxxx"}`: the last bytes of every line.
const CRC_KEY: &[u8] = b",\"crc\":\"";
const CRC_DIGITS: usize = 8;
const TAIL_BYTES: usize = CRC_KEY.len() + CRC_DIGITS + 2;

/// Why a line never happened, or cannot be read by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Torn {
    /// It is cut, or its checksum is wrong.
    Checksum,
    /// Its checksum is right and its shape is of another version.
    Version(u64),
    /// Its checksum is right and its contents are not what its kind has.
    Shape(ReadError),
}

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Torn::Checksum => f.write_str("the line is torn: its checksum is wrong"),
            Torn::Version(version) => {
                write!(f, "line version {version}; this defib knows {VERSION}")
            }
            Torn::Shape(why) => write!(f, "the line makes no sense: {why}"),
        }
    }
}

impl std::error::Error for Torn {}

impl From<ReadError> for Torn {
    fn from(why: ReadError) -> Torn {
        Torn::Shape(why)
    }
}

/// What stands before a line's own fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// The line's number.
    pub seq: u64,
    /// The wall clock, in milliseconds since 1970.
    pub wall_ms: u64,
    /// The engine's time.
    pub up: Moment,
    /// Its kind.
    pub kind: Cow<'a, str>,
}

/// Appends one line, with its newline.
pub fn encode_line(bytes: &mut Vec<u8>, seq: u64, wall_ms: u64, up: Moment, line: &Line<'_>) {
    let from = bytes.len();
    let mut out = Out::new(bytes);
    out.open_object();
    VERSION.write_field("v", &mut out);
    seq.write_field("seq", &mut out);
    out.key("wall");
    out.string(std::str::from_utf8(&format_wall(wall_ms)).unwrap_or_default());
    up.write_field("up", &mut out);
    out.key("kind");
    out.string(line.kind());
    line.write_fields(&mut out);
    let crc = crc32fast::hash(&bytes[from..]);
    bytes.extend_from_slice(CRC_KEY);
    Out::new(bytes).hex(&crc.to_be_bytes());
    bytes.extend_from_slice(b"\"}\n");
}

/// Reads one line, without its newline.
pub fn decode_line(line: &[u8]) -> Result<Entry, Torn> {
    let mut input = checked(line)?;
    let mut object = input.object()?;
    let Head { seq, wall_ms, up, kind } = read_head(&mut object, &mut input)?;
    let line = Line::read_fields(&kind, &mut object, &mut input)?;
    input.end()?;
    Ok(Entry { seq, wall_ms, up, line })
}

/// Reads what stands before one line's own fields, after its checksum was found to be right.
pub fn decode_head(line: &[u8]) -> Result<Head<'_>, Torn> {
    let mut input = checked(line)?;
    let mut object = input.object()?;
    read_head(&mut object, &mut input)
}

fn checked(line: &[u8]) -> Result<In<'_>, Torn> {
    let split = line.len().checked_sub(TAIL_BYTES).ok_or(Torn::Checksum)?;
    let (body, tail) = line.split_at(split);
    let digits = tail
        .strip_prefix(CRC_KEY)
        .and_then(|rest| rest.strip_suffix(b"\"}"))
        .and_then(hex_bytes)
        .ok_or(Torn::Checksum)?;
    if crc32fast::hash(body) == u32::from_be_bytes(digits) {
        Ok(In::new(line))
    } else {
        Err(Torn::Checksum)
    }
}

fn read_head<'a>(object: &mut Object, input: &mut In<'a>) -> Result<Head<'a>, Torn> {
    let version = head_field(object, input, "v")?;
    if version != VERSION {
        return Err(Torn::Version(version));
    }
    let seq = head_field(object, input, "seq")?;
    let wall: Cow<'_, str> = head_field(object, input, "wall")?;
    let wall_ms = parse_wall(&wall).ok_or_else(|| input.error(Fault::Range))?;
    let up = head_field(object, input, "up")?;
    expect_key(object, input, "kind")?;
    let kind = input.string()?;
    Ok(Head { seq, wall_ms, up, kind })
}

// The head's fields stand in one order, so that it can be read without the rest of the line.
fn head_field<T: Shape>(
    object: &mut Object,
    input: &mut In<'_>,
    name: &'static str,
) -> Result<T, ReadError> {
    expect_key(object, input, name)?;
    T::read(input)
}

fn expect_key(
    object: &mut Object,
    input: &mut In<'_>,
    name: &'static str,
) -> Result<(), ReadError> {
    match object.key(input)? {
        Some(key) if key == name => Ok(()),
        _ => Err(input.error(Fault::Missing(name))),
    }
}
