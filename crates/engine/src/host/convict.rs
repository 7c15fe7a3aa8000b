//! What the machine's facts add to a judgement: the class that they speak of, and, where our own looks
//! cannot be believed, the conviction itself.

use super::STALE_MS;
use super::facts::{DiskFacts, HostFact, MachineFacts, Sleep};
use super::runs::AppHost;
use crate::class::Conviction;
use crate::effect::{Purse, Rung};
use crate::guards::Plan;
use crate::ladder::Ladder;
use crate::note::{Class, Note};
use crate::policy::View;
use crate::state::Process;
use crate::time::Moment;
use crate::turn::{Turn, id};

/// What two readings of a kernel fact weigh: as much as a death.
const KERNEL_DB: i16 = 70;
/// A process that sleeps in the kernel for longer than this does not come back by itself
/// (`hung_task_timeout_secs` is 120 s, for machines where nobody waits).
const SLEEP_MS: u64 = 20_000;
/// In doubt, looks were void: this long without one good answer is what they would have shown.
const SILENT_MS: u64 = 8_000;
/// The same for an app that is only busy: a burst of work is no fault.
const SILENT_BUSY_MS: u64 = 20_000;
/// A machine is rebooted for memory on a reading that is no older than this, bundle and order included: what was
/// missing may have been given back since.
const FRESH_READING_MS: u64 = 2_000;
/// A reboot for memory waits so long for another app that has grown and may yet be convicted.
const GROWN_FIRST_MS: u64 = 30_000;

