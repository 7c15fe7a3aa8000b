//! A storage that does not keep its caller waiting (`docs/decisions/121-a-disk-that-stalls.md`).
//!
//! A disk may hold up whoever asks it for half a minute or for ever, and no call of the kernel takes a
//! deadline. So one thread asks, one thing at a time, and the caller waits for it as long as it has
//! [`Patience`]. What was given up goes on in the thread; until it is over everything else is refused
//! with [`TimedOut`](io::ErrorKind::TimedOut) and without a wait. Nothing is queued here: lines wait in
//! the writer's backlog, which is bounded and knows how to count what it must drop.

use super::patience::Patience;
use super::storage::{Sheet, Storage};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

/// The thread's work is single calls of the kernel, with their buffers on the heap.
const STACK_BYTES: usize = 128 << 10;

type Work = Box<dyn FnOnce(&mut Shelf) + Send>;
type Reply<T> = Receiver<io::Result<T>>;

/// Another storage, asked by a thread.
pub struct Patient {
    place: PathBuf,
    hand: Rc<Hand>,
}

/// The thread's end: what is open, by numbers of the caller's.
struct Shelf {
    storage: Box<dyn Storage>,
    sheets: BTreeMap<u64, Box<dyn Sheet>>,
    readings: BTreeMap<u64, Box<dyn Read>>,
}

/// The caller's end.
struct Hand {
    work: SyncSender<Work>,
    /// The thread has something to do.
    is_busy: Arc<AtomicBool>,
    patience: Cell<Patience>,
    /// The patience's clock.
    began: Instant,
    last_number: Cell<u64>,
    /// What the caller has let go of, to be closed by the thread.
    let_go: RefCell<Vec<u64>>,
}

/// A disk that did not answer in time, as an error.
pub fn too_late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the disk does not answer")
}

impl Patient {
    /// Starts the thread, which makes the storage and owns it. It ends with the last of what was
    /// opened, as soon as the disk lets it. An error: no thread is to be had.
    pub fn start<S: Storage + 'static>(
        place: &Path,
        make: impl FnOnce() -> S + Send + 'static,
    ) -> io::Result<Patient> {
        let (work, todo) = sync_channel::<Work>(1);
        let thread = std::thread::Builder::new().name("journal".into()).stack_size(STACK_BYTES);
        thread.spawn(move || {
            let storage = Box::new(make());
            let mut shelf = Shelf { storage, sheets: BTreeMap::new(), readings: BTreeMap::new() };
            while let Ok(work) = todo.recv() {
                work(&mut shelf);
            }
        })?;
        let hand = Hand {
            work,
            is_busy: Arc::default(),
            patience: Cell::new(Patience::at_first(Duration::ZERO)),
            began: Instant::now(),
            last_number: Cell::new(0),
            let_go: RefCell::default(),
        };
        Ok(Patient { place: place.to_path_buf(), hand: Rc::new(hand) })
    }
}

impl Hand {
    /// Has the thread begin something, unless it is still at what was given up, or there is no
    /// patience left.
    fn begin<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Shelf) -> io::Result<T> + Send + 'static,
    ) -> io::Result<Reply<T>> {
        if self.is_busy.load(Ordering::Acquire) || self.patience_left().is_none() {
            return Err(too_late());
        }
        let let_go = self.let_go.take();
        let (answer, reply) = sync_channel(1);
        let is_busy = Arc::clone(&self.is_busy);
        self.is_busy.store(true, Ordering::Release);
        let work = move |shelf: &mut Shelf| {
            shelf.close(&let_go);
            let result = work(shelf);
            // First, so that nobody who has the answer finds us busy.
            is_busy.store(false, Ordering::Release);
            let _ = answer.send(result);
        };
        self.work.send(Box::new(work)).map_err(|_| gone())?;
        Ok(reply)
    }

    fn wait<T>(&self, reply: &Reply<T>) -> io::Result<T> {
        let left = self.patience_left().unwrap_or_default();
        let asked = self.began.elapsed();
        let result = reply.recv_timeout(left);
        let now = self.began.elapsed();
        let mut patience = self.patience.get();
        patience.waited(now.saturating_sub(asked), now);
        self.patience.set(patience);
        match result {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => Err(too_late()),
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
        }
    }

    fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Shelf) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let reply = self.begin(work)?;
        self.wait(&reply)
    }

    /// Opens something under a number of its own.
    fn open(
        &self,
        work: impl FnOnce(&mut Shelf, u64) -> io::Result<()> + Send + 'static,
    ) -> io::Result<u64> {
        let number = self.last_number.get() + 1;
        self.last_number.set(number);
        let result = self.ask(move |shelf| work(shelf, number));
        if result.is_err() {
            // It may yet be opened.
            self.let_go.borrow_mut().push(number);
        }
        result.map(|()| number)
    }

    fn patience_left(&self) -> Option<Duration> {
        let mut patience = self.patience.get();
        let left = patience.left(self.began.elapsed());
        self.patience.set(patience);
        left
    }
}

fn gone() -> io::Error {
    io::Error::other("the thread that asks the disk has ended")
}

impl Shelf {
    fn close(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.sheets.remove(number);
            self.readings.remove(number);
        }
    }

    fn sheet(&mut self, number: u64) -> io::Result<&mut dyn Sheet> {
        match self.sheets.get_mut(&number) {
            Some(sheet) => Ok(&mut **sheet),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Storage for Patient {
    fn place(&self) -> &Path {
        &self.place
    }

    fn make(&self) -> io::Result<()> {
        self.hand.ask(|shelf| shelf.storage.make())
    }

    fn names(&self) -> io::Result<Vec<String>> {
        self.hand.ask(|shelf| shelf.storage.names())
    }

    fn bytes_of(&self, name: &str) -> io::Result<u64> {
        let name = name.to_owned();
        self.hand.ask(move |shelf| shelf.storage.bytes_of(&name))
    }

    fn append_to(&self, name: &str) -> io::Result<Box<dyn Sheet>> {
        let name = name.to_owned();
        let number = self.hand.open(move |shelf, number| {
            let sheet = shelf.storage.append_to(&name)?;
            shelf.sheets.insert(number, sheet);
            Ok(())
        })?;
        Ok(Box::new(Far { hand: Rc::clone(&self.hand), number, sync: None }))
    }

    fn read_from(&self, name: &str, offset: u64) -> io::Result<Box<dyn Read>> {
        let name = name.to_owned();
        let number = self.hand.open(move |shelf, number| {
            let reading = shelf.storage.read_from(&name, offset)?;
            shelf.readings.insert(number, reading);
            Ok(())
        })?;
        Ok(Box::new(Far { hand: Rc::clone(&self.hand), number, sync: None }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let name = name.to_owned();
        self.hand.ask(move |shelf| shelf.storage.remove(&name))
    }

    fn sync_names(&self) -> io::Result<()> {
        self.hand.ask(|shelf| shelf.storage.sync_names())
    }
}

/// A file that the thread holds open.
struct Far {
    hand: Rc<Hand>,
    number: u64,
    /// A sync that was given up.
    sync: Option<Reply<()>>,
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
        self.hand.let_go.borrow_mut().push(self.number);
    }
}
