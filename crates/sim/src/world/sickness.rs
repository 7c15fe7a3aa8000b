//! A machine that is sick: its memory gone, its processes used up, its CPU taken, and what is left of it
//! for everybody on it. (A model: every figure here is assumed, but for those that a comment sources.)
//!
//! Nothing here happens in a world whose plan says nothing of the machine ([`HostPlan`]), but for the
//! faults themselves.

use super::{Due, World};
use crate::fact::{Fact, Sickness};
use crate::plan::{AppFault, HostPlan};
use defib_engine::host::{AppFacts, DiskFacts, MachineFacts, Pressure, Sleep};
use defib_engine::id::Identity;

/// Mean delay of an answer while memory is gone: its pages are thrown out as fast as they come in, and at
/// the default timeout half of all looks fail.
const STARVED_MEAN_MS: u64 = 4_000;

/// The agent's memory is locked; what it waits for is the CPU, behind those who reclaim memory.
const STARVED_WAKE_MEAN_MS: u64 = 300;

/// Mean delay of an answer while somebody makes processes without end.
const STORMED_MEAN_MS: u64 = 300;

/// Of the machine's memory, in permille: what is available while all is well, and while none is (thrashing
/// guests of 600 MB were seen between 10 and 70), and what an app has when it is well.
const AVAILABLE: u64 = 600;
const GONE: u64 = 20;
const OWN: u64 = 100;

/// Tasks of an app that is well, and of the machine beside its apps.
const OWN_TASKS: u64 = 8;
const OTHER_TASKS: u64 = 120;

/// Of the tasks that there may be, in permille, in a fork storm: the rest is kept for root.
const STORM: u64 = 960;

/// Of the CPU, in permille: taken by whoever takes all he gets, and by an app that is well.
const TAKEN: u64 = 950;
const IDLE: u16 = 20;

/// A load that the app can just carry keeps it this busy.
const BUSY: u64 = 880;

impl World {
    /// How much of what it can take an app has taken, in permille.
    fn eaten(&self, app: usize) -> u64 {
        let it = &self.apps[app];
        let Some(process) = it.process else { return 0 };
        let parts = it.faults.iter().filter_map(|active| match active.fault {
            AppFault::Eats { lasts_ms, .. } => {
                let began_ms = active.since_ms.max(process.born_ms);
                let ate_ms = self.now_ms.saturating_sub(began_ms).min(lasts_ms);
                Some(ate_ms * 1_000 / lasts_ms.max(1))
            }
            _ => None,
        });
        parts.max().unwrap_or(0)
    }

    /// Whether its processes have used up all that there may be.
    fn storms(&self, app: usize) -> bool {
        let it = &self.apps[app];
        let since = |active_ms: u64| it.process.map(|process| active_ms.max(process.born_ms));
        it.faults.iter().any(|active| match active.fault {
            AppFault::Forks { lasts_ms } => {
                since(active.since_ms).is_some_and(|ms| self.now_ms >= ms + lasts_ms)
            }
            _ => false,
        })
    }

    fn is_starved(&self) -> bool {
        self.machine.is_robbed(self.now_ms)
            || (0..self.apps.len()).any(|app| self.eaten(app) >= 1_000)
    }

    fn is_stormed(&self) -> bool {
        (0..self.apps.len()).any(|app| self.storms(app))
    }

    /// Whether the app itself has taken what is gone: it does nothing else.
    pub(super) fn is_wedged(&self, app: usize) -> bool {
        self.eaten(app) >= 1_000 || self.storms(app)
    }

    /// Whether a process can be made now.
    pub fn makes_processes(&self) -> bool {
        self.machine.makes_processes(self.now_ms) && !self.is_starved() && !self.is_stormed()
    }

    /// Whether something of the machine is, or may soon be, gone.
    pub(super) fn is_sickening(&self) -> bool {
        self.machine.is_robbed(self.now_ms)
    }

    /// What part of its requests an app answers, as far as that lies with the machine.
    pub(super) fn served_by_machine(&self, app: usize) -> u16 {
        match () {
            () if self.is_wedged(app) => 0,
            () if self.is_starved() => 300,
            () => 1_000,
        }
    }

    /// How much later an answer comes on a sick machine.
    pub(super) fn sick_ms(&mut self) -> u64 {
        match () {
            () if self.is_starved() => self.chance.exponential_ms(STARVED_MEAN_MS),
            () if self.is_stormed() => self.chance.exponential_ms(STORMED_MEAN_MS),
            () => 0,
        }
    }

    /// How late the agent wakes on a sick machine.
    pub(super) fn sick_wake_ms(&mut self) -> u64 {
        if self.is_starved() { self.chance.exponential_ms(STARVED_WAKE_MEAN_MS) } else { 0 }
    }

    /// A sickness that begins with its process, in so long.
    pub(super) fn sickens_in(&mut self, app: usize, ms: u64) {
        self.inside(self.now_ms + ms, Due::Turns { app });
    }

