//! A file that a process holds open.

use super::mount::{Mount, Part, eio, read_only, told};
use super::stall::{Pending, What};
use super::{File, Mood};
use crate::chance::Chance;
use defib_journal::files::{Sheet, too_late};
use std::io;
use std::rc::Rc;

/// Open to be appended to.
pub(super) struct Open {
    pub(super) mount: Mount,
    pub(super) file: File,
    /// The sync that was given up last; said by the next.
    pub(super) has_failed: bool,
}

/// Open to be read.
pub(super) struct Reading {
    pub(super) mount: Mount,
    pub(super) file: File,
    pub(super) offset: usize,
}

impl Sheet for Open {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (mut state, part) = self.mount.write()?;
        let state = &mut *state;
        state.spend(state.mood.write_ms);
        let mut taken = admitted(&mut state.mood, &mut state.chance, bytes.len())?;
        if part == Part::Torn {
            taken = state.chance.below(taken as u64) as usize;
        }
        self.file.borrow_mut().append(&bytes[..taken]);
        if let Some(room) = &mut state.mood.room {
            *room -= taken as u64;
        }
        told(part, taken)
    }

    fn bytes(&self) -> io::Result<u64> {
        self.mount.look()?;
        Ok(self.file.borrow().len())
    }

    fn sync(&mut self) -> io::Result<()> {
        let (mut state, part) = self.mount.write()?;
        let state = &mut *state;
        if std::mem::take(&mut self.has_failed) {
            return Err(eio());
        }
        let over_ms = self.mount.wait_for_sync(state, part);
        let mut file = self.file.borrow_mut();
        let refused = state.mood.read_only && file.is_dirty();
        let fails = refused || state.chance.happens(state.mood.sync_fails);
        if let Some(over_ms) = over_ms {
            self.has_failed = fails;
            let what = What::File(Rc::clone(&self.file), file.bytes().len());
            state.pending.push(Pending { over_ms, fails, what });
            return Err(too_late());
        }
        if fails {
            state.syncs.failed += u64::from(file.is_dirty());
            file.fail_to_sync(&mut state.chance);
            return Err(eio());
        }
        // The end of a process within a sync takes nothing away: the kernel goes on with it, or not.
        if part != Part::Torn {
            state.syncs.done += u64::from(file.is_dirty());
            file.sync();
        }
        told(part, ())
    }

    fn is_removed(&self) -> io::Result<bool> {
        self.mount.look()?;
        Ok(self.file.borrow().removed)
    }
}

/// How many of so many bytes the disk takes.
fn admitted(mood: &mut Mood, chance: &mut Chance, bytes: usize) -> io::Result<usize> {
    if mood.read_only {
        return Err(read_only());
    }
    if chance.happens(mood.write_fails) {
        return Err(eio());
    }
    let room = mood.room.map_or(bytes, |room| bytes.min(room as usize));
    if room == 0 {
        return Err(io::ErrorKind::StorageFull.into());
    }
    if chance.happens(mood.write_is_short) {
        return Ok(chance.between(1, room as u64) as usize);
    }
    Ok(room)
}

impl io::Read for Reading {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.mount.look()?;
        let file = self.file.borrow();
        let rest = file.bytes().get(self.offset..).unwrap_or_default();
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.offset += count;
        Ok(count)
    }
}
