//! A process's way to the disk.

use super::inode::Inode;
use super::sheet::{Open, Reading};
use super::stall::{Pending, Waiting, What};
use super::{Disk, File, State};
use crate::hand::Doom;
use crate::plan::CrashPoint;
use defib_journal::files::{Sheet, Storage, too_late};
use std::cell::{Cell, RefCell};
use std::io;
use std::path::Path;
use std::rc::Rc;

/// The disk as one process sees it. Once the process has ended, or the power was cut, every call fails and
/// changes nothing. Clones are the same process's.
#[derive(Clone, Debug)]
pub struct Mount {
    disk: Disk,
    life: Rc<Life>,
}

#[derive(Debug)]
struct Life {
    boot: u64,
    ended: Cell<bool>,
    /// The write at which the process ends.
    doom: Doom,
    waiting: Waiting,
}

/// What is to be done of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    /// The process ends within it.
    Torn,
    /// The process ends before it is told.
    Untold,
}

impl Mount {
    pub(super) fn new(disk: Disk, boot: u64, clock_ms: u64, doom: Doom) -> Mount {
        let waiting = Waiting::new(clock_ms);
        let life = Life { boot, ended: Cell::new(false), doom, waiting };
        Mount { disk, life: Rc::new(life) }
    }

    /// For [`Writer::open_in`](defib_journal::files::Writer::open_in) and its like.
    pub fn storage(&self) -> Rc<dyn Storage> {
        Rc::new(self.clone())
    }

    /// The process ends: nothing that it still holds does anything.
    pub fn end(&self) {
        self.life.ended.set(true);
    }

    /// Whether it has ended, by itself or by the power.
    pub fn has_ended(&self) -> bool {
        self.life.ended.get() || self.disk.state.borrow().boot != self.life.boot
    }

    /// The process ends at the `nth` write from now on (1 is the next). A write is bytes to a file, a sync of a file
    /// or of the folder, or a file removed.
    pub fn end_at_write(&self, nth: u32, point: CrashPoint) {
        self.life.doom.plan(nth, point);
    }

    /// The disk's state for a call that only looks.
    pub(super) fn look(&self) -> io::Result<std::cell::RefMut<'_, State>> {
        if self.has_ended() {
            return Err(io::Error::other("the process has ended"));
        }
        let state = self.disk.state.borrow_mut();
        self.life.waiting.begin(&state)?;
        Ok(state)
    }

    /// Waits for a sync. `Some`: it was given up, and is over at that time. A process that ends at it waits for
    /// nothing.
    pub(super) fn wait_for_sync(&self, state: &mut State, part: Part) -> Option<u64> {
        let takes_ms = state.mood.sync_ms;
        if part == Part::Whole { self.life.waiting.wait(state, takes_ms) } else { None }
    }

    /// The same for a call that writes, how much of it is to be done, and what it costs.
    pub(super) fn write(&self) -> io::Result<(std::cell::RefMut<'_, State>, Part)> {
        let state = self.look()?;
        let Some(point) = self.life.doom.meet() else { return Ok((state, Part::Whole)) };
        self.end();
        match point {
            CrashPoint::Before => Err(io::Error::other("the process ends before this write")),
            CrashPoint::Torn => Ok((state, Part::Torn)),
            CrashPoint::After => Ok((state, Part::Untold)),
        }
    }

    fn file(&self, name: &str) -> io::Result<File> {
        let state = self.look()?;
        state.names.get(name).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// The answer of a write that was done: nobody is there to hear it if the process ended at it.
pub(super) fn told<T>(part: Part, answer: T) -> io::Result<T> {
    match part {
        Part::Whole => Ok(answer),
        Part::Torn | Part::Untold => Err(io::Error::other("the process has ended at this write")),
    }
}

pub(super) fn read_only() -> io::Error {
    io::ErrorKind::ReadOnlyFilesystem.into()
}

impl Storage for Mount {
    fn place(&self) -> &Path {
        Path::new("/sim/journal")
    }

    fn make(&self) -> io::Result<()> {
        self.look().map(|_| ())
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.look()?.names.keys().cloned().collect())
    }

    fn bytes_of(&self, name: &str) -> io::Result<u64> {
        Ok(self.file(name)?.borrow().len())
    }

    fn append_to(&self, name: &str) -> io::Result<Box<dyn Sheet>> {
        let mut state = self.look()?;
        if state.mood.read_only {
            return Err(read_only());
        }
        if !state.names.contains_key(name) {
            // A new name may need a block of its own, and may not.
            if state.mood.room == Some(0) && state.chance.below(2) == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            state.names.insert(name.to_owned(), Rc::new(RefCell::new(Inode::default())));
        }
        drop(state);
        let file = self.file(name)?;
        Ok(Box::new(Open { mount: self.clone(), file, has_failed: false }))
    }

    fn read_from(&self, name: &str, offset: u64) -> io::Result<Box<dyn io::Read>> {
        let file = self.file(name)?;
        Ok(Box::new(Reading { mount: self.clone(), file, offset: offset as usize }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let (mut state, part) = self.write()?;
        if state.mood.read_only {
            return Err(read_only());
        }
        let Some(file) = state.names.remove(name) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let mut file = file.borrow_mut();
        file.removed = true;
        if let Some(room) = &mut state.mood.room {
            *room += file.len();
        }
        told(part, ())
    }

    fn sync_names(&self) -> io::Result<()> {
        let (mut state, part) = self.write()?;
        let over_ms = self.wait_for_sync(&mut state, part);
        let State { names, durable_names, mood, chance, pending, .. } = &mut *state;
        let fails = part == Part::Torn || chance.happens(mood.sync_fails);
        if let Some(over_ms) = over_ms {
            pending.push(Pending { over_ms, fails, what: What::Names(names.clone()) });
            return Err(too_late());
        }
        if fails {
            return Err(eio());
        }
        durable_names.clone_from(names);
        told(part, ())
    }
}

/// `EIO` has no kind of its own in `std`.
pub(super) fn eio() -> io::Error {
    const EIO: i32 = 5;
    io::Error::from_raw_os_error(EIO)
}
