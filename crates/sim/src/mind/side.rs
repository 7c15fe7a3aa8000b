//! The guardian's side of the machine: its processes, its disk, and people at its door.

use super::clocks::SimClocks;
use super::folder::HoldFolder;
use super::life::Life;
use crate::chance::Chance;
use crate::disk::{Disk, Mood};
use crate::fact::Fact;
use crate::hand::{Doom, GuardianEnd};
use crate::plan::{DiskFault, DiskName};
use crate::world::news::News;
use crate::world::{Lent, World};
use defib_engine::event::Exit;
use defib_engine::state::State;
use std::cell::Cell;
use std::rc::Rc;

/// From spawn until the new process says its first word.
const START_MS: (u64, u64) = (3, 40);

/// All guardians that live (an earlier one may outlive its executor), and what outlives them.
pub struct GuardianSide {
    lent: Lent,
    disk: Disk,
    doom: Doom,
    chance: Chance,
    lives: Vec<Life>,
    folder: HoldFolder,
    next_look: Rc<Cell<u32>>,
    /// The process of the guardian that began last.
    present: Rc<Cell<u32>>,
    /// What people ask as soon as somebody is there to answer.
    asks: Vec<String>,
}

impl GuardianSide {
    /// A machine on which no guardian has ever run.
    pub fn new(seed: u64, lent: Lent, doom: Doom) -> GuardianSide {
        GuardianSide {
            lent,
            chance: Chance::new(seed, "guardian"),
            disk: Disk::new(Chance::new(seed, "journal disk")),
            doom,
            lives: Vec::new(),
            folder: HoldFolder::default(),
            next_look: Rc::new(Cell::new(1)),
            present: Rc::new(Cell::new(0)),
            asks: Vec::new(),
        }
    }

    /// The disk with the journal.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// What the present guardian knows.
    pub fn state(&self) -> Option<&State> {
        self.lives.last().and_then(Life::state)
    }

    /// When something of it is due, in true time.
    pub fn due_ms(&self, world: &World) -> Option<u64> {
        let true_ms = |boot_ms| world.machine().true_ms(boot_ms);
        let lives = self.lives.iter().map(|life| life.due_ms(true_ms));
        lives.chain(self.folder.due_ms()).min()
    }

    /// An executor has started a guardian.
    pub fn born(&mut self, world: &World, link: GuardianEnd) {
        let first_word_ms = world.now_ms() + self.chance.between(START_MS.0, START_MS.1);
        let mount = self.disk.mount_under(self.doom.clone());
        let clocks = SimClocks::new(self.lent.clone(), self.disk.clone());
        let shared = (&self.next_look, &self.present);
        let life = Life::new(link, first_word_ms, mount, clocks, &self.lent, shared);
        self.lives.push(life);
    }

    /// Does what is due now.
    pub fn wake(&mut self, world: &mut World) {
        self.lent.clone().during(world, || self.turn());
    }

    fn turn(&mut self) {
        let now_ms = self.lent.world().now_ms();
        self.feel_disk(now_ms);
        if self.folder.tidy(now_ms) {
            self.folder_changed();
        }
        let mut at = 0;
        while at < self.lives.len() {
            let lent = self.lent.clone();
            let true_ms = |boot_ms| lent.world().machine().true_ms(boot_ms);
            if self.lives[at].due_ms(true_ms) > now_ms {
                at += 1;
                continue;
            }
            let was_awake = self.lives[at].is_awake();
            let exit = self.lives[at].turn(&self.folder, at == 0);
            let life = &mut self.lives[at];
            if let Some(exit) = exit {
                self.end(at, was_awake, exit);
            } else if life.is_awake() && !was_awake {
                life.asks.append(&mut self.asks);
            }
        }
    }

    fn end(&mut self, at: usize, was_awake: bool, exit: Exit) {
        let life = self.lives.remove(at);
        life.mount.end();
        // One that has outlived its executor ends unnoticed beside the present one.
        let has_follower = self.lives[at..].iter().any(Life::is_awake);
        if was_awake && !has_follower {
            self.lent.world().tell(Fact::GuardianEnded);
        }
        life.link.die(exit);
    }

    fn feel_disk(&self, now_ms: u64) {
        let fault = self.lent.world().machine().disk_fault(DiskName::State, now_ms);
        let mut mood = Mood::default();
        match fault {
            Some(DiskFault::Full) => mood.room = Some(0),
            Some(DiskFault::ReadOnly) => mood.read_only = true,
            Some(DiskFault::SyncFails) => mood.sync_fails = 1_000_000,
            Some(DiskFault::Slow { ms }) => mood.sync_ms = ms,
            None => {}
        }
        self.disk.tell_time(now_ms);
        self.disk.feel(mood);
    }

    /// What the guardian can notice of the world by itself, and what people want of it.
    pub fn hear(&mut self, world: &mut World, news: &News) {
        self.lent.clone().during(world, || self.take(news));
    }

    fn take(&mut self, news: &News) {
        match *news {
            News::Looked { attempt, began_ms, seen, .. } => {
                for life in &mut self.lives {
                    life.looked.push((attempt, began_ms, seen));
                }
            }
            News::Held { app, ms } => self.held(app, ms),
            News::Released { app } => {
                let name = self.name(app);
                if self.folder.remove(&name) {
                    self.folder_changed();
                }
                self.ask(format!("{{\"do\":\"release\",\"app\":\"{name}\"}}"));
            }
            _ => {}
        }
    }

    /// By command if somebody is there to acknowledge it, else by a file.
    fn held(&mut self, app: usize, ms: u64) {
        let name = self.name(app);
        if self.lives.last().is_some_and(Life::is_awake) {
            self.ask(format!("{{\"do\":\"hold\",\"app\":\"{name}\",\"for_ms\":{ms}}}"));
            return;
        }
        let world = self.lent.world();
        let now_ms = world.now_ms();
        self.folder.touch(&name, world.machine().wall_ms(now_ms), now_ms + ms);
        drop(world);
        self.folder_changed();
    }

    fn ask(&mut self, line: String) {
        match self.lives.last_mut().filter(|life| life.is_awake()) {
            Some(life) => life.asks.push(line),
            None => self.asks.push(line),
        }
    }

    fn folder_changed(&mut self) {
        self.lives.iter_mut().for_each(|life| life.folder_changed = true);
    }

    fn name(&self, app: usize) -> String {
        self.lent.world().config().apps[app].name.clone()
    }

    /// The present guardian is killed. `false`: there is none.
    pub fn kill(&mut self, world: &mut World) -> bool {
        let Some(at) = self.lives.len().checked_sub(1) else { return false };
        let was_awake = self.lives[at].is_awake();
        let exit = self.lives[at].dies();
        self.lent.clone().during(world, || self.end(at, was_awake, exit));
        true
    }

    /// The present guardian is stopped. `false`: there is none.
    pub fn stop(&mut self, until_ms: u64) -> bool {
        let Some(life) = self.lives.last_mut() else { return false };
        life.stop_until(until_ms);
        true
    }

    /// The machine is down. Politely: all that was written is on the disk.
    pub fn power_gone(&mut self, now_ms: u64, was_polite: bool) {
        for life in self.lives.drain(..) {
            life.mount.end();
        }
        self.folder = HoldFolder::default();
        self.present.set(0);
        self.asks.clear();
        self.disk.tell_time(now_ms);
        if was_polite {
            self.disk.sync_all();
        }
        self.disk.cut_power();
    }
}
