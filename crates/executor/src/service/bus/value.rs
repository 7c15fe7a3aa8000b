//! The values of properties that we read out of variants.

use super::read::Reader;

/// One property's value. Types that no property of ours has are [`Value::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `b`.
    Bool(bool),
    /// `i`.
    I32(i32),
    /// `u`.
    U32(u32),
    /// `t`.
    U64(u64),
    /// `s`.
    Text(&'a str),
    /// `o`.
    Path(&'a str),
    /// `(uo)`: a unit's job; number 0 is none.
    Job(u32, &'a str),
    /// `(aiai)`: exit codes and signals.
    Exits(ExitSet),
    /// Something else.
    Other,
}

impl<'a> Value<'a> {
    /// Reads one `v`.
    pub fn read(reader: &mut Reader<'a>) -> Option<Value<'a>> {
        let signature = reader.signature()?;
        Some(match signature {
            b"b" => Value::Bool(reader.boolean()?),
            b"i" => Value::I32(reader.i32()?),
            b"u" => Value::U32(reader.u32()?),
            b"t" => Value::U64(reader.u64()?),
            b"s" => Value::Text(reader.string()?),
            b"o" => Value::Path(reader.string()?),
            b"(uo)" => {
                reader.align(8)?;
                Value::Job(reader.u32()?, reader.string()?)
            }
            b"(aiai)" => Value::Exits(ExitSet::read(reader)?),
            // A variant holds exactly one type; a signature without or with more is refused by
            // asking for one structure of it.
            other => {
                skip_single(reader, other)?;
                Value::Other
            }
        })
    }
}

fn skip_single(reader: &mut Reader<'_>, signature: &[u8]) -> Option<()> {
    if signature.is_empty() {
        return None;
    }
    reader.skip(signature)
}

/// A set of exit codes and of signals, as systemd's `RestartPreventExitStatus` and its like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExitSet {
    codes: [u64; 4],
    signals: u128,
}

impl ExitSet {
    fn read(reader: &mut Reader<'_>) -> Option<ExitSet> {
        let mut set = ExitSet::default();
        reader.align(8)?;
        let mut codes = reader.array(4)?;
        while !codes.is_done() {
            set.add_code(codes.i32()?);
        }
        let mut signals = reader.array(4)?;
        while !signals.is_done() {
            set.add_signal(signals.i32()?);
        }
        Some(set)
    }

    /// Adds an exit code; one outside 0 to 255 cannot happen and is left out.
    pub fn add_code(&mut self, code: i32) {
        if let Ok(code) = u8::try_from(code) {
            self.codes[usize::from(code / 64)] |= 1 << (code % 64);
        }
    }

    /// Adds a signal; one outside 0 to 127 cannot happen and is left out.
    pub fn add_signal(&mut self, signal: i32) {
        if let Ok(signal @ 0..=127) = u8::try_from(signal) {
            self.signals |= 1 << signal;
        }
    }

    /// Whether this exit code is in the set.
    pub fn has_code(&self, code: u8) -> bool {
        self.codes[usize::from(code / 64)] & 1 << (code % 64) != 0
    }

    /// Whether this signal is in the set.
    pub fn has_signal(&self, signal: u8) -> bool {
        signal < 128 && self.signals & 1 << signal != 0
    }
}
