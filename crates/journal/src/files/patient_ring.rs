//! Slots of a ring, written by the thread that asks the disk, without a wait and without an allocation.
//!
//! A slot is laid on a board that was made at the start; the thread takes it from there. Nobody waits for it, but
//! whoever has the thread do something else next: a slot that is out is not a disk that is late.

use super::patient::{Hand, Shelf, Work};
use super::storage::Ring;
use crate::recorder::SLOT_BYTES;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Where a slot is laid, and what came of the last one.
#[derive(Debug, Default)]
pub(super) struct Board {
    slot: Mutex<Slot>,
    is_over: Condvar,
}

#[derive(Debug)]
struct Slot {
    is_out: bool,
    offset: u64,
    bytes: [u8; SLOT_BYTES],
    is_durable: bool,
    result: io::Result<()>,
}

impl Default for Slot {
    fn default() -> Self {
        let bytes = [0; SLOT_BYTES];
        Slot { is_out: false, offset: 0, bytes, is_durable: false, result: Ok(()) }
    }
}

impl Board {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lays a slot down, and says what came of the one before.
    fn lay(&self, offset: u64, bytes: &[u8; SLOT_BYTES], is_durable: bool) -> io::Result<()> {
        let mut slot = self.slot();
        slot.offset = offset;
        slot.bytes = *bytes;
        slot.is_durable = is_durable;
        slot.is_out = true;
        std::mem::replace(&mut slot.result, Ok(()))
    }

    /// The thread's part. `done` is told before anybody who waits is.
    pub(super) fn write(&self, ring: Option<&mut Box<dyn Ring>>, done: impl FnOnce()) {
        // A copy: the loop must never wait for a lock that is held during a write.
        let (offset, bytes, is_durable) = {
            let slot = self.slot();
            (slot.offset, slot.bytes, slot.is_durable)
        };
        let result = match ring {
            Some(ring) => ring.write(offset, &bytes, is_durable),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        let mut slot = self.slot();
        (slot.is_out, slot.result) = (false, result);
        done();
        self.is_over.notify_all();
    }

    /// Waits so long at most until no slot is out. Whether none is.
    pub(super) fn wait(&self, limit: Duration) -> bool {
        let slot = self.slot();
        let waited = self.is_over.wait_timeout_while(slot, limit, |slot| slot.is_out);
        let (slot, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !slot.is_out
    }
}

/// A ring that the thread holds open.
pub(super) struct FarRing {
    pub(super) hand: Rc<Hand>,
    pub(super) number: u64,
    pub(super) board: Arc<Board>,
}

impl Ring for FarRing {
    fn read(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let (number, length) = (self.number, into.len());
        let bytes = self.hand.ask(move |shelf: &mut Shelf| {
            let ring = shelf.rings.get_mut(&number).ok_or(io::ErrorKind::NotFound)?;
            let mut bytes = vec![0; length];
            ring.read(offset, &mut bytes)?;
            Ok(bytes)
        })?;
        into.copy_from_slice(&bytes);
        Ok(())
    }

    /// [`TimedOut`](io::ErrorKind::TimedOut): the thread is at something else, and the slot was not taken. Any other
    /// error is that of the slot before.
    fn write(&mut self, offset: u64, slot: &[u8; SLOT_BYTES], is_durable: bool) -> io::Result<()> {
        if self.hand.is_busy() {
            // Not `too_late`: a message would be allocated.
            return Err(io::ErrorKind::TimedOut.into());
        }
        let before = self.board.lay(offset, slot, is_durable);
        self.hand.begin_slot(Work::Slot { number: self.number, board: Arc::clone(&self.board) })?;
        before
    }
}

impl Drop for FarRing {
    fn drop(&mut self) {
        self.hand.let_go(self.number);
    }
}
