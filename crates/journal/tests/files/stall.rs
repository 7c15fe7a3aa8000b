//! A disk that stalls: nobody waits for it long, and nothing is lost by that.

use crate::support::message;
use defib_engine::time::Moment;
use defib_journal::files::{Folder, Limits, Patience, Patient, Reader, Sheet, Storage, Writer};
use defib_journal::line::Line;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const MOMENT: Moment = Moment(1);

fn note() -> Line<'static> {
    message("a line")
}

/// A folder whose every call waits while the gate is shut.
struct Gated {
    folder: Folder,
    gate: Gate,
}

struct GatedSheet {
    sheet: Box<dyn Sheet>,
    gate: Gate,
    fails: Arc<Mutex<bool>>,
}

/// Shut as long as somebody holds the other end of what is in it.
#[derive(Clone, Default)]
struct Gate {
    shut: Arc<Mutex<Option<Receiver<()>>>>,
    sync_fails: Arc<Mutex<bool>>,
}

impl Gate {
    /// Until what is given is dropped.
    fn shut(&self) -> Sender<()> {
        let (open, shut) = channel();
        *self.shut.lock().unwrap() = Some(shut);
        open
    }

    fn pass(&self) {
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
        let fails = Arc::clone(&self.gate.sync_fails);
        Ok(Box::new(GatedSheet { sheet, gate, fails }))
    }
    fn read_from(&self, name: &str, offset: u64) -> io::Result<Box<dyn Read>> {
        self.gate.pass();
        self.folder.read_from(name, offset)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.gate.pass();
        self.folder.remove(name)
    }
    fn sync_names(&self) -> io::Result<()> {
        self.gate.pass();
        self.folder.sync_names()
    }
}

impl Sheet for GatedSheet {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gate.pass();
        self.sheet.append(bytes)
    }
    fn bytes(&self) -> io::Result<u64> {
        self.gate.pass();
        self.sheet.bytes()
    }
    fn sync(&mut self) -> io::Result<()> {
        self.gate.pass();
        if std::mem::take(&mut *self.fails.lock().unwrap()) {
            return Err(io::Error::from_raw_os_error(5));
        }
        self.sheet.sync()
    }
    fn is_removed(&self) -> io::Result<bool> {
        self.gate.pass();
        self.sheet.is_removed()
    }
}

struct Bench {
    folder: tempfile::TempDir,
    gate: Gate,
    storage: Rc<dyn Storage>,
}

impl Bench {
    fn new() -> Bench {
        let (folder, gate) = (tempfile::tempdir().unwrap(), Gate::default());
        let gated = Gated { folder: Folder::at(folder.path()), gate: gate.clone() };
        let storage = Rc::new(Patient::start(folder.path(), move || gated).unwrap());
        Bench { folder, gate, storage }
    }

    fn writer(&self) -> Writer {
        Writer::open_in(Rc::clone(&self.storage), Limits::default()).unwrap()
    }

    /// The numbers of the lines, and whether one of them confesses a loss.
    fn seqs(&self) -> (Vec<u64>, bool) {
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
fn until_in_time<T, E: std::fmt::Debug>(mut ask: impl FnMut() -> Result<T, E>) -> T {
    let ends = Instant::now() + Duration::from_secs(20);
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(error) => assert!(Instant::now() < ends, "{error:?}"),
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_stalled_sync_is_waited_for_once_and_then_not_at_all() {
    let bench = Bench::new();
    let mut writer = bench.writer();
    writer.append(1, MOMENT, &note()).unwrap();
    writer.sync().unwrap();
    let stall = bench.gate.shut();
    let began = Instant::now();
    writer.append(2, MOMENT, &note()).unwrap();
    assert!(writer.sync().unwrap_err().is_late());
    assert!(began.elapsed() <= Patience::AT_FIRST + Duration::from_millis(500));
    let again = Instant::now();
    for wall_ms in 3..100 {
        writer.append(wall_ms, MOMENT, &note()).unwrap();
        assert!(writer.sync().unwrap_err().is_late());
    }
    assert!(again.elapsed() < Duration::from_millis(500), "{:?}", again.elapsed());
    drop(stall);
    until_in_time(|| writer.sync());
    assert_eq!(bench.seqs(), ((1..100).collect(), false));
}

#[test]
fn a_failure_that_nobody_waited_for_is_said_by_the_next_sync() {
    let bench = Bench::new();
    let mut sheet = bench.storage.append_to("sheet").unwrap();
    sheet.append(b"x").unwrap();
    let stall = bench.gate.shut();
    *bench.gate.sync_fails.lock().unwrap() = true;
    let is_late = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
    assert!(is_late(&sheet.sync().unwrap_err()));
    drop(stall);
    let said = until_in_time(|| match sheet.sync() {
        Err(error) if is_late(&error) => Err(error),
        other => Ok(other),
    });
    assert_eq!(said.unwrap_err().raw_os_error(), Some(5));
    until_in_time(|| sheet.sync());
}

#[test]
fn what_the_backlog_does_not_hold_is_counted_and_confessed() {
    let bench = Bench::new();
    let limits = Limits { backlog_bytes: 4 << 10, ..Limits::default() };
    let mut writer = Writer::open_in(Rc::clone(&bench.storage), limits).unwrap();
    writer.append(1, MOMENT, &note()).unwrap();
    writer.sync().unwrap();
    let stall = bench.gate.shut();
    let refused = (2..200).filter(|wall_ms| writer.append(*wall_ms, MOMENT, &note()).is_err());
    let refused = refused.count();
    assert!(refused > 0);
    drop(stall);
    until_in_time(|| writer.sync());
    let (seqs, confesses) = bench.seqs();
    // The line that was given up with the disk may be in the file all the same.
    let kept = 200 - refused;
    assert!((kept..=kept + 1).contains(&seqs.len()) && confesses, "{seqs:?}");
}

#[test]
fn a_folder_that_does_not_answer_is_an_error_soon_and_opens_later() {
    let bench = Bench::new();
    bench.writer().sync().unwrap();
    let stall = bench.gate.shut();
    let began = Instant::now();
    let refused = Writer::open_in(Rc::clone(&bench.storage), Limits::default());
    assert!(refused.is_err_and(|error| error.is_late()));
    assert!(began.elapsed() <= Patience::AT_FIRST + Duration::from_millis(500));
    drop(stall);
    until_in_time(|| Writer::open_in(Rc::clone(&bench.storage), Limits::default()));
}
