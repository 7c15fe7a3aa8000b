//! What a run brings home.

use defib_engine::seen::Seen;
use std::fmt;

/// The result of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The verdict.
    pub seen: Seen,
    /// How long each phase took.
    pub phases: Phases,
    /// How long the whole run took: its latency.
    pub total_us: u32,
    /// What a person would like to read: the status line, the TLS error, the first line of output.
    pub detail: Detail,
    /// Whole days until the server's certificate ends (negative: since it ended), where one was
    /// shown.
    pub certificate_days_left: Option<i32>,
    /// Whether the other side answered at all, with whatever: something listens there. To be
    /// remembered for [`Terms::listener_seen`](super::Terms::listener_seen).
    pub answered: bool,
}

/// How long each phase took, in microseconds. `None`: the phase did not happen, which is not the
/// same as 0: time is told once a turn, so what began and ended within one turn, as a connect on the
/// loopback mostly does, took 0. A phase that was cut short counts until the cut; phases of followed
/// redirects are added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// Name to address.
    pub resolve_us: Option<u32>,
    /// TCP or unix handshake.
    pub connect_us: Option<u32>,
    /// TLS handshake.
    pub tls_us: Option<u32>,
    /// Request to first byte.
    pub first_byte_us: Option<u32>,
    /// First byte to last.
    pub body_us: Option<u32>,
}

/// The most bytes of a [`Detail`].
const DETAIL_MAX: usize = 120;

/// A bounded line of text: a foreign server or command wrote parts of it, so it has no control
/// characters, and what does not fit is dropped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Detail {
    bytes: [u8; DETAIL_MAX],
    len: u8,
}

impl Detail {
    /// An empty one.
    pub const EMPTY: Detail = Detail { bytes: [0; DETAIL_MAX], len: 0 };

    /// Formats one.
    pub fn of(text: fmt::Arguments<'_>) -> Detail {
        let mut detail = Detail::EMPTY;
        // An error means that the text did not fit: the part that did is kept.
        let _ = fmt::Write::write_fmt(&mut detail, text);
        detail
    }

    /// Takes the first line of foreign bytes; what is not UTF-8 is replaced.
    pub fn first_line(bytes: &[u8]) -> Detail {
        let line = bytes.split(|&byte| byte == b'\n' || byte == b'\r').next().unwrap_or(bytes);
        // Longer than the longest detail in any encoding, shorter than a hostile line.
        let line = &line[..line.len().min(4 * DETAIL_MAX)];
        Detail::of(format_args!("{}", String::from_utf8_lossy(line)))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl fmt::Write for Detail {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            let letter = if letter.is_control() { ' ' } else { letter };
            let start = usize::from(self.len);
            let end = start + letter.len_utf8();
            let room = self.bytes.get_mut(start..end).ok_or(fmt::Error)?;
            letter.encode_utf8(room);
            self.len = end as u8;
        }
        Ok(())
    }
}

impl fmt::Debug for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_is_cut_at_a_letter_and_has_no_control_characters() {
        let text = "ä".repeat(100);
        assert_eq!(Detail::of(format_args!("{text}")).as_str(), "ä".repeat(60));
        assert_eq!(Detail::of(format_args!("x{text}")).as_str().len(), 119);
        assert_eq!(Detail::first_line(b"a\x1b[31mb\nsecond").as_str(), "a [31mb");
        assert_eq!(Detail::first_line(b"\xff!").as_str(), "\u{fffd}!");
        assert_eq!(Detail::first_line(&[b'x'; 5000]).as_str().len(), 120);
    }
}