impl Turn<'_> {
    /// The last reading of the machine, if it is not too old to say anything.
    pub(crate) fn machine(&self) -> Option<&MachineFacts> {
        let (at, facts) = self.state.machine.as_ref()?;
        (self.now.since(*at) <= STALE_MS).then_some(facts)
    }

    fn host(&self, app: usize) -> Option<&AppHost> {
        self.seen_app(app).host.as_ref()
    }

    /// Convicted by kernel facts, whatever the looks say or cannot say: memory and fork storms after
    /// two readings, the CPU in doubt only.
    pub(crate) fn convict_by_kernel(&self, app: usize) -> Option<Conviction> {
        if self.is_intended(app) || self.in_grace(app) {
            return None;
        }
        let host = self.host(app)?;
        let memory = host.memory.filter(|run| self.is_silent(app, run.since, run.until, SILENT_MS));
        let storm = host.storm.filter(|run| self.is_silent(app, run.since, run.until, SILENT_MS));
        let busy =
            host.silent.filter(|run| self.is_silent_in_doubt(run.since, run.until, SILENT_BUSY_MS));
        let held = [(memory, Class::Memory), (storm, Class::Spinning), (busy, Class::Spinning)];
        let (run, class) = held
            .into_iter()
            .find_map(|(run, class)| Some((run.filter(|run| run.has_held(self.now))?, class)))?;
        let bar_db = self.policy.bars.kill_db;
        let (since, score_db) = (run.since, KERNEL_DB);
        Some(Conviction { class, since, score_db, bar_db, partial: false, by_kernel: true })
    }

    /// Whether the app is known not to answer since then: a look failed, or we doubt our looks and none was
    /// good for long enough, or it is dead and a start did not last.
    fn is_silent(&self, app: usize, since: Moment, until: Moment, silent_ms: u64) -> bool {
        let state = self.seen_app(app);
        if matches!(state.process, Process::Gone { .. }) {
            let starts = state.starts;
            return starts.count > 0 && starts.last >= since || starts.undone > 0;
        }
        let failed = self.probes(app).any(|(probe, rules)| {
            rules.view != View::Dependency
                && probe.stretch.is_some_and(|stretch| stretch.until >= since)
        });
        failed || self.is_silent_in_doubt(since, until, silent_ms)
    }

    /// Looks were void for so long. Before the doubt they counted, and none had failed.
    fn is_silent_in_doubt(&self, since: Moment, until: Moment, silent_ms: u64) -> bool {
        let doubt = self.state.doubt;
        doubt.level > 0 && until.since(since.max(doubt.since)) >= silent_ms
    }

    /// What stands before the classes that looks alone can tell: the kernel's own troubles, then memory.
    pub(crate) fn class_above_looks(&self, app: usize) -> Option<Class> {
        match self.ground(app, Class::KernelIo) {
            Some(HostFact::KernelSleep { is_remote: true, .. }) => return Some(Class::Dependency),
            Some(_) => return Some(Class::KernelIo),
            None => {}
        }
        self.ground(app, Class::Memory).map(|_| Class::Memory)
    }

    /// What stands between a contract and a hang.
    pub(crate) fn class_of_limits(&self, app: usize) -> Option<Class> {
        self.ground(app, Class::Exhausted).map(|_| Class::Exhausted)
    }

    /// Whether what makes no progress is busy at it.
    pub(crate) fn is_spinning(&self, app: usize) -> bool {
        self.ground(app, Class::Spinning).is_some()
    }

    /// At least half of the looks of a whole minute failed, and the app takes the CPU.
    pub(crate) fn overload(&self, app: usize) -> Option<Moment> {
        let busy = self.host(app)?.busy.filter(|busy| busy.overloaded)?;
        busy.run.has_held(self.now).then_some(busy.run.since)
    }

    /// It takes the CPU, and some look of the last minute or two was good.
    pub(crate) fn works_on(&self, app: usize) -> bool {
        let busy = self.host(app).and_then(|host| host.busy);
        busy.is_some_and(|busy| busy.run.has_held(self.now) && busy.works)
    }

    /// The fact that a class of the machine stands on, while it holds.
    pub(crate) fn ground(&self, app: usize, class: Class) -> Option<HostFact> {
        let host = self.host(app)?;
        match class {
            Class::KernelIo => self.kernel_ground(host),
            Class::Dependency => self
                .kernel_ground(host)
                .filter(|fact| matches!(fact, HostFact::KernelSleep { is_remote: true, .. })),
            Class::Memory => self.memory_ground(host),
            Class::Spinning => {
                let facts = &host.facts;
                if host.storm.is_some_and(|run| run.has_held(self.now)) {
                    let (tasks, settled) = (facts.tasks, facts.tasks_settled);
                    return Some(HostFact::ForkStorm { tasks, settled });
                }
                let run = host.busy?.run;
                let permille = facts.cpu_permille;
                run.has_held(self.now).then_some(HostFact::Cpu { permille })
            }
            Class::Exhausted => self.limit_ground(host),
            _ => None,
        }
    }

    fn kernel_ground(&self, host: &AppHost) -> Option<HostFact> {
        if let Some(run) = host.sleep.filter(|run| run.has_held(self.now)) {
            let is_remote = host.facts.sleep == Sleep::Remote;
            let for_ms = run.until.since(run.since);
            return Some(HostFact::KernelSleep { for_ms, is_remote });
        }
        let (disk, _) = self.machine()?.ill_disk(|disk| disk.turned_read_only)?;
        Some(HostFact::ReadOnly { disk })
    }

    /// Until when a process that sleeps in the kernel may still come back by itself.
    pub(crate) fn wakes_until(&self, app: usize) -> Option<Moment> {
        let run = self.host(app)?.sleep.filter(|run| run.has_held(self.now))?;
        Some(run.since.plus(SLEEP_MS))
    }

    /// Until when the next reading is waited for, if the last one is not of now; it then says nothing any more.
    pub(crate) fn next_reading_until(&self, app: usize) -> Option<Moment> {
        let run = self.host(app)?.memory?;
        (self.now.since(run.until) > FRESH_READING_MS).then(|| run.until.plus(STALE_MS))
    }

    fn memory_ground(&self, host: &AppHost) -> Option<HostFact> {
        host.memory.filter(|run| run.has_held(self.now))?;
        let machine = self.machine()?;
        let used_kb = host.facts.memory_kb;
        if let Some(max_kb) = host.facts.is_at_own_memory() {
            return Some(HostFact::OwnMemory { used_kb, max_kb });
        }
        Some(HostFact::MemoryGone {
            available_kb: machine.available_kb,
            memory_kb: machine.memory_kb,
            full_permille: machine.pressure.map(|pressure| pressure.memory_full),
            app_kb: used_kb,
            is_the_app: host.facts.has_grown(machine),
        })
    }

    fn limit_ground(&self, host: &AppHost) -> Option<HostFact> {
        let machine = self.machine()?;
        if self.now.since(host.at) <= STALE_MS
            && let Some(own) = host.facts.own_limit()
        {
            return Some(own);
        }
        if let Some((disk, facts)) = machine.ill_disk(|disk| disk.is_full()) {
            let DiskFacts { free_permille, free_kb, inodes_permille, free_inodes, .. } = facts;
            return Some(HostFact::DiskFull {
                disk,
                free_permille,
                free_kb,
                inodes_permille,
                free_inodes,
            });
        }
        let (used, max) = (machine.tasks, machine.tasks_max);
        machine.is_crowded().then_some(HostFact::Tasks { used, max, is_own: false })
    }

    /// Whether to end the app would give back what is missing.
    pub(crate) fn kill_frees(&self, app: usize) -> bool {
        let ground = self.ground(app, Class::Memory);
        !matches!(ground, Some(HostFact::MemoryGone { is_the_app: false, .. }))
    }

    /// The app whose act comes before this one: a reboot is on its way, and nothing else is ended; or memory
    /// is gone, and the kill of another app of ours that has grown gives it back without a reboot.
    pub(crate) fn another_goes_first(&self, app: usize, plan: &Plan) -> Option<usize> {
        let mut others = (0..self.state.apps.len()).filter(|other| *other != app);
        let reboots = |other: &usize| {
            self.seen_app(*other).acting().is_some_and(|(_, rung)| rung == Rung::Reboot)
        };
        if plan.rung != Rung::Reboot {
            return others.find(|other| plan.rung.is_disruptive() && reboots(other));
        }
        let run = self.host(app)?.memory.filter(|_| plan.conviction.class == Class::Memory)?;
        let is_early = run.until.since(run.since) < GROWN_FIRST_MS;
        others.find(|other| self.is_killed_for_memory(*other, is_early))
    }

    /// Whether this app has grown, and is going to be killed for it: every guard agrees, or it is too early to
    /// know.
    fn is_killed_for_memory(&self, app: usize, is_early: bool) -> bool {
        let (Some(host), Some(machine)) = (self.host(app), self.machine()) else { return false };
        let is_grown = host.memory.is_some() && host.facts.has_grown(machine);
        let next = self.rungs_left(app, Ladder::Memory).next();
        let Some((step, rung)) = next.filter(|(_, rung)| is_grown && *rung != Rung::Reboot) else {
            return false;
        };
        let conviction = self.convict_by_kernel(app).filter(|it| it.class == Class::Memory);
        conviction.map_or(is_early && self.rules(app).rungs.has(rung), |conviction| {
            let step = Some((Ladder::Memory, step));
            self.refusal(app, &Plan { rung, purse: Purse::Ladder, step, conviction }).is_none()
        })
    }

    /// Writes down what an incident's class stands on.
    pub(crate) fn note_ground(&mut self, app: usize) {
        let Some(incident) = self.seen_app(app).incident() else { return };
        let (incident, class) = (incident.id, incident.class);
        if let Some(fact) = self.ground(app, class) {
            self.note(Note::Host { app: id(app), incident, fact });
        }
    }
}