    /// Writes down what has become of the machine since it was last told. All apps may answer otherwise.
    pub(super) fn tell_sickness(&mut self) -> bool {
        let mut now = Vec::new();
        for app in 0..self.apps.len() {
            if self.eaten(app) >= 1_000 {
                now.push((Some(app), Sickness::Memory));
            }
            if self.storms(app) {
                now.push((Some(app), Sickness::Tasks));
            }
        }
        if self.machine.is_robbed(self.now_ms) {
            now.push((None, Sickness::Memory));
        }
        let before = std::mem::replace(&mut self.sick, now.clone());
        for (app, of) in before.iter().filter(|it| !now.contains(it)).copied() {
            self.tell(Fact::Eased { app, of });
        }
        for (app, of) in now.iter().filter(|it| !before.contains(it)).copied() {
            self.tell(Fact::Sickened { app, of });
        }
        before != now
    }

    /// What a reader of the machine reads; `None` where the plan says nothing of it.
    pub(crate) fn machine_facts(&self) -> Option<MachineFacts> {
        let host = self.plan.machine.host?;
        let taken: u64 = (0..self.apps.len()).map(|app| self.eaten(app)).sum();
        let left = AVAILABLE.saturating_sub(taken * (AVAILABLE - GONE) / 1_000).max(GONE);
        let is_starved = self.is_starved();
        let available = if is_starved { GONE } else { left };
        let cpu: u64 = (0..self.apps.len()).map(|app| u64::from(self.cpu(app))).sum();
        let own: u64 = (0..self.apps.len()).map(|app| self.tasks(app, host)).sum();
        let mut facts = MachineFacts {
            memory_kb: host.memory_kb,
            available_kb: host.memory_kb * available / 1_000,
            busy_permille: cpu.min(1_000) as u16,
            steal_permille: u16::from(self.machine.stolen_percent(self.now_ms)) * 10,
            tasks: (OTHER_TASKS + own).min(host.tasks_max),
            tasks_max: host.tasks_max,
            ..MachineFacts::default()
        };
        let full = if is_starved { 700 } else { 0 };
        let pressure = Pressure { memory_some: full, memory_full: full, ..Pressure::default() };
        facts.pressure = host.has_pressure.then_some(pressure);
        facts.disks[0] = Some(self.disk_facts());
        Some(facts)
    }

    /// The one disk of the machine: the apps', and the agent's too.
    fn disk_facts(&self) -> DiskFacts {
        let has = |fault: AppFault| self.apps.iter().any(|app| app.has(|it| *it == fault));
        let is_full = has(AppFault::DiskFull) || self.machine.is_disk_full(self.now_ms);
        let turned = has(AppFault::DiskReadOnly) || self.machine.is_disk_read_only(self.now_ms);
        DiskFacts {
            free_permille: if is_full { 0 } else { 400 },
            free_kb: Some(if is_full { 0 } else { 8_000_000 }),
            inodes_permille: 900,
            free_inodes: Some(500_000),
            turned_read_only: turned,
        }
    }

    /// What one process and its children use; `None` if it is not the app's main process any more.
    pub(crate) fn app_facts(&self, app: usize, identity: Identity) -> Option<AppFacts> {
        let host = self.plan.machine.host.filter(|_| self.main(app) == Some(identity))?;
        let memory = OWN + self.eaten(app) * (AVAILABLE - GONE) / 1_000;
        let sleeps = self.apps[app].has(|fault| *fault == AppFault::Unkillable);
        Some(AppFacts {
            memory_kb: host.memory_kb * memory / 1_000,
            cpu_permille: self.cpu(app),
            sleep: if sleeps { Sleep::Local } else { Sleep::None },
            tasks: self.tasks(app, host),
            ..AppFacts::default()
        })
    }

    fn tasks(&self, app: usize, host: HostPlan) -> u64 {
        let storming = (0..self.apps.len()).filter(|app| self.storms(*app)).count() as u64;
        match () {
            () if self.apps[app].process.is_none() => 0,
            () if self.storms(app) => host.tasks_max * STORM / 1_000 / storming.max(1),
            () => OWN_TASKS,
        }
    }

    /// Whether it takes all the CPU that it gets.
    fn takes_all(&self, app: usize) -> bool {
        let it = &self.apps[app];
        it.process.is_some() && (it.has(|fault| *fault == AppFault::Spin) || self.storms(app))
    }

    /// Of the CPU, in permille. Those who take all of it share it.
    fn cpu(&self, app: usize) -> u16 {
        let takers = (0..self.apps.len()).filter(|app| self.takes_all(*app)).count() as u64;
        let it = &self.apps[app];
        let worked = it.load.map_or(0, |load| load.worked_permille() * BUSY / 1_000);
        match () {
            () if it.process.is_none() => 0,
            () if self.takes_all(app) => (TAKEN / takers.max(1)) as u16,
            () => IDLE.max((worked / (takers + 1)) as u16),
        }
    }
}
