//! What outlives an executor: the ledger's files, and processes that are no app's main process.

use super::agenda::Agenda;
use super::doom::Doom;
use super::refusal::Refusal;
use super::slots::LedgerFile;
use super::watchdog::Dog;
use crate::chance::Chance;
use crate::plan::DiskName;
use crate::world::World;
use defib_engine::event::Exit;
use defib_engine::id::Identity;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What a process is that is no app's main process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A child at its gate. `is_open`: it has been let through, and only needs its time.
    AtGate { is_open: bool },
    /// What an app's dead main process has left behind.
    Orphan,
    /// A command of the user's.
    Command,
    /// A guardian.
    Guardian,
}

/// One such process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stray {
    pub(super) identity: Identity,
    /// Its session's number.
    pub(super) session: u32,
    /// Which app it is for; nothing of a guardian's.
    pub(super) app: usize,
    pub(super) kind: Kind,
}

/// What happens to such processes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Due {
    /// A child that was let through becomes its program.
    Execs(Identity),
    /// A command goes on.
    Goes(Identity, Step),
    /// A process ends.
    Ends(Identity, Exit),
    /// The watchdog's time since this feed is over.
    Bites(u64),
}

/// The steps of a `recover` command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It ends the app that is there.
    Kills,
    /// It starts the app.
    Starts,
}

/// The machine under the executors, and the disks. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Ground(pub(super) Rc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) strays: RefCell<Vec<Stray>>,
    pub(super) agenda: RefCell<Agenda<Due>>,
    pub(super) chance: RefCell<Chance>,
    pub(super) fast: LedgerFile,
    pub(super) disk: LedgerFile,
    pub(super) doom: Doom,
    pub(super) refusal: Refusal,
    pub(super) dog: Cell<Dog>,
    /// The highest intent that was seen to be durable.
    pub(super) told_intent: Cell<u64>,
    jobs: Cell<u64>,
    /// Which apps leave a process behind when they die.
    leaves_orphans: Vec<bool>,
}

impl Ground {
    /// The ground of a world: no ledger was ever written.
    pub fn new(world: &World, doom: Doom) -> Ground {
        let mut chance = Chance::new(world.plan().seed, "hand");
        let leaves_orphans = (0..world.apps_len()).map(|_| chance.happens(250_000)).collect();
        Ground(Rc::new(Inner {
            strays: RefCell::default(),
            agenda: RefCell::default(),
            chance: RefCell::new(chance),
            fast: LedgerFile::new(DiskName::Run),
            disk: LedgerFile::new(DiskName::State),
            doom,
            refusal: Refusal::default(),
            dog: Cell::default(),
            told_intent: Cell::new(0),
            jobs: Cell::new(0),
            leaves_orphans,
        }))
    }

    /// The machine lost its power: only what was durable on the disk is left, and every process is gone.
    pub fn lose_power(&self) {
        self.0.strays.borrow_mut().clear();
        self.0.agenda.borrow_mut().clear();
        self.0.fast.wipe();
        self.0.dog.take();
        self.0.disk.lose_power();
        // An intent that no disk remembers never was: its number may be given to another.
        self.0.told_intent.set(self.0.disk.last_intent());
    }

    /// When something is due here.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.0.agenda.borrow().next_ms()
    }

    /// A number that no job of any executor has had.
    pub(super) fn next_job(&self) -> u64 {
        self.0.jobs.set(self.0.jobs.get() + 1);
        self.0.jobs.get()
    }

    pub(super) fn between(&self, least: u64, most: u64) -> u64 {
        self.0.chance.borrow_mut().between(least, most)
    }

    pub(super) fn happens(&self, in_a_million: u64) -> bool {
        self.0.chance.borrow_mut().happens(in_a_million)
    }

    pub(super) fn leaves_orphans(&self, app: usize) -> bool {
        self.0.leaves_orphans.get(app).is_some_and(|it| *it)
    }

    pub(super) fn plan(&self, at_ms: u64, due: Due) {
        self.0.agenda.borrow_mut().push(at_ms, due);
    }

    pub(super) fn take_due(&self, now_ms: u64) -> Option<Due> {
        self.0.agenda.borrow_mut().take_due(now_ms)
    }

    /// A process that is no app's main process.
    pub(super) fn stray(&self, identity: Identity) -> Option<Stray> {
        self.0.strays.borrow().iter().copied().find(|stray| stray.identity == identity)
    }

    pub(super) fn add(&self, stray: Stray) {
        self.0.strays.borrow_mut().push(stray);
    }

    /// It is gone; `false` if it was before.
    pub(super) fn remove(&self, identity: Identity) -> bool {
        let mut strays = self.0.strays.borrow_mut();
        let before = strays.len();
        strays.retain(|stray| stray.identity != identity);
        strays.len() < before
    }

    /// All that belong to this session.
    pub(super) fn session_of(&self, leader: Identity) -> Vec<Identity> {
        let strays = self.0.strays.borrow();
        strays.iter().filter(|it| it.session == leader.pid).map(|it| it.identity).collect()
    }

    /// Lets a child through its gate.
    pub(super) fn let_through(&self, identity: Identity) -> bool {
        self.set_gate(identity, true)
    }

    /// A signal that ends it is pending: it never returns from the kernel to become its program.
    pub(super) fn keep_from_exec(&self, identity: Identity) {
        self.set_gate(identity, false);
    }

    fn set_gate(&self, identity: Identity, opens: bool) -> bool {
        let mut strays = self.0.strays.borrow_mut();
        let stray = strays.iter_mut().find(|stray| stray.identity == identity);
        let Some(Stray { kind: Kind::AtGate { is_open }, .. }) = stray else { return false };
        *is_open = opens;
        true
    }
}
