//! The handshake before the first message: SASL EXTERNAL, where the kernel vouches for our uid.

/// The longest line that a server may send; real ones are 40 bytes.
const LINE_MAX: usize = 512;

/// Where the handshake stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The server's line is not complete yet.
    More,
    /// We are let in: messages follow.
    LetIn,
    /// We are not; its words.
    Refused(String),
}

/// The client's side.
#[derive(Clone, Debug, Default)]
pub struct Auth {
    line: Vec<u8>,
}

impl Auth {
    /// All that is ever said of the handshake: a NUL that carries the credentials, the user id as
    /// decimal text in hex, and BEGIN ahead of the answer, as sd-bus does it. PID 1 (252) forgets
    /// what arrives together with BEGIN until more arrives, so no message may follow it at once.
    pub fn greeting(uid: u32) -> Vec<u8> {
        let mut bytes = b"\0AUTH EXTERNAL ".to_vec();
        for digit in uid.to_string().bytes() {
            bytes.extend_from_slice(format!("{digit:02x}").as_bytes());
        }
        bytes.extend_from_slice(b"\r\nBEGIN\r\n");
        bytes
    }

    /// Takes bytes of the server's answer; returns how many were taken.
    pub fn feed(&mut self, bytes: &[u8]) -> (usize, Step) {
        for (index, &byte) in bytes.iter().enumerate() {
            if byte == b'\n' {
                return (index + 1, self.judge());
            }
            if self.line.len() == LINE_MAX {
                return (index, Step::Refused("its answer to AUTH is no D-Bus".into()));
            }
            self.line.push(byte);
        }
        (bytes.len(), Step::More)
    }

    fn judge(&self) -> Step {
        let line = self.line.trim_ascii_end();
        if line == b"OK" || line.starts_with(b"OK ") {
            return Step::LetIn;
        }
        Step::Refused(format!("it refused our user: {}", String::from_utf8_lossy(line)))
    }
}
