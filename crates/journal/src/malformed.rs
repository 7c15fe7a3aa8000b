//! Why bytes are not what they should be.

use std::fmt;

/// Why a binary message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// It ends too early.
    Short,
    /// Something follows its end.
    Trailing,
    /// A tag that no variant has.
    Tag,
    /// A string or list longer than its limit, or the whole message is.
    TooLong,
    /// A string that is not UTF-8.
    Utf8,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Malformed::Short => "the message ends too early",
            Malformed::Trailing => "bytes follow the message's end",
            Malformed::Tag => "the message holds a tag that nothing has",
            Malformed::TooLong => "a part of the message is longer than allowed",
            Malformed::Utf8 => "a text of the message is not UTF-8",
        })
    }
}

impl std::error::Error for Malformed {}
