//! One client: lines in, lines out, both bounded in bytes and in time.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;

/// The longest request.
pub(crate) const REQUEST_MAX: usize = 4096;

/// The most that waits for a client that does not read: one answer.
const UNREAD_MAX: usize = 65_536;

/// How long a line may take to arrive, and an answer to be taken.
pub(crate) const PATIENCE_MS: u64 = 2000;

/// What a client's readiness brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A whole line, without its end.
    Line(Vec<u8>),
    /// More than [`REQUEST_MAX`] bytes without an end.
    TooLong,
}

/// One client.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: UnixStream,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
    line_began_ms: Option<u64>,
    unread_since_ms: Option<u64>,
    /// Every journal line goes to it as well.
    pub(crate) watches: bool,
    /// No more is read; closed as soon as the outbox is empty.
    ending: bool,
    broken: bool,
}

impl Connection {
    pub(crate) fn new(stream: UnixStream) -> Connection {
        Connection {
            stream,
            inbox: Vec::new(),
            outbox: Vec::new(),
            line_began_ms: None,
            unread_since_ms: None,
            watches: false,
            ending: false,
            broken: false,
        }
    }

    pub(crate) fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// Reads once and gives the lines that are whole. One read a turn: a client that never stops
    /// sending shares the loop with all others.
    pub(crate) fn hear(&mut self, now_ms: u64) -> Vec<Heard> {
        if self.ending {
            return Vec::new();
        }
        let mut bytes = [0_u8; REQUEST_MAX];
        match self.stream.read(&mut bytes) {
            Ok(0) => self.end(),
            Ok(length) => self.inbox.extend_from_slice(&bytes[..length]),
            Err(error) if is_transient(&error) => {}
            Err(_) => self.broken = true,
        }
        let mut heard = Vec::new();
        while let Some(end) = self.inbox.iter().position(|&byte| byte == b'\n') {
            let mut line: Vec<u8> = self.inbox.drain(..=end).collect();
            line.pop();
            self.line_began_ms = None;
            heard.push(if line.len() > REQUEST_MAX { Heard::TooLong } else { Heard::Line(line) });
        }
        if self.inbox.len() > REQUEST_MAX {
            heard.push(Heard::TooLong);
        }
        if self.inbox.is_empty() {
            self.line_began_ms = None;
        } else {
            self.line_began_ms.get_or_insert(now_ms);
        }
        heard
    }

    /// Queues a line and sends what the socket takes.
    pub(crate) fn say(&mut self, line: &str, now_ms: u64) {
        if self.outbox.len() + line.len() >= UNREAD_MAX {
            // A watcher that does not keep up must not hold our memory.
            self.broken = true;
            return;
        }
        self.outbox.extend_from_slice(line.as_bytes());
        if !line.ends_with('\n') {
            self.outbox.push(b'\n');
        }
        self.flush(now_ms);
    }

    /// Sends what the socket takes.
    pub(crate) fn flush(&mut self, now_ms: u64) {
        while !self.outbox.is_empty() && !self.broken {
            match self.stream.write(&self.outbox) {
                Ok(length) => {
                    self.outbox.drain(..length);
                    self.unread_since_ms = Some(now_ms);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.broken = true,
            }
        }
        if self.outbox.is_empty() {
            self.unread_since_ms = None;
        } else {
            self.unread_since_ms.get_or_insert(now_ms);
        }
    }

    /// Reads no more, and closes once everything said has been taken.
    pub(crate) fn end(&mut self) {
        self.ending = true;
        self.line_began_ms = None;
    }

    /// Whether it is over.
    pub(crate) fn is_over(&self, now_ms: u64) -> bool {
        let late = self.deadline_ms().is_some_and(|deadline| deadline <= now_ms);
        self.broken || late || (self.ending && self.outbox.is_empty())
    }

    /// When patience ends.
    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        let began = [self.line_began_ms, self.unread_since_ms].into_iter().flatten().min()?;
        Some(began + PATIENCE_MS)
    }

    pub(crate) fn wants_reading(&self) -> bool {
        !self.ending
    }

    pub(crate) fn wants_writing(&self) -> bool {
        !self.outbox.is_empty()
    }
}

/// For fuzzers ([`crate::fuzz`]): a real connection at the other end of which these pieces are written.
pub(crate) fn hear_pieces(pieces: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
    let Ok((mut theirs, ours)) = UnixStream::pair() else { return Vec::new() };
    if ours.set_nonblocking(true).is_err() {
        return Vec::new();
    }
    let mut connection = Connection::new(ours);
    let mut lines = Vec::new();
    // One read takes at most as much, so that a turn hears all of a piece.
    for piece in pieces.iter().flat_map(|piece| piece.chunks(REQUEST_MAX)) {
        if theirs.write_all(piece).is_err() {
            return lines;
        }
        for heard in connection.hear(0) {
            let line = match heard {
                Heard::Line(line) => Some(line),
                Heard::TooLong => None,
            };
            let is_over = line.is_none();
            lines.push(line);
            if is_over {
                return lines;
            }
        }
    }
    lines
}

fn is_transient(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (UnixStream, Connection) {
        let (theirs, ours) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (theirs, Connection::new(ours))
    }

    #[test]
    fn lines_are_put_together_from_pieces() {
        let (mut theirs, mut ours) = pair();
        theirs.write_all(b"{\"do\":").unwrap();
        assert_eq!(ours.hear(100), []);
        assert_eq!(ours.deadline_ms(), Some(2_100));
        theirs.write_all(b"\"a\"}\n{}\nrest").unwrap();
        let lines = [Heard::Line(b"{\"do\":\"a\"}".to_vec()), Heard::Line(b"{}".to_vec())];
        assert_eq!(ours.hear(500), lines);
        assert_eq!(ours.deadline_ms(), Some(2_500));
        assert!(!ours.is_over(2_499));
        assert!(ours.is_over(2_500));
    }

    #[test]
    fn a_line_without_end_is_too_long() {
        let (mut theirs, mut ours) = pair();
        theirs.write_all(&[b'x'; REQUEST_MAX]).unwrap();
        assert_eq!(ours.hear(0), []);
        theirs.write_all(b"x").unwrap();
        assert_eq!(ours.hear(0), [Heard::TooLong]);
    }

    #[test]
    fn a_client_that_does_not_read_is_let_go() {
        let (_theirs, mut ours) = pair();
        let line = "y".repeat(60_000);
        for _ in 0..20 {
            ours.say(&line, 0);
        }
        assert!(ours.is_over(0), "the bound is passed");
        let (_theirs, mut ours) = pair();
        while !ours.wants_writing() {
            ours.say(&line, 0);
        }
        assert!(!ours.is_over(PATIENCE_MS - 1));
        assert!(ours.is_over(PATIENCE_MS), "patience has ended");
    }

    #[test]
    fn a_half_closed_client_still_gets_its_answer() {
        let (mut theirs, mut ours) = pair();
        theirs.write_all(b"{}\n").unwrap();
        theirs.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(ours.hear(0).len(), 1);
        ours.hear(0);
        assert!(ours.is_over(0) && !ours.wants_reading());
        ours.say("answer", 0);
        let mut answer = [0; 7];
        theirs.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"answer\n");
    }
}
