//! A file that the thread holds open, to be appended to or to be read.

use super::patient::{Hand, Reply, gone, too_late};
use super::storage::Sheet;
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::mpsc::TryRecvError;

/// A file that the thread holds open.
pub(super) struct Far {
    pub(super) hand: Rc<Hand>,
    pub(super) number: u64,
    /// A sync that was given up.
    pub(super) sync: Option<Reply<()>>,
}

impl Far {
    fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Sheet) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let number = self.number;
        self.hand.ask(move |shelf| work(shelf.sheet(number)?))
    }

    /// What came of the sync that was given up. The kernel tells of a failure once: the next sync would
    /// succeed although lines are gone.
    fn last_sync(&mut self) -> io::Result<()> {
        let Some(reply) = &self.sync else { return Ok(()) };
        let result = match reply.try_recv() {
            Ok(result) => result,
            Err(TryRecvError::Empty) => return Err(too_late()),
            Err(TryRecvError::Disconnected) => Err(gone()),
        };
        self.sync = None;
        result
    }
}

impl Sheet for Far {
    /// After [`TimedOut`](io::ErrorKind::TimedOut) they may yet come into the file.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = bytes.to_vec();
        self.ask(move |sheet| sheet.append(&bytes))
    }

    fn bytes(&self) -> io::Result<u64> {
        self.ask(|sheet| sheet.bytes())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.last_sync()?;
        let number = self.number;
        let reply = self.hand.begin(move |shelf| shelf.sheet(number)?.sync())?;
        let result = self.hand.wait(&reply);
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            self.sync = Some(reply);
        }
        result
    }

    fn is_removed(&self) -> io::Result<bool> {
        self.ask(|sheet| sheet.is_removed())
    }
}

impl Read for Far {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let (number, length) = (self.number, into.len());
        let bytes = self.hand.ask(move |shelf| {
            let reading = shelf.readings.get_mut(&number).ok_or(io::ErrorKind::NotFound)?;
            let mut bytes = vec![0; length];
            let count = reading.read(&mut bytes)?;
            bytes.truncate(count);
            Ok(bytes)
        })?;
        into[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.hand.let_go(self.number);
    }
}
