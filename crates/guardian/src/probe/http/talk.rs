//! A connection with a request on it.

use super::super::Micros;
use super::super::errno::Failure;
use super::super::poller::{Interest, Registration};
use super::super::stopwatch::Stopwatch;
use super::channel::{Channel, Received};
use super::machine::{Machine, Outcome};
use defib_engine::seen::Phase;

/// Reads of the shared buffer in one turn, so that one endless answer cannot keep the loop.
const READS_MAX: usize = 16;

/// A connection with a request on it.
pub(super) struct Talk {
    pub(super) channel: Channel,
    pub(super) registration: Registration,
    pub(super) machine: Machine,
    sent: usize,
}

/// Where a turn on a connection ends.
pub(super) enum Turn {
    /// Wait for this; the flag says whether the other side sent something in this turn.
    Wait(Interest, bool),
    /// The answer has been judged.
    Outcome(Outcome),
}

impl Talk {
    pub(super) fn new(channel: Channel, machine: Machine) -> Talk {
        Talk { channel, registration: Registration::default(), machine, sent: 0 }
    }

    /// Sends what is left of the request; `None` when all of it is on its way.
    pub(super) fn ask(
        &mut self,
        request: &[u8],
        watch: &mut Stopwatch,
        now: Micros,
    ) -> Result<Option<Interest>, Failure> {
        if self.sent < request.len() {
            self.sent += self.channel.send(&request[self.sent..], watch.phase())?;
            if self.sent < request.len() {
                return Ok(Some(Interest::Write));
            }
            watch.enter(Phase::FirstByte, now);
        }
        self.channel.flush(watch.phase())
    }

    /// Whether the request has only just left: then reading would be a syscall for nothing.
    pub(super) fn begins_to_wait(&self) -> bool {
        !self.registration.wants(Interest::Read)
    }

    pub(super) fn listen(
        &mut self,
        buffer: &mut [u8],
        watch: &mut Stopwatch,
        answered: &mut bool,
        now: Micros,
    ) -> Result<Turn, Failure> {
        let mut moved = false;
        let mut reads = 0;
        // What TLS has decrypted must be taken now: no poller would wake us for it.
        while reads < READS_MAX || self.channel.holds_bytes() {
            reads += 1;
            match self.channel.receive(buffer, watch.phase())? {
                Received::Nothing => break,
                Received::End => return Ok(Turn::Outcome(self.machine.end())),
                Received::Bytes(len) => {
                    watch.enter(Phase::Body, now);
                    *answered = true;
                    moved = true;
                    if let Some(outcome) = self.machine.feed(&buffer[..len]) {
                        return Ok(Turn::Outcome(outcome));
                    }
                    // A short read has emptied the socket; asking again would only say so.
                    if self.channel.is_drained_by(len, buffer.len()) {
                        break;
                    }
                }
            }
        }
        Ok(Turn::Wait(Interest::Read, moved))
    }
}
