//! A disk that can be stalled by hand.

use defib_journal::files::{Folder, Limits, Patient, Reader, Ring, Sheet, Storage, Writer};
use defib_journal::recorder::SLOT_BYTES;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A folder whose every call waits while the gate is shut.
struct Gated {
    folder: Folder,
    gate: Gate,
}

struct GatedSheet {
    sheet: Box<dyn Sheet>,
    gate: Gate,
}

struct GatedRing {
    ring: Box<dyn Ring>,
    gate: Gate,
}

/// Shut as long as somebody holds the other end of what is in it.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    shut: Arc<Mutex<Option<Receiver<()>>>>,
    /// The next sync fails.
    pub(crate) sync_fails: Arc<AtomicBool>,
    /// The next write takes half of the bytes.
    pub(crate) write_is_short: Arc<AtomicBool>,
    /// Files are removed only through the gate; everything else passes it open.
    pub(crate) only_removal: Arc<AtomicBool>,
}

impl Gate {
    /// Until what is given is dropped.
    pub(crate) fn shut(&self) -> Sender<()> {
        let (open, shut) = channel();
        *self.shut.lock().unwrap() = Some(shut);
        open
    }

    /// Whoever had the others has ended.
    pub(crate) fn is_the_last(&self) -> bool {
        Arc::strong_count(&self.shut) == 1
    }

    fn pass(&self) {
        if !self.only_removal.load(Ordering::Relaxed) {
            self.wait();
        }
    }

    fn wait(&self) {
        if let Some(shut) = &*self.shut.lock().unwrap() {
            let _ = shut.recv();
        }
    }
}

impl Storage for Gated {
    fn place(&self) -> &Path {
        self.folder.place()
    }
    fn make(&self) -> io::Result<()> {
        self.gate.pass();
        self.folder.make()
    }
    fn names(&self) -> io::Result<Vec<String>> {
        self.gate.pass();
        self.folder.names()
    }
    fn bytes_of(&self, name: &str) -> io::Result<u64> {
        self.gate.pass();
        self.folder.bytes_of(name)
    }
    fn append_to(&self, name: &str) -> io::Result<Box<dyn Sheet>> {
        self.gate.pass();
        let (sheet, gate) = (self.folder.append_to(name)?, self.gate.clone());
        Ok(Box::new(GatedSheet { sheet, gate }))
    }
    fn read_from(&self, name: &str, offset: u64) -> io::Result<Box<dyn Read>> {
        self.gate.pass();
        self.folder.read_from(name, offset)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.gate.wait();
        self.folder.remove(name)
    }
    fn sync_names(&self) -> io::Result<()> {
        self.gate.pass();
        self.folder.sync_names()
    }
    fn open_ring(&self, name: &str, bytes: usize) -> io::Result<Box<dyn Ring>> {
        self.gate.pass();
        let (ring, gate) = (self.folder.open_ring(name, bytes)?, self.gate.clone());
        Ok(Box::new(GatedRing { ring, gate }))
    }
}

impl Ring for GatedRing {
    fn read(&mut self, at: u64, into: &mut [u8]) -> io::Result<()> {
        self.gate.pass();
        self.ring.read(at, into)
    }
    fn write(&mut self, at: u64, slot: &[u8; SLOT_BYTES], is_durable: bool) -> io::Result<()> {
        self.gate.pass();
        if is_durable && self.gate.sync_fails.swap(false, Ordering::Relaxed) {
            return Err(io::Error::from_raw_os_error(5));
        }
        self.ring.write(at, slot, is_durable)
    }
}

impl Sheet for GatedSheet {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gate.pass();
        let is_short = self.gate.write_is_short.swap(false, Ordering::Relaxed);
        let length = if is_short { bytes.len() / 2 } else { bytes.len() };
        self.sheet.append(&bytes[..length])
    }
    fn bytes(&self) -> io::Result<u64> {
        self.gate.pass();
        self.sheet.bytes()
    }
    fn sync(&mut self) -> io::Result<()> {
        self.gate.pass();
        if self.gate.sync_fails.swap(false, Ordering::Relaxed) {
            return Err(io::Error::from_raw_os_error(5));
        }
        self.sheet.sync()
    }
    fn is_removed(&self) -> io::Result<bool> {
        self.gate.pass();
        self.sheet.is_removed()
    }
}

pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) gate: Gate,
    pub(crate) storage: Rc<dyn Storage>,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        let (folder, gate) = (tempfile::tempdir().unwrap(), Gate::default());
        let gated = Gated { folder: Folder::at(folder.path()), gate: gate.clone() };
        let storage = Rc::new(Patient::start(folder.path(), move || gated).unwrap());
        Bench { folder, gate, storage }
    }

    pub(crate) fn writer(&self) -> Writer {
        self.writer_with(Limits::default())
    }

    pub(crate) fn writer_with(&self, limits: Limits) -> Writer {
        Writer::open_in(Rc::clone(&self.storage), limits).unwrap()
    }

    /// The numbers of the lines, and whether one of them confesses a loss.
    pub(crate) fn seqs(&self) -> (Vec<u64>, bool) {
        let mut reader = Reader::open(self.folder.path()).unwrap();
        let (mut seqs, mut confesses) = (Vec::new(), false);
        while let Some(entry) = reader.next_entry().unwrap() {
            seqs.push(entry.seq);
            confesses |= entry.line.kind() == "alarm";
        }
        (seqs, confesses)
    }
}

/// Asks again until there is an answer: the thread may be on its way out of the gate, and patience comes
/// back with time.
pub(crate) fn until_in_time<T, E: std::fmt::Debug>(mut ask: impl FnMut() -> Result<T, E>) -> T {
    let ends = Instant::now() + Duration::from_secs(20);
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(error) => assert!(Instant::now() < ends, "{error:?}"),
        }
        std::thread::yield_now();
    }
}
