//! Messages to and from one guardian, never blocking.

use crate::boundary::{Attachment, Peer};
use defib_journal::order::{MESSAGE_MAX, Report, Request};
use std::collections::VecDeque;
use std::io::ErrorKind;

/// Messages that wait because the guardian does not read. The kernel holds some 50 more; a guardian
/// this far behind is stuck, and a new one is told everything anew from the ledger.
const WAITING_MAX: usize = 256;

/// One message that waits.
#[derive(Debug)]
struct Waiting {
    bytes: Vec<u8>,
    attached: Option<Attachment>,
}

/// The link to one guardian.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) peer: Box<dyn Peer>,
    waiting: VecDeque<Waiting>,
    /// What is being said: a guardian that reads is spoken to without an allocation.
    saying: Vec<u8>,
}

/// What reading brought.
#[derive(Debug)]
pub(super) enum Heard {
    /// A message.
    Request(Request),
    /// Bytes that are no message.
    Nonsense(String),
    /// Nothing more for now.
    Silence,
    /// The other end is closed.
    Closed,
}

impl Link {
    pub(super) fn new(peer: Box<dyn Peer>) -> Link {
        Link { peer, waiting: VecDeque::new(), saying: Vec::with_capacity(MESSAGE_MAX) }
    }

    /// Reads one message.
    pub(super) fn hear(&mut self) -> Heard {
        let mut buffer = [0; MESSAGE_MAX];
        match self.peer.receive(&mut buffer) {
            Ok(0) => Heard::Closed,
            Ok(len) => match Request::decode(&buffer[..len]) {
                Ok(request) => Heard::Request(request),
                Err(error) => Heard::Nonsense(format!("{error:?}")),
            },
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::Interrupted => Heard::Silence,
                _ => Heard::Closed,
            },
        }
    }

    /// Sends a message, and what goes with it. `false`: the guardian is lost.
    pub(super) fn say(&mut self, report: &Report, attached: Option<Attachment>) -> bool {
        report.encode(&mut self.saying);
        if self.waiting.is_empty() && self.peer.send(&self.saying, attached.as_ref()).is_ok() {
            return true;
        }
        self.waiting.push_back(Waiting { bytes: self.saying.clone(), attached });
        self.flush()
    }

    /// Whether messages wait for the guardian to read.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Sends what waits. `false`: the guardian is lost.
    pub(super) fn flush(&mut self) -> bool {
        while let Some(next) = self.waiting.front() {
            match self.peer.send(&next.bytes, next.attached.as_ref()) {
                Ok(()) => drop(self.waiting.pop_front()),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return self.waiting.len() <= WAITING_MAX,
                    ErrorKind::Interrupted => {}
                    _ => return false,
                },
            }
        }
        true
    }
}
