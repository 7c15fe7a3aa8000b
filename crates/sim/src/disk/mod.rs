//! A disk for the journal that loses, tears and reorders what was not synced: the shipped writer, reader
//! and restart run on it unchanged.
//!
//! What it does is what Linux file systems were seen to do, none of them all of it: a power cut keeps any part of
//! what was written and not synced, in any order, down to a sector; a name can be lost though its data are
//! durable; a failed sync drops what it could not write and the next one succeeds ("fsyncgate"). What was synced
//! survives: a disk that lies about that is outside the model.

mod crash;
mod inode;
mod mount;
mod sheet;
mod spans;
mod stall;

pub use mount::Mount;

use crate::chance::Chance;
use crate::hand::Doom;
use inode::Inode;
use stall::Pending;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a disk refuses at the moment, and how long its answers take. Chances are in a million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mood {
    /// Bytes that can still be written; `None` is no bound.
    pub room: Option<u64>,
    /// Every write is refused, and what waits to be written is dropped at the next sync.
    pub read_only: bool,
    /// A write fails with EIO.
    pub write_fails: u64,
    /// A write takes only a part of its bytes, without an error.
    pub write_is_short: u64,
    /// A sync fails with EIO, and drops a part of what was to be written.
    pub sync_fails: u64,
    /// Milliseconds that a write takes.
    pub write_ms: u64,
    /// Milliseconds that a sync takes; it is not waited for longer than the guardian has patience.
    pub sync_ms: u64,
}

/// Counts syncs of files with something to lose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Syncs {
    /// Those after which it was durable.
    pub done: u64,
    /// Those that may have dropped it.
    pub failed: u64,
}

/// One folder on one disk. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct Disk {
    state: Rc<RefCell<State>>,
}

type File = Rc<RefCell<Inode>>;

#[derive(Debug)]
struct State {
    chance: Chance,
    mood: Mood,
    /// The names that a process sees.
    names: BTreeMap<String, File>,
    /// The names that a power cut leaves.
    durable_names: BTreeMap<String, File>,
    /// Counts power cuts: whatever was open before one is gone.
    boot: u64,
    /// What calls have cost since it was last asked.
    cost_ms: u64,
    /// The time, as far as somebody has told it.
    clock_ms: u64,
    /// Syncs that nobody waits for any more.
    pending: Vec<Pending>,
    /// Syncs of files with something to lose.
    syncs: Syncs,
}

impl Disk {
    /// An empty disk that takes everything.
    pub fn new(chance: Chance) -> Disk {
        let state = State {
            chance,
            mood: Mood::default(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            boot: 0,
            cost_ms: 0,
            clock_ms: 0,
            pending: Vec::new(),
            syncs: Syncs::default(),
        };
        Disk { state: Rc::new(RefCell::new(state)) }
    }

    /// A process's own way to the disk: it ends with the process or the power.
    pub fn mount(&self) -> Mount {
        self.mount_under(Doom::default())
    }

    /// The same, for a process that shares its death at a write with others.
    pub fn mount_under(&self, doom: Doom) -> Mount {
        let (boot, clock_ms) = (self.state.borrow().boot, self.state.borrow().clock_ms);
        Mount::new(self.clone(), boot, clock_ms, doom)
    }

    /// Sets what is refused from now on.
    pub fn feel(&self, mood: Mood) {
        self.state.borrow_mut().mood = mood;
    }

    /// What is refused at the moment.
    pub fn mood(&self) -> Mood {
        self.state.borrow().mood
    }

    /// Milliseconds that calls have taken since this was last asked: the caller's time goes on by them.
    pub fn take_cost_ms(&self) -> u64 {
        std::mem::take(&mut self.state.borrow_mut().cost_ms)
    }

    /// How many syncs of files with something to lose there were.
    pub fn syncs(&self) -> Syncs {
        self.state.borrow().syncs
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.state.borrow().names.values().map(|file| file.borrow().len()).sum()
    }

    /// The files and what a process reads in them now.
    pub fn contents(&self) -> Vec<(String, Vec<u8>)> {
        let state = self.state.borrow();
        let files = state.names.iter();
        files.map(|(name, file)| (name.clone(), file.borrow().bytes().to_vec())).collect()
    }

    /// Puts a durable file there, as if it had always been: what an earlier life, a person or a fuzzer left.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let file = Rc::new(RefCell::new(Inode::durable(bytes)));
        let mut state = self.state.borrow_mut();
        state.names.insert(name.to_owned(), Rc::clone(&file));
        state.durable_names.insert(name.to_owned(), file);
    }
}
