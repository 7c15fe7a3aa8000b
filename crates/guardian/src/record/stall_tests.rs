//! A disk that answers late, and one that refuses: what the record says of each, and that nothing waits in vain.

use super::tests::Silent;
use super::{Durable, Record};
use crate::clock::Clocks;
use defib_config::{Host, JournalLimits, load};
use defib_engine::policy::Policy;
use defib_engine::time::Moment;
use defib_journal::files::{Folder, Reader, Sheet, Storage, too_late};
use defib_journal::line::Line;
use std::cell::Cell;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

/// What keeps lines from the disk.
type Mood = Rc<Cell<Option<fn() -> io::Error>>>;

struct Moody {
    folder: Folder,
    mood: Mood,
    opened: Rc<Cell<u32>>,
}

struct MoodySheet {
    sheet: Box<dyn Sheet>,
    mood: Mood,
}

impl Storage for Moody {
    fn place(&self) -> &Path {
        self.folder.place()
    }
    fn make(&self) -> io::Result<()> {
        self.folder.make()
    }
    fn names(&self) -> io::Result<Vec<String>> {
        self.folder.names()
    }
    fn bytes_of(&self, name: &str) -> io::Result<u64> {
        self.folder.bytes_of(name)
    }
    fn append_to(&self, name: &str) -> io::Result<Box<dyn Sheet>> {
        self.opened.set(self.opened.get() + 1);
        let sheet = self.folder.append_to(name)?;
        Ok(Box::new(MoodySheet { sheet, mood: Rc::clone(&self.mood) }))
    }
    fn read_from(&self, name: &str, offset: u64) -> io::Result<Box<dyn Read>> {
        self.folder.read_from(name, offset)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.folder.remove(name)
    }
    fn sync_names(&self) -> io::Result<()> {
        self.folder.sync_names()
    }
}

impl Sheet for MoodySheet {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.mood.get().map_or_else(|| self.sheet.append(bytes), |error| Err(error()))
    }
    fn bytes(&self) -> io::Result<u64> {
        self.sheet.bytes()
    }
    fn sync(&mut self) -> io::Result<()> {
        self.mood.get().map_or_else(|| self.sheet.sync(), |error| Err(error()))
    }
    fn is_removed(&self) -> io::Result<bool> {
        self.sheet.is_removed()
    }
}

#[derive(Default)]
struct Clock(Cell<u64>);

impl Clocks for Clock {
    fn boot_us(&self) -> u64 {
        self.0.get() * 1000
    }
    fn running_ms(&self) -> u64 {
        self.0.get()
    }
    fn wall_ms(&self) -> u64 {
        0
    }
}

struct Bench {
    folder: tempfile::TempDir,
    mood: Mood,
    /// How often a file was opened to append to it.
    opened: Rc<Cell<u32>>,
    clock: Rc<Clock>,
    policy: Policy,
    limits: JournalLimits,
    record: Record,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let text = "[app.shop]\nurl = \"http://127.0.0.1:1/\"\nunit = \"shop.service\"\n";
        let loaded = load(text, &Host { root: false }).unwrap();
        let (mood, opened, clock) = (Mood::default(), Rc::default(), Rc::<Clock>::default());
        let storage = Moody {
            folder: Folder::at(folder.path()),
            mood: Rc::clone(&mood),
            opened: Rc::clone(&opened),
        };
        let clocks = Rc::clone(&clock) as Rc<dyn Clocks>;
        let record = Record::open(Rc::new(storage), loaded.journal, Box::new(Silent), clocks);
        let (policy, limits) = (loaded.config.policy, loaded.journal);
        Bench { folder, mood, opened, clock, policy, limits, record }
    }

    fn write(&mut self, text: &'static str) {
        let line = Line::Config { accepted: true, message: text.into() };
        self.record.write(&self.policy, Moment(1), line);
    }

    fn read(&self) -> Vec<String> {
        let mut reader = Reader::open(self.folder.path()).unwrap();
        let mut texts = Vec::new();
        while let Some(entry) = reader.next_entry().unwrap() {
            if let Line::Config { message, .. } = entry.line {
                texts.push(message.into_owned());
            }
        }
        texts
    }
}

fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

#[test]
fn late_is_not_refused_and_neither_is_durable() {
    let mut bench = Bench::new();
    bench.write("one");
    assert_eq!(bench.record.sync(), Durable::Yes);
    for (mood, durable) in [(too_late as fn() -> io::Error, Durable::Late), (full, Durable::No)] {
        bench.mood.set(Some(mood));
        bench.write("another");
        assert_eq!(bench.record.sync(), durable);
        assert!(bench.record.trouble().is_some());
        assert!(bench.record.new_trouble().is_some());
        assert_eq!(bench.record.new_trouble(), None, "it is told once");
    }
    bench.mood.set(None);
    assert_eq!(bench.record.sync(), Durable::Yes);
    assert_eq!(bench.record.trouble(), None);
    assert_eq!(bench.read(), ["one", "another", "another"]);
}

#[test]
fn a_late_disk_is_asked_again_in_a_second_without_a_new_line() {
    let mut bench = Bench::new();
    bench.clock.0.set(5_000);
    bench.mood.set(Some(too_late));
    bench.write("one");
    assert_eq!(bench.record.sync(), Durable::Late);
    assert_eq!(bench.record.sync_deadline_ms(), Some(6_000));
    bench.mood.set(None);
    assert_eq!(bench.record.sync(), Durable::Yes);
    assert_eq!(bench.record.sync_deadline_ms(), None);
}

#[test]
fn new_limits_lose_no_line_that_waits_for_the_disk() {
    for mood in [too_late, full] {
        let mut bench = Bench::new();
        bench.write("one");
        assert_eq!(bench.record.sync(), Durable::Yes);
        bench.mood.set(Some(mood));
        bench.write("two");
        let opened = bench.opened.get();
        bench.record.limit(JournalLimits { days: bench.limits.days + 1, ..bench.limits });
        assert_eq!(bench.opened.get(), opened, "the writer that has the line is kept");
        bench.mood.set(None);
        assert_eq!(bench.record.sync(), Durable::Yes);
        assert_eq!(bench.opened.get(), opened + 1, "the new limits are in force");
        assert_eq!(bench.record.sync(), Durable::Yes);
        assert_eq!(bench.opened.get(), opened + 1, "once");
        assert_eq!(bench.read(), ["one", "two"]);
    }
}
