//! A storage that does not keep its caller waiting (`docs/decisions/121-a-disk-that-stalls.md`).
//!
//! A disk may hold up whoever asks it for half a minute or for ever, and no call of the kernel takes a
//! deadline. So one thread asks, one thing at a time, and the caller waits for it as long as it has
//! [`Patience`]. What was given up goes on in the thread; until it is over everything else is refused
//! with [`TimedOut`](io::ErrorKind::TimedOut) and without a wait. Nothing is queued here: lines wait in
//! the writer's backlog, which is bounded and knows how to count what it must drop.

use super::patience::Patience;
use super::patient_file::Far;
use super::patient_ring::{Board, FarRing};
use super::storage::{Ring, Sheet, Storage};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// The thread's work is single calls of the kernel, with their buffers on the heap.
const STACK_BYTES: usize = 128 << 10;

type Task = Box<dyn FnOnce(&mut Shelf) + Send>;
pub(super) type Reply<T> = Receiver<io::Result<T>>;

/// Another storage, asked by a thread.
pub struct Patient {
    place: PathBuf,
    hand: Rc<Hand>,
}

/// What the thread is to do.
pub(super) enum Work {
    /// Anything.
    Task(Task),
    /// The slot that lies on this board, into the ring of this number.
    Slot { number: u64, board: Arc<Board> },
}

/// The thread's end: what is open, by numbers of the caller's.
pub(super) struct Shelf {
    storage: Box<dyn Storage>,
    sheets: BTreeMap<u64, Box<dyn Sheet>>,
    pub(super) readings: BTreeMap<u64, Box<dyn Read>>,
    pub(super) rings: BTreeMap<u64, Box<dyn Ring>>,
}

/// The caller's end.
pub(super) struct Hand {
    work: SyncSender<Work>,
    /// The thread has something to do.
    is_busy: Arc<AtomicBool>,
    patience: Cell<Patience>,
    /// The patience's clock.
    began: Instant,
    last_number: Cell<u64>,
    /// What the caller has let go of, to be closed by the thread.
    let_go: RefCell<Vec<u64>>,
    /// Where the slot lies that the thread may be at, unless it was given up.
    board: RefCell<Option<Arc<Board>>>,
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
        let is_busy = Arc::new(AtomicBool::new(false));
        let thread_is_busy = Arc::clone(&is_busy);
        thread.spawn(move || {
            let mut shelf = Shelf::of(Box::new(make()));
            while let Ok(work) = todo.recv() {
                match work {
                    Work::Task(task) => task(&mut shelf),
                    Work::Slot { number, board } => {
                        let done = || thread_is_busy.store(false, Ordering::Release);
                        board.write(shelf.rings.get_mut(&number), done);
                    }
                }
            }
        })?;
        let hand = Hand {
            work,
            is_busy,
            patience: Cell::new(Patience::at_first(Duration::ZERO)),
            began: Instant::now(),
            last_number: Cell::new(0),
            let_go: RefCell::default(),
            board: RefCell::default(),
        };
        Ok(Patient { place: place.to_path_buf(), hand: Rc::new(hand) })
    }
}

impl Hand {
    /// Has the thread begin something, unless it is still at what was given up, or there is no
    /// patience left.
    pub(super) fn begin<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Shelf) -> io::Result<T> + Send + 'static,
    ) -> io::Result<Reply<T>> {
        self.wait_for_slot();
        if self.is_busy() || self.patience_left().is_none() {
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
        self.work.send(Work::Task(Box::new(work))).map_err(|_| gone())?;
        Ok(reply)
    }

    /// The thread has something to do, a slot included.
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy.load(Ordering::Acquire)
    }

    /// Has the thread write the slot that was laid on the board. Only where it has nothing to do; nobody waits.
    pub(super) fn begin_slot(&self, work: Work) -> io::Result<()> {
        if let Work::Slot { board, .. } = &work {
            self.board.replace(Some(Arc::clone(board)));
        }
        self.is_busy.store(true, Ordering::Release);
        self.work.send(work).map_err(|_| gone())
    }

    /// To be closed by the thread.
    pub(super) fn let_go(&self, number: u64) {
        self.let_go.borrow_mut().push(number);
    }

    /// What the thread does unasked is not what it was given up for: it is waited for like a thing asked for,
    /// once.
    fn wait_for_slot(&self) {
        let Some(board) = self.board.take() else { return };
        if self.is_busy() {
            self.patiently(|left| board.wait(left));
        }
    }

    /// Waits for as long as there is patience, and counts it.
    fn patiently<T>(&self, wait: impl FnOnce(Duration) -> T) -> T {
        let left = self.patience_left().unwrap_or_default();
        let asked = self.began.elapsed();
        let result = wait(left);
        let now = self.began.elapsed();
        let mut patience = self.patience.get();
        patience.waited(now.saturating_sub(asked), now);
        self.patience.set(patience);
        result
    }

    pub(super) fn wait<T>(&self, reply: &Reply<T>) -> io::Result<T> {
        match self.patiently(|left| reply.recv_timeout(left)) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => Err(too_late()),
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
        }
    }

    pub(super) fn ask<T: Send + 'static>(
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
            self.let_go(number);
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

pub(super) fn gone() -> io::Error {
    io::Error::other("the thread that asks the disk has ended")
}

impl Shelf {
    fn of(storage: Box<dyn Storage>) -> Shelf {
        let (sheets, readings, rings) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Shelf { storage, sheets, readings, rings }
    }

    fn close(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.sheets.remove(number);
            self.readings.remove(number);
            self.rings.remove(number);
        }
    }

    pub(super) fn sheet(&mut self, number: u64) -> io::Result<&mut dyn Sheet> {
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

    fn open_ring(&self, name: &str, bytes: usize) -> io::Result<Box<dyn Ring>> {
        let name = name.to_owned();
        let number = self.hand.open(move |shelf, number| {
            let ring = shelf.storage.open_ring(&name, bytes)?;
            shelf.rings.insert(number, ring);
            Ok(())
        })?;
        Ok(Box::new(FarRing { hand: Rc::clone(&self.hand), number, board: Arc::default() }))
    }
}
